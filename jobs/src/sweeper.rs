//! Keeps this worker's lease and its sessions alive, closes sessions that a
//! killed worker left open, and writes summaries that are missing.

use std::time::{Duration, Instant};

use database::{
    CallbackRepository, Database, DatabaseError, NewCallback, SessionId, SessionRepository,
    StaleAfter, ToolCallRepository, WorkerRepository,
};
use tokio::time::sleep;

use super::Finalizer;
use record::LiveSessions;

/// A sign of life this often.
const BEAT: Duration = Duration::from_secs(15);
/// Without one for this long a worker is gone.
const LEASE: Duration = Duration::from_secs(45);
/// At most this many sessions in one round.
const ROUND: i64 = 100;
/// The kind of tickets for deeds of which nobody knows whether they were done, as `tools::TicketTool` leaves them during
/// a call.
const UNCONFIRMED: &str = "unconfirmed";
/// Summaries claimed at once: they are written well before the claim runs out.
const CLAIMS: i32 = 20;

/// Beats and sweeps.
#[derive(Debug)]
pub struct Sweeper {
    sessions: SessionRepository,
    tool_calls: ToolCallRepository,
    callbacks: CallbackRepository,
    workers: WorkerRepository,
    finalizer: Finalizer,
    live: LiveSessions,
    worker_id: String,
    stale: StaleAfter,
}

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Swept {
    /// Sessions closed.
    pub abandoned: Vec<SessionId>,
    /// Summaries written.
    pub summarised: usize,
    /// Tickets left for deeds whose end nobody saw.
    pub unconfirmed: usize,
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
            tool_calls: ToolCallRepository::new(database),
            callbacks: CallbackRepository::new(database),
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
                    if let Err(error) = self.sweep().await {
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
        let held = self.live.held();
        if held.is_empty() {
            Ok(())
        } else {
            self.sessions.heartbeat(&held).await
        }
    }

    /// One round: closes what was left behind, writes summaries that are pending. Of several at once,
    /// one gets each session and each summary.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn sweep(&self) -> Result<Swept, DatabaseError> {
        let abandoned = self.sessions.abandon_stale(self.stale, ROUND).await?;
        for session in &abandoned {
            tracing::warn!(session.id = %session.id, worker.id = session.worker_id, "closed a session that was left open");
        }
        let unconfirmed = self.leave_tickets().await?;
        let mut summarised = 0;
        loop {
            let written = self.finalizer.complete_due(CLAIMS).await?;
            summarised += written;
            if written == 0 {
                break;
            }
        }
        Ok(Swept {
            abandoned: abandoned.into_iter().map(|session| session.id).collect(),
            summarised,
            unconfirmed,
        })
    }

    /// A person is told of deeds whose end nobody saw: their call is over, and nobody in it could leave a ticket.
    async fn leave_tickets(&self) -> Result<usize, DatabaseError> {
        let deeds = self.tool_calls.unconfirmed(UNCONFIRMED, ROUND).await?;
        let mut left = 0;
        for deed in &deeds {
            tracing::warn!(session.id = %deed.session, tool = deed.tool, "nobody saw whether this was done: a person gets a ticket");
            // Of several workers, and of a round that broke off, one ticket comes.
            let ticket = NewCallback {
                kind: UNCONFIRMED.to_owned(),
                reason: Some(deed.tool.replace('_', " ")),
                urgent: true,
                ..NewCallback::new(deed.idempotency_key, deed.session, deed.requested_at)
            };
            // One that cannot be stored holds up neither the others nor the summaries; the next round tries it again.
            match self.callbacks.request(&ticket).await {
                Ok(()) => left += 1,
                Err(error) => {
                    tracing::error!(%error, session.id = %deed.session, "the ticket could not be stored")
                }
            }
        }
        Ok(left)
    }

    /// What [`Self::sweep`] would close.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn would_close(&self) -> Result<Vec<SessionId>, DatabaseError> {
        self.sessions.stale(self.stale, ROUND).await
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
