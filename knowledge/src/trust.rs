//! How far a document is believed, and how old what it says is: it tells apart documents that are about equally near.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::catalogue::date_said;

/// The part of its score that a document loses which nobody believes.
const UNBELIEVED: f32 = 0.02;
/// What it loses at most by its age, and after how many days half of that where the pack says nothing else.
const AGED: f32 = 0.01;
const HALF_AGED_DAYS: u32 = 365;
/// What it loses beside that when it is older than the pack allows: of its score, and of its support.
const OUTDATED: f32 = 0.01;
const OUTDATED_SUPPORT: f32 = 0.5;

/// `freshness_policy` in `pack.toml`: how long what documents say holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreshnessPolicy {
    /// Days from a document's date on.
    pub ttl_days: u32,
}

/// What a document says of where its facts come from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The day of its facts; without one they count as of today.
    pub date: Option<NaiveDate>,
    /// How far its source is believed, 0 to 1; without it wholly.
    pub credibility: Option<f32>,
}

impl Provenance {
    /// From what a document says; a date that is none is left out.
    #[must_use]
    pub fn new(date: Option<&str>, credibility: Option<f32>) -> Self {
        let date = date.and_then(day);
        Self { date, credibility }
    }
}

/// A day as `2026-01-31`; `None` for another form and for what is no day.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let day = text.parse::<NaiveDate>().ok()?;
    (day.to_string() == text).then_some(day)
}

/// The pack's policy on the day on which is asked; without a day no document is old.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trust {
    pub(crate) today: Option<NaiveDate>,
    pub(crate) policy: Option<FreshnessPolicy>,
}

impl Trust {
    /// The part of its score that a document keeps, 0.96 at least: a right document is mostly further ahead of a wrong
    /// one, and of two that say the same neither is (`docs/understanding.md` has figures).
    pub(crate) fn kept(self, of: Provenance) -> f32 {
        let doubt = 1.0 - of.credibility.unwrap_or(1.0).clamp(0.0, 1.0);
        let half = self.policy.map_or(HALF_AGED_DAYS, |policy| policy.ttl_days);
        let age = self.age(of);
        let age = age.map_or(0.0, |days| days / (days + in_days(half.into()).max(1.0)));
        let outdated = self.outdated_since(of).map_or(0.0, |_| OUTDATED);
        1.0 - UNBELIEVED * doubt - AGED * age - outdated
    }

    /// What its support loses: an answer that is outdated and not sure is offered, not told.
    pub(crate) fn lost_support(self, of: Provenance) -> f32 {
        self.outdated_since(of).map_or(0.0, |_| OUTDATED_SUPPORT)
    }

    /// The pack's line for what is older than the pack allows, with its date; `None` for what is not.
    pub(crate) fn introduction(
        self,
        of: Provenance,
        line: Option<&str>,
        months: &[String],
    ) -> Option<String> {
        let date = self.outdated_since(of)?;
        Some(line?.replace("{date}", &date_said(date, months)))
    }

    /// The date of what is older than the pack allows.
    fn outdated_since(self, of: Provenance) -> Option<NaiveDate> {
        let ttl = in_days(self.policy?.ttl_days.into());
        of.date
            .filter(|_| self.age(of).is_some_and(|days| days > ttl))
    }

    /// In days, where both days are known.
    fn age(self, of: Provenance) -> Option<f32> {
        let age = self.today?.signed_duration_since(of.date?);
        Some(in_days(age.num_days()))
    }
}

/// Of a number of days: more than 179 years count as these.
fn in_days(days: i64) -> f32 {
    f32::from(u16::try_from(days.max(0)).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::{FreshnessPolicy, Provenance, Trust, day};

    fn trust(ttl_days: Option<u32>) -> Trust {
        Trust {
            today: day("2026-01-31"),
            policy: ttl_days.map(|ttl_days| FreshnessPolicy { ttl_days }),
        }
    }

    fn of(date: &str, credibility: f32) -> Provenance {
        Provenance::new(Some(date), Some(credibility))
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        for (text, is_one) in [
            ("2026-01-31", true),
            ("2026-1-31", false),
            ("2026-13-01", false),
            ("2026-02-30", false),
            ("31.01.2026", false),
            ("2026-01-31T10:00", false),
            ("+2026-01-31", false),
            (" 2026-01-31", false),
        ] {
            assert_eq!(day(text).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn the_newer_and_the_more_credible_keep_more() {
        for policy in [None, Some(1), Some(90), Some(10_000)] {
            let trust = trust(policy);
            let days = [
                "2026-02-10",
                "2026-01-30",
                "2025-12-01",
                "2024-01-31",
                "1980-01-01",
                "0001-01-01",
            ];
            for pair in days.windows(2) {
                assert!(
                    trust.kept(of(pair[0], 1.0)) >= trust.kept(of(pair[1], 1.0)),
                    "{pair:?} with {policy:?}"
                );
            }
            assert!(trust.kept(of("2026-01-30", 1.0)) > trust.kept(of("2024-01-31", 1.0)));
            assert!(trust.kept(of("2026-01-30", 0.9)) > trust.kept(of("2026-01-30", 0.3)));
            let least = trust.kept(of("0001-01-01", 0.0));
            assert!(least >= 0.96 - 1e-6, "{least}: more than a tie");
        }
    }

    #[test]
    fn what_says_nothing_of_itself_loses_nothing() {
        let trust = trust(Some(30));
        let nothing = Provenance::default();
        assert!((trust.kept(nothing) - 1.0).abs() < 1e-6);
        assert!(trust.lost_support(nothing) < 1e-6);
        let no_day = Trust {
            today: None,
            ..trust
        };
        assert!(
            (no_day.kept(of("1980-01-01", 1.0)) - 1.0).abs() < 1e-6,
            "no day"
        );
    }

    #[test]
    fn only_what_is_older_than_allowed_is_introduced() {
        let months: Vec<String> = (1..=12).map(|month| format!("month {month}")).collect();
        let introduced =
            |ttl, date: &str, line| trust(ttl).introduction(of(date, 1.0), line, &months);
        let line = Some("As of {date}:");
        let said = introduced(Some(30), "2025-12-30", line);
        assert_eq!(said.as_deref(), Some("As of 30 Month 12 2025:"));
        assert_eq!(introduced(Some(32), "2025-12-30", line), None, "in time");
        assert_eq!(introduced(None, "2025-12-30", line), None, "no policy");
        assert_eq!(introduced(Some(30), "2025-12-30", None), None, "no line");
        assert!(trust(Some(30)).lost_support(of("2025-12-30", 1.0)) > 0.0);
        assert!(trust(Some(32)).lost_support(of("2025-12-30", 1.0)) < 1e-6);
    }
}
