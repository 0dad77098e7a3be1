//! The agent worker: registered with the LiveKit server, it is offered rooms
//! with callers and runs one call for each it takes.
//!
//! ```text
//! socket.rs   bytes, reconnecting      protocol.rs  what to answer (pure)
//! run.rs      the loop between them    slots.rs     how many calls
//! watcher.rs  callers nobody serves    waiting.rs   which those are (pure)
//! drain.rs    the end                  locks.rs     one agent a room over all workers
//! ```

mod drain;
mod health;
mod locks;
mod protocol;
mod run;
mod slots;
mod socket;
mod token;
mod waiting;
mod watcher;

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use livekit_api::access_token::AccessTokenError;
use livekit_protocol::Job;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

pub use drain::{DrainConfig, Phase, Shutdown, ShutdownControl, shutdown};
pub use health::{LinkState, WorkerHealth};
pub use locks::{Lock, LockGuard, LockName, Locks};
pub use protocol::Report;
pub use slots::{SlotGuard, Slots};
pub use socket::install_crypto_provider;
pub use token::ApiKeys;
pub use watcher::{Watcher, WatcherConfig};

use crate::metrics::Metrics;

/// How long a call waits for its report to be written before it leaves anyway.
const REPORT_TIMEOUT: Duration = Duration::from_secs(1);

/// How a worker reaches its server and how much it takes on.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// The LiveKit server, `ws(s)://` or `http(s)://`, as this worker reaches it.
    pub url: String,
    /// Its API key and secret.
    pub keys: ApiKeys,
    /// The name callers are dispatched to; empty for automatic dispatch, in
    /// which every room of the server gets an agent.
    pub agent_name: String,
    /// Calls held at once.
    pub slots: NonZeroUsize,
    /// How long calls may go on after the first signal.
    pub drain: DrainConfig,
}

/// Why a worker cannot run at all. Everything else is retried.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The server's address is malformed.
    #[error(
        "LIVEKIT_URL is `{0}`; accepted: ws://host[:port][/prefix] or wss://, http://, https://"
    )]
    Url(String),
    /// No token can be signed.
    #[error("LIVEKIT_API_KEY and LIVEKIT_API_SECRET cannot sign a token: {0}")]
    Keys(#[from] AccessTokenError),
}

/// A worker before it runs.
#[derive(Debug)]
pub struct Worker<L> {
    config: WorkerConfig,
    metrics: Arc<Metrics>,
    locks: L,
    slots: Slots,
    link: watch::Sender<LinkState>,
}

impl<L: Locks> Worker<L> {
    /// `locks` keeps one agent a room over all workers.
    #[must_use]
    pub fn new(config: WorkerConfig, metrics: Arc<Metrics>, locks: L) -> Self {
        let slots = Slots::new(config.slots);
        Self {
            config,
            metrics,
            locks,
            slots,
            link: watch::Sender::new(LinkState::Starting),
        }
    }

    /// A live view for the health server.
    #[must_use]
    pub fn health(&self) -> WorkerHealth {
        WorkerHealth {
            link: self.link.subscribe(),
            slots: self.slots.clone(),
            agent_name: self.config.agent_name.clone(),
        }
    }

    /// Serves until `shutdown` drained the worker or asked it to end now.
    ///
    /// # Errors
    /// Only for settings that can never work; a server that is away is retried.
    pub async fn run(self, calls: impl CallRunner, shutdown: Shutdown) -> Result<(), WorkerError> {
        run::run(self, calls, shutdown).await
    }
}

/// Holds one call; the worker spawns one task for each.
pub trait CallRunner: Clone + Send + Sync + 'static {
    /// Runs the call to its end. `slot` is its place, free again when dropped;
    /// a panic ends this call alone and is reported as a failed job.
    fn run(
        &self,
        assignment: Assignment,
        slot: SlotGuard,
        reports: JobReporter,
    ) -> impl Future<Output = ()> + Send;
}

/// One call to hold.
#[derive(Debug)]
pub struct Assignment {
    /// The job: its id, room, metadata.
    pub job: Job,
    /// The room token that the server signed for this agent, valid an hour.
    pub token: String,
    /// Where the room is.
    pub url: String,
    /// Tells the call when it is to end before the caller leaves.
    pub stop: CallStop,
}

/// Why a call is to end from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The server ended the job: leave within three seconds.
    Terminated,
    /// The worker drains and the grace is over: say goodbye, then leave.
    Draining,
}

/// Tells one call when it is to end, and when sooner than that.
#[derive(Clone, Debug)]
pub struct CallStop {
    reasons: watch::Receiver<Option<StopReason>>,
    /// The reason that was given last.
    given: Option<StopReason>,
}

impl CallStop {
    /// A signal by hand: `None` until a reason is sent.
    #[must_use]
    pub fn new(reasons: watch::Receiver<Option<StopReason>>) -> Self {
        let given = None;
        Self { reasons, given }
    }

    /// Waits until the call is to end for a reason that was not given before; for ever if that
    /// never happens.
    pub async fn requested(&mut self) -> StopReason {
        let given = self.given;
        let new = |reason: &Option<StopReason>| reason.is_some() && *reason != given;
        let reason = self.reasons.wait_for(new).await.ok().and_then(|new| *new);
        match reason {
            Some(reason) => *self.given.insert(reason),
            None => std::future::pending().await,
        }
    }
}

/// Whether a report reached the server before its caller goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Written to the socket.
    Written,
    /// The server is away or slow; it is sent when the worker is registered again.
    Unconfirmed,
}

/// A report on its way to the worker's loop.
struct Command {
    job_id: String,
    report: Report,
    written: oneshot::Sender<()>,
}

/// Reports on one job. Each method returns when the report was written, after
/// one second at the latest: a call never depends on the worker's socket.
#[derive(Clone, Debug)]
pub struct JobReporter {
    job_id: String,
    commands: mpsc::Sender<Command>,
}

impl JobReporter {
    /// The agent is in its room.
    pub async fn running(&self) -> Delivery {
        self.report(Report::Running).await
    }

    /// The call is over in good order. Await this before leaving the room, or
    /// the server counts the job as failed.
    pub async fn succeeded(&self) -> Delivery {
        self.report(Report::Succeeded).await
    }

    /// The call could not be held. `error` is shown to operators: no personal data.
    pub async fn failed(&self, error: &str) -> Delivery {
        self.report(Report::Failed(error.to_owned())).await
    }

    async fn report(&self, report: Report) -> Delivery {
        let (written, confirmation) = oneshot::channel();
        let command = Command {
            job_id: self.job_id.clone(),
            report,
            written,
        };
        let delivery = async {
            if self.commands.send(command).await.is_err() {
                return Delivery::Unconfirmed;
            }
            confirmation
                .await
                .map_or(Delivery::Unconfirmed, |()| Delivery::Written)
        };
        timeout(REPORT_TIMEOUT, delivery)
            .await
            .unwrap_or(Delivery::Unconfirmed)
    }
}
