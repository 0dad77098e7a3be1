//! What a turn says of its caller, as rows, and back.

use std::str::FromStr;

use call::SessionId;
use chrono::{DateTime, TimeDelta, Utc};
use database::{NewFact, StoredFact};
use insight::facts::{Fact, FactReader, Learned, SELLING, Source, What};

/// The rows of a turn. The same facts always give the same rows.
#[must_use]
pub fn fact_rows(
    session: SessionId,
    seq: i32,
    facts: &[Fact],
    reader: &FactReader,
    at: DateTime<Utc>,
) -> Vec<NewFact> {
    let row = |(place, fact): (usize, &Fact)| {
        let declared = reader.declared(&fact.key);
        // What was denied or forgotten stays so: otherwise what was said before would hold again.
        let holds = declared.filter(|_| fact.what == What::Holds);
        let days = holds.map(|key| TimeDelta::days(key.holds_days.into()));
        Some(NewFact {
            session_id: session,
            seq,
            place: i16::try_from(place).ok()?,
            key: fact.key.clone(),
            what: fact.what.as_str().to_owned(),
            value: fact.value.clone(),
            query: fact.key == SELLING || declared.is_some_and(|key| key.query),
            confidence: fact.confidence.into(),
            source: fact.source.as_str().to_owned(),
            learned_at: at,
            expires_at: days.map(|days| at + days),
        })
    };
    facts.iter().enumerate().filter_map(row).collect()
}

/// A row as what it says; `None` where it cannot be read any more.
#[must_use]
pub fn learned(row: StoredFact) -> Option<Learned> {
    let what = What::from_str(&row.what).ok()?;
    let is_readable = row.value.is_some() || what == What::Forgotten;
    is_readable.then_some(Learned {
        fact: Fact {
            key: row.key,
            what,
            value: row.value,
            confidence: u8::try_from(row.confidence).unwrap_or_default(),
            source: Source::from_str(&row.source).ok()?,
        },
        at: row.learned_at,
        until: row.expires_at,
    })
}
