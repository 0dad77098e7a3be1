//! What counts for leads: events as rows, and what they come to for a person.

#[cfg(test)]
mod tests;

use call::SessionId;
use chrono::{DateTime, Utc};
use database::{
    Database, DatabaseError, DueLead, LeadKindCount, LeadLine, LeadScoreRepository, LeadScoreRow,
    NewLeadEvent, NewLeadEvents, ProfileId,
};
use insight::lead::{FORMULA, Facts, Happened, LeadScore, Selling, Tally, score};
use serde_json::json;

/// Rows of what happened in a call; `None`: nothing did.
#[must_use]
pub fn lead_events(
    session_id: SessionId,
    happened: impl IntoIterator<Item = Happened>,
    happened_at: DateTime<Utc>,
) -> Option<NewLeadEvents> {
    let row = |one: Happened| NewLeadEvent {
        cause: one.cause,
        kind: one.kind.as_str().to_owned(),
        item: one.item,
        value: one.value,
    };
    let events: Vec<NewLeadEvent> = happened.into_iter().map(row).collect();
    (!events.is_empty()).then_some(NewLeadEvents {
        session_id,
        happened_at,
        events,
    })
}

/// A lead, and its score now.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    /// Who, and their last calls.
    pub line: LeadLine,
    /// Things that they want.
    pub wanted: usize,
    /// Times they hesitated.
    pub objections: u32,
    /// When something happened last.
    pub last_at: Option<DateTime<Utc>>,
    /// With each part and why.
    pub score: LeadScore,
}

impl Lead {
    /// From what is stored; time passes without any event.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if another version stored it.
    pub fn read(line: LeadLine, now: DateTime<Utc>) -> Result<Self, DatabaseError> {
        let facts: Facts = serde_json::from_value(line.facts.clone())
            .map_err(|error| DatabaseError::Invalid(format!("the facts of a lead: {error}")))?;
        Ok(Self {
            wanted: facts.wanted(),
            objections: facts.hesitated(),
            last_at: facts.last_at,
            score: score(&facts, now),
            line,
        })
    }
}

/// A score with the mark that it was made for; `None`: the profile gets none.
type Made = (DueLead, Option<LeadScoreRow>);

/// Makes scores anew; cheap to clone. Whoever calls first does: a score made of what was true before is not stored.
#[derive(Debug, Clone)]
pub struct LeadScores {
    scores: LeadScoreRepository,
}

impl LeadScores {
    /// Scores of this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            scores: LeadScoreRepository::new(database),
        }
    }

    /// Makes some of those anew that are due, at most so many; how many were looked at. Says each in the log, by ids and
    /// numbers alone.
    ///
    /// # Errors
    /// [`DatabaseError`]. What was not stored stays due.
    pub async fn settle(&self, now: DateTime<Utc>, at_most: i64) -> Result<usize, DatabaseError> {
        let due = self.scores.due(at_most).await?;
        let looked_at = due.len();
        let made = due.into_iter().map(|due| {
            let row = (!due.is_gone).then(|| scored(&due, now));
            (due, row)
        });
        let made: Vec<Made> = made.collect();
        let stored = self.store(&made).await?;
        for row in made.iter().filter_map(|(_, row)| row.as_ref()) {
            if stored.contains(&row.profile_id) {
                say(row);
            }
        }
        Ok(looked_at)
    }

    /// One by one where all together are refused: one that can never be stored keeps nobody else waiting.
    async fn store(&self, made: &[Made]) -> Result<Vec<ProfileId>, DatabaseError> {
        match self.scores.store(made).await {
            Err(DatabaseError::Invalid(_)) => {}
            other => return other,
        }
        let mut stored = Vec::new();
        for one in made {
            match self.scores.store(std::slice::from_ref(one)).await {
                Ok(ids) => stored.extend(ids),
                Err(DatabaseError::Invalid(why)) => {
                    tracing::error!(profile.id = %one.0.profile, why, "a lead's score cannot be stored");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(stored)
    }

    /// Those that were made before then, or by other rules, become due; how many.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn refresh(
        &self,
        before: DateTime<Utc>,
        at_most: i64,
    ) -> Result<usize, DatabaseError> {
        self.scores.mark_old(before, FORMULA, at_most).await
    }

    /// What a profile's score came to last.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get(&self, profile: ProfileId) -> Result<Option<LeadScoreRow>, DatabaseError> {
        self.scores.get(profile).await
    }
}

fn say(row: &LeadScoreRow) {
    tracing::info!(
        profile.id = %row.profile_id,
        temperature = row.lead_temperature,
        engagement = row.engagement_score,
        intent = row.intent_to_buy_score,
        second = row.second_score,
        qualified = row.is_qualified,
        selling_off = row.selling_off_until.is_some(),
        events = row.events,
        "LEAD SCORE"
    );
}

/// Kinds that a newer version counts are left to it.
fn scored(due: &DueLead, now: DateTime<Utc>) -> LeadScoreRow {
    let tally = |count: &LeadKindCount| {
        Some(Tally {
            kind: count.kind.parse().ok()?,
            item: count.item.clone(),
            count: count.count,
            most: count.most,
            last_at: count.last_at,
        })
    };
    let tallies: Vec<Tally> = due.counts.iter().filter_map(tally).collect();
    let facts = Facts::of_tallies(due.sessions, &tallies, due.sentiments.clone());
    row(due, &facts.with_fields(&due.known), now)
}

fn row(due: &DueLead, facts: &Facts, now: DateTime<Utc>) -> LeadScoreRow {
    let made = score(facts, now);
    let off = match &made.selling {
        Selling::On => None,
        Selling::Off { topic, until } => Some((topic.clone(), *until)),
    };
    let (selling_off_topic, selling_off_until) = off.unzip();
    LeadScoreRow {
        profile_id: due.profile,
        formula: FORMULA,
        events: due.events,
        engagement_score: made.engagement.total,
        intent_to_buy_score: made.intent.total,
        total_score: made.total,
        lead_temperature: made.temperature.as_str().to_owned(),
        is_qualified: made.is_qualified,
        second_score: made.second.total,
        second_temperature: made.second_temperature.as_str().to_owned(),
        selling_off_topic,
        selling_off_until,
        wanted: saturated(facts.wanted()),
        objections: saturated(facts.hesitated()),
        appointments: saturated(facts.appointments),
        callbacks: saturated(facts.callbacks),
        documents: saturated(facts.documents),
        last_event_at: facts.last_at,
        facts: json!(facts),
        scored_at: now,
    }
}

/// Columns hold 32 bits.
fn saturated(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}
