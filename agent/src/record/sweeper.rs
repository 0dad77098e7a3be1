//! Keeps this worker's lease and its sessions alive, closes sessions that a
//! killed worker left open, and writes summaries that are missing.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use database::{
    Database, DatabaseError, SessionId, SessionRepository, StaleAfter, WorkerRepository,
};
use tokio::time::sleep;

use super::Finalizer;

/// A sign of life this often.
const BEAT: Duration = Duration::from_secs(15);
/// Without one for this long a worker is gone.
const LEASE: Duration = Duration::from_secs(45);
/// A summary that is this late is written by whoever notices.
const SUMMARY_OVERDUE: Duration = Duration::from_secs(60);
/// At most this many sessions in one round.
const ROUND: i64 = 100;

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

/// Beats and sweeps.
#[derive(Debug)]
pub struct Sweeper {
    sessions: SessionRepository,
    workers: WorkerRepository,
    finalizer: Finalizer,
    live: LiveSessions,
    worker_id: String,
    stale: StaleAfter,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Sessions closed.
    pub abandoned: usize,
    /// Summaries written.
    pub summarised: usize,
}

impl Sweeper {
    /// Beats for `worker_id`; closes sessions after `outer` without a sign of life in any case.
    pub fn new(
        database: &Database,
        finalizer: Finalizer,
        live: LiveSessions,
        worker_id: String,
        outer: Duration,
    ) -> Self {
        Self {
            sessions: SessionRepository::new(database),
            workers: WorkerRepository::new(database),
            finalizer,
            live,
            worker_id,
            stale: StaleAfter {
                outer,
                ..StaleAfter::default()
            },
        }
    }

    /// Beats and sweeps for ever; several workers may at once.
    #[expect(clippy::disallowed_methods, reason = "owns the clock of leases")]
    pub async fn run(self) {
        // After an outage nobody's lease is fresh: two leases pass before anyone is judged.
        let mut judge_from = Instant::now() + 2 * LEASE;
        loop {
            match self.beat().await {
                Ok(()) if Instant::now() >= judge_from => {
                    if let Err(error) = self.sweep(SUMMARY_OVERDUE).await {
                        tracing::warn!(%error, "sweeping failed; it is tried again");
                    }
                }
                Ok(()) => {}
                Err(error) => {
                    tracing::debug!(%error, "no sign of life could be given");
                    judge_from = Instant::now() + 2 * LEASE;
                }
            }
            sleep(BEAT).await;
        }
    }

    async fn beat(&self) -> Result<(), DatabaseError> {
        self.workers
            .beat(&self.worker_id, LEASE, &serde_json::json!({}))
            .await?;
        let held: Vec<SessionId> = self.live.lock().iter().copied().collect();
        if held.is_empty() {
            Ok(())
        } else {
            self.sessions.heartbeat(&held).await
        }
    }

    /// One round: closes what was left behind, writes summaries that are `overdue`.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn sweep(&self, overdue: Duration) -> Result<Swept, DatabaseError> {
        let abandoned = self.sessions.abandon_stale(self.stale, ROUND).await?;
        for session in &abandoned {
            tracing::warn!(session.id = %session.id, worker.id = session.worker_id, "closed a session that was left open");
        }
        let mut swept = Swept {
            abandoned: abandoned.len(),
            summarised: 0,
        };
        for session in &abandoned {
            swept.summarised += usize::from(self.summarize(session.id).await?);
        }
        for session in self.sessions.unsummarised(overdue, ROUND).await? {
            swept.summarised += usize::from(self.summarize(session).await?);
        }
        Ok(swept)
    }

    /// A session whose summary can never be written does not keep the others from theirs.
    async fn summarize(&self, session: SessionId) -> Result<bool, DatabaseError> {
        match self.finalizer.summarize(session).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(session.id = %session, %error, "a summary cannot be written");
                Ok(false)
            }
            other => other,
        }
    }

    /// Closes sessions sooner than usual, for an administrator who knows that a worker is gone.
    #[must_use]
    pub fn judging(mut self, without_worker: Duration) -> Self {
        self.stale.without_worker = without_worker;
        self
    }

    /// This worker leaves in order.
    pub async fn leave(database: &Database, worker_id: &str) {
        if let Err(error) = WorkerRepository::new(database).leave(worker_id).await {
            tracing::debug!(%error, "the lease runs out by itself");
        }
    }
}
