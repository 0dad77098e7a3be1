//! Which sessions this worker holds, so that nobody closes them as left behind.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use call::SessionId;
use tokio::time::sleep;

/// The sessions this worker holds now.
#[derive(Debug, Clone, Default)]
pub struct LiveSessions(Arc<Mutex<HashSet<SessionId>>>);

impl LiveSessions {
    /// A session is held until the guard is dropped.
    pub fn hold(&self, session: SessionId) -> LiveSession {
        self.lock().insert(session);
        LiveSession {
            all: self.clone(),
            session,
        }
    }

    /// Waits until no session is held, or `patience` is over.
    pub async fn gone(&self, patience: Duration) {
        let wait = async {
            while !self.lock().is_empty() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(patience, wait).await.is_err() {
            tracing::warn!("calls that were given up are still open");
        }
    }

    /// All that are held.
    #[must_use]
    pub fn held(&self) -> Vec<SessionId> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<SessionId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks one session as held.
#[derive(Debug)]
pub struct LiveSession {
    all: LiveSessions,
    session: SessionId,
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.all.lock().remove(&self.session);
    }
}
