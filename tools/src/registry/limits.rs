//! What may still be done today, by the deeds of this conversation and of the person's others.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{FixedOffset, NaiveDate, Offset as _, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{DoneDeed, Limit};

/// The limits of one conversation.
#[derive(Debug)]
pub struct Limits {
    limits: Vec<Limit>,
    /// How far the company's clocks are ahead of UTC.
    offset: FixedOffset,
    done: Mutex<Done>,
}

#[derive(Debug)]
struct Done {
    /// In the person's other conversations; `None`: nobody could find out.
    before: Option<Vec<DoneDeed>>,
    /// In this one; deeds under way count.
    here: Vec<(Uuid, DoneDeed)>,
}

impl Limits {
    /// These limits; days are those of the company's clocks, so far ahead of UTC. Whoever calls has done nothing yet.
    #[must_use]
    pub fn new(limits: Vec<Limit>, offset: Option<FixedOffset>) -> Self {
        Self {
            limits,
            offset: offset.unwrap_or_else(|| Utc.fix()),
            done: Mutex::new(Done {
                before: Some(Vec::new()),
                here: Vec::new(),
            }),
        }
    }

    /// What the person has done in other conversations; `None`: nobody could find out, and nothing that has a limit is done.
    pub(super) fn know(&self, before: Option<Vec<DoneDeed>>) {
        self.done().before = before;
    }

    /// Counts a deed that is about to be done, if it may be.
    pub(super) fn take(&self, key: Uuid, tool: &str, arguments: &Value) -> bool {
        let today = self.today();
        let mut done = self.done();
        let mut limits = self.limits.iter();
        let is_over = limits.any(|limit| {
            limit.is_of(tool, arguments)
                && done.before.as_ref().is_none_or(|before| {
                    let here = done.here.iter().map(|(_, deed)| deed);
                    !limit.allows(arguments, before.iter().chain(here), today)
                })
        });
        if !is_over {
            let deed = DoneDeed {
                tool: tool.to_owned(),
                arguments: arguments.clone(),
                day: today,
            };
            done.here.push((key, deed));
        }
        !is_over
    }

    /// A deed that was counted was not done, for certain.
    pub(super) fn give_back(&self, key: Uuid) {
        self.done().here.retain(|(taken, _)| *taken != key);
    }

    fn today(&self) -> NaiveDate {
        Utc::now().with_timezone(&self.offset).date_naive()
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
