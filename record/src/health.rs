//! How the record stands, for people and orchestrators.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use database::{
    SessionId,
    spool::{Fullness, Spool},
};
use serde::Serialize;

/// The database as the flusher finds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DatabaseState {
    /// Nothing was asked of it yet.
    #[default]
    Unknown,
    /// Rows reach it.
    Up,
    /// They do not.
    Down {
        /// Since when.
        since: DateTime<Utc>,
        /// In words, without values of rows.
        why: String,
    },
}

/// What `/health` says of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordStatus {
    /// How full the spool is.
    pub spool: Fullness,
    /// Bytes on the disk.
    pub spool_used_bytes: u64,
    /// Bytes it may take.
    pub spool_budget_bytes: u64,
    /// Records that are durable here and not in the database yet.
    pub waiting: u64,
    /// Damaged places in the spool, since the start.
    pub damaged: u64,
    /// Records that wait for an administrator: `teller spool list`.
    pub dead_letters: usize,
    /// Calls with turns that neither disk nor database took: they are in memory alone.
    pub unsafe_calls: usize,
    /// Those turns.
    pub unsafe_turns: usize,
    /// The database.
    pub database: DatabaseState,
}

impl RecordStatus {
    /// What an operator should look at; empty when all is well.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if let DatabaseState::Down { since, why } = &self.database {
            complaints.push(format!(
                "the database takes no rows since {} UTC: {why}; {} records wait on the disk",
                since.format("%F %T"),
                self.waiting
            ));
        }
        if self.spool != Fullness::Normal {
            let effect = match self.spool {
                Fullness::Alarm => "at 95 % no new calls are taken",
                Fullness::NoNewCalls => "no new calls are taken",
                _ => "no new calls are taken, and each turn waits for the database",
            };
            complaints.push(format!(
                "the spool is {} % full: {effect}",
                self.spool_used_bytes.saturating_mul(100) / self.spool_budget_bytes.max(1),
            ));
        }
        if self.unsafe_calls > 0 {
            complaints.push(format!(
                "{} turns of {} calls are unsafe: neither disk nor database takes them",
                self.unsafe_turns, self.unsafe_calls
            ));
        }
        if self.dead_letters > 0 {
            complaints.push(format!(
                "{} records were refused by the database: teller spool list",
                self.dead_letters
            ));
        }
        complaints
    }
}

/// A live view of the record; cheap to clone.
#[derive(Debug, Clone)]
pub struct RecordHealth {
    spool: Spool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    database: DatabaseState,
    /// Turns in memory alone, by call.
    at_risk: HashMap<SessionId, usize>,
    spool_refuses: bool,
}

impl RecordHealth {
    pub(super) fn new(spool: Spool) -> Self {
        Self {
            spool,
            state: Arc::default(),
        }
    }

    /// How it stands now. Reads the names in the spool's folder.
    #[must_use]
    pub fn status(&self) -> RecordStatus {
        let spool = self.spool.status();
        let dead_letters = self.spool.dead_letters();
        let state = self.state();
        RecordStatus {
            spool: spool.fullness,
            spool_used_bytes: spool.used_bytes,
            spool_budget_bytes: spool.budget_bytes,
            waiting: spool.waiting,
            damaged: spool.damaged,
            dead_letters,
            unsafe_calls: state.at_risk.len(),
            unsafe_turns: state.at_risk.values().sum(),
            database: state.database.clone(),
        }
    }

    /// Whether less than half of the spool is taken.
    pub(super) fn has_room_for_sound(&self) -> bool {
        let spool = self.spool.status();
        spool.used_bytes.saturating_mul(2) < spool.budget_bytes
    }

    pub(super) fn at_risk(&self, session: SessionId) {
        *self.state().at_risk.entry(session).or_default() += 1;
    }

    pub(super) fn safe_again(&self, session: SessionId) {
        let mut state = self.state();
        if let Some(turns) = state.at_risk.get_mut(&session) {
            *turns -= 1;
            if *turns == 0 {
                state.at_risk.remove(&session);
            }
        }
    }

    /// `true` if it was up or unknown before, or down for another reason.
    pub(super) fn database_down(&self, now: DateTime<Utc>, why: String) -> bool {
        let mut state = self.state();
        let since = match &state.database {
            DatabaseState::Down { since, .. } => Some(*since),
            DatabaseState::Up | DatabaseState::Unknown => None,
        };
        let known =
            matches!(&state.database, DatabaseState::Down { why: before, .. } if *before == why);
        state.database = DatabaseState::Down {
            since: since.unwrap_or(now),
            why,
        };
        !known
    }

    /// `true` if it was down before.
    pub(super) fn database_up(&self) -> bool {
        let before = std::mem::replace(&mut self.state().database, DatabaseState::Up);
        matches!(before, DatabaseState::Down { .. })
    }

    pub(super) fn spool_took(&self) {
        self.state().spool_refuses = false;
    }

    /// `true` the first time in a row.
    pub(super) fn spool_refused(&self) -> bool {
        !std::mem::replace(&mut self.state().spool_refuses, true)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(fullness: Fullness, percent: u64) -> Vec<String> {
        let status = RecordStatus {
            spool: fullness,
            spool_used_bytes: percent * 10,
            spool_budget_bytes: 1_000,
            waiting: 0,
            damaged: 0,
            dead_letters: 0,
            unsafe_calls: 0,
            unsafe_turns: 0,
            database: DatabaseState::Up,
        };
        status.complaints()
    }

    #[test]
    fn a_spool_that_fills_up_is_complained_of_with_what_follows_from_it() {
        assert!(filled(Fullness::Normal, 79).is_empty());
        for (fullness, percent, said) in [
            (
                Fullness::Alarm,
                80,
                "the spool is 80 % full: at 95 % no new calls are taken",
            ),
            (
                Fullness::NoNewCalls,
                95,
                "the spool is 95 % full: no new calls are taken",
            ),
            (
                Fullness::Full,
                100,
                "the spool is 100 % full: no new calls are taken, and each turn waits for the database",
            ),
        ] {
            assert_eq!(filled(fullness, percent), [said], "{fullness:?}");
        }
    }
}
