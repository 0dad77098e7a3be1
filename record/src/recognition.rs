//! Whether a caller's device or number was here before, for the greeting that waits for it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use call::SessionId;
use tokio::sync::oneshot;

/// Answers that callers' sessions wait for, until their start is in the database.
#[derive(Debug, Clone, Default)]
pub(super) struct Recognitions(Arc<Mutex<HashMap<SessionId, oneshot::Sender<bool>>>>);

/// While the database is away the ones that nobody waits for any more are cleared at this many.
const RECOGNITIONS: usize = 1024;

impl Recognitions {
    pub(super) fn ask(&self, session: SessionId, answer: oneshot::Sender<bool>) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= RECOGNITIONS {
            asked.retain(|_, answer| !answer.is_closed());
        }
        asked.insert(session, answer);
    }

    /// The session's start is stored.
    pub(super) fn answer(&self, session: SessionId, seen_before: bool) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = asked.remove(&session) {
            // A greeting does not wait long.
            answer.send(seen_before).unwrap_or_default();
        }
    }
}
