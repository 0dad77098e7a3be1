//! What is known of the calls of one conversation, by their keys.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use uuid::Uuid;

use crate::{BoxFuture, Effect, Outcome, RecordedCall};

/// The calls of a conversation. It grows with them, and goes with it.
pub(super) struct Book(Mutex<HashMap<Uuid, Entry>>);

struct Entry {
    tool: String,
    known: Known,
}

/// How far a call got.
pub(super) enum Known {
    /// An earlier life of the conversation wrote its intent, and no outcome.
    Intended,
    /// It is under way.
    Running {
        effect: Effect,
        progress: Progress,
        /// Changes once.
        end: watch::Sender<Option<Outcome>>,
    },
    /// It has its outcome.
    Finished(Outcome),
}

/// How far a call that is under way got.
pub(super) enum Progress {
    /// Nothing is on record.
    Checking,
    /// Its intent is on its way to the record.
    Intended,
    /// Its request may have left.
    Requested,
    /// Its outcome is on its way to the record.
    Recorded(Outcome),
}

/// Who makes a call.
pub(super) enum Claim {
    /// Whoever asked now. `resumed`: its intent is on record.
    Mine { resumed: bool },
    /// Somebody is at it.
    Running(BoxFuture<'static, Outcome>),
    /// Nobody: it has its outcome.
    Finished(Outcome),
}

impl Book {
    pub(super) fn new(before: Vec<RecordedCall>) -> Self {
        let entry = |call: RecordedCall| {
            let known = call.outcome.map_or(Known::Intended, Known::Finished);
            let tool = call.tool;
            (call.key, Entry { tool, known })
        };
        Self(Mutex::new(before.into_iter().map(entry).collect()))
    }

    /// Takes on the call with this key, unless somebody has.
    pub(super) fn claim(&self, key: Uuid, tool: &str, effect: Effect) -> Claim {
        let mut entries = self.entries();
        let resumed = match entries.get(&key).map(|entry| &entry.known) {
            None => false,
            Some(Known::Intended) => true,
            Some(Known::Running { end, .. }) => return Claim::Running(ended(end.subscribe())),
            Some(Known::Finished(outcome)) => return Claim::Finished(outcome.clone()),
        };
        let progress = if resumed {
            Progress::Requested
        } else {
            Progress::Checking
        };
        let known = Known::Running {
            effect,
            progress,
            end: watch::Sender::new(None),
        };
        let tool = tool.to_owned();
        entries.insert(key, Entry { tool, known });
        Claim::Mine { resumed }
    }

    /// A call under way got this far.
    pub(super) fn reached(&self, key: Uuid, now: Progress) {
        if let Some(Known::Running { progress, .. }) =
            self.entries().get_mut(&key).map(Entry::known)
        {
            *progress = now;
        }
    }

    /// Resolves when the call with this key has its outcome. Not an async function: its lock must not
    /// be held over an await.
    pub(super) fn outcome(&self, key: Uuid) -> BoxFuture<'static, Outcome> {
        match self.entries().get(&key).map(|entry| &entry.known) {
            Some(Known::Running { end, .. }) => ended(end.subscribe()),
            Some(Known::Finished(outcome)) => Box::pin(std::future::ready(outcome.clone())),
            Some(Known::Intended) | None => Box::pin(std::future::pending()),
        }
    }

    /// The outcome of a call that breaks off now, and whether it is on record already; `None` if it is
    /// not under way.
    pub(super) fn abandoned(&self, key: Uuid) -> Option<(Outcome, bool)> {
        let entries = self.entries();
        let Some(Known::Running {
            effect, progress, ..
        }) = entries.get(&key).map(|entry| &entry.known)
        else {
            return None;
        };
        Some(match progress {
            // Nothing was written and nothing was done: there is nothing to put on record.
            Progress::Checking => (Outcome::Cancelled, true),
            Progress::Intended => (Outcome::Cancelled, false),
            Progress::Requested if *effect == Effect::Reads => (Outcome::Cancelled, false),
            Progress::Requested => (Outcome::Unknown, false),
            Progress::Recorded(outcome) => (outcome.clone(), true),
        })
    }

    /// A call has its outcome, which is returned; the first one stands.
    pub(super) fn publish(&self, key: Uuid, outcome: Outcome) -> Outcome {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&key) else {
            return outcome;
        };
        if let Known::Finished(first) = &entry.known {
            return first.clone();
        }
        let before = std::mem::replace(&mut entry.known, Known::Finished(outcome.clone()));
        if let Known::Running { end, .. } = before {
            end.send_replace(Some(outcome.clone()));
        }
        outcome
    }

    /// Whether `holds` for any call of this tool.
    pub(super) fn any(&self, tool: &str, holds: impl Fn(&Known) -> bool) -> bool {
        let entries = self.entries();
        let mut entries = entries.values();
        entries.any(|entry| entry.tool == tool && holds(&entry.known))
    }

    /// The keys of the calls under way.
    pub(super) fn running(&self) -> Vec<Uuid> {
        let entries = self.entries();
        let running = entries.iter().filter(|(_, entry)| entry.is_running());
        running.map(|(key, _)| *key).collect()
    }

    /// Resolves when no call is under way.
    pub(super) async fn idle(&self) {
        while let Some(key) = self.running().first().copied() {
            self.outcome(key).await;
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn known(&mut self) -> &mut Known {
        &mut self.known
    }

    fn is_running(&self) -> bool {
        matches!(self.known, Known::Running { .. })
    }
}

/// The outcome that is sent once.
fn ended(mut end: watch::Receiver<Option<Outcome>>) -> BoxFuture<'static, Outcome> {
    Box::pin(async move {
        let outcome = end.wait_for(Option::is_some).await;
        let outcome = outcome.ok().and_then(|outcome| outcome.clone());
        // The sender leaves only with the whole book.
        outcome.unwrap_or(Outcome::Unknown)
    })
}
