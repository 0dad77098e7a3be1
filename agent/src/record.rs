//! The record of calls: rows behind a bounded queue, a flusher that writes them
//! to PostgreSQL, the finaliser that summarises, the sweeper that closes what a
//! killed worker left open.
//!
//! Speech never waits for the record. Records of a session reach the database
//! in the order they were made: its start, its messages, its end. While the
//! database is away they wait in memory and the flusher tries again for ever.

mod finalize;
mod flusher;
mod keeper;
mod session_manager;
mod sweeper;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use database::{NewCallback, SessionId, SummaryToken};
use serde_json::Value;
use tokio::{
    sync::{mpsc, mpsc::error::TrySendError, oneshot},
    time::timeout,
};

use tools::{BoxFuture, CallbackRequest, Callbacks, ToolError};

use crate::{metrics::Metrics, reply::Channel, session::Ending};

pub use finalize::{Finalizer, topic_rules};
pub use flusher::Flusher;
pub use keeper::{Keeper, KeeperConfig};
pub use session_manager::{OpenedSession, SessionManager};
pub use sweeper::{LiveSession, LiveSessions, Sweeper, Swept};

/// An hour of talk of a full worker: 25 calls with a row every three seconds. When it is full a
/// row is lost, loudly: an error in the log and a counter that must stay at zero.
const QUEUE: usize = 32_768;

/// Who said a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The caller.
    Caller,
    /// The agent.
    Agent,
}

/// A session begins.
#[derive(Debug)]
pub struct SessionStart {
    /// Minted by the agent: time-ordered.
    pub session: SessionId,
    /// Room name.
    pub room: String,
    /// Participant identity.
    pub participant: String,
    /// A device id that our token endpoint minted.
    pub device: Option<String>,
    /// The number the telephone network claims.
    pub phone_hint: Option<String>,
    /// Browser or phone.
    pub channel: Channel,
    /// This worker.
    pub worker_id: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// Reads the summary once.
    pub summary_token: SummaryToken,
    /// Told whether the device or number was here before, once that is known.
    pub recognised: Option<oneshot::Sender<bool>>,
}

/// One finished turn of one side; redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRow {
    /// Of this session.
    pub session: SessionId,
    /// Counts from 0 without gaps.
    pub seq: i32,
    /// Who.
    pub speaker: Speaker,
    /// The text; of the agent what was heard.
    pub content: String,
    /// When its audio began, milliseconds since the session did.
    pub started_ms: Option<i32>,
    /// When it ended.
    pub ended_ms: Option<i32>,
    /// Cut short by the caller or the end of the call.
    pub interrupted: bool,
    /// Topic of the answer.
    pub intent: Option<String>,
    /// End of the caller's speech to the agent's first audio.
    pub latency_ms: Option<i32>,
    /// Latency by stage, sources, model, route.
    pub meta: Value,
}

/// A session ends.
#[derive(Debug, Clone)]
pub struct SessionEnd {
    /// Which.
    pub session: SessionId,
    /// Why.
    pub ending: Ending,
    /// When.
    pub ended_at: DateTime<Utc>,
    /// How long it was.
    pub duration: Duration,
    /// It went to a person.
    pub transferred: bool,
    /// A person will call back.
    pub callback_requested: bool,
    /// The caller tried to authenticate.
    pub authentication_attempted: bool,
}

/// What waits for the flusher.
#[derive(Debug)]
pub(crate) enum Record {
    Started(Box<SessionStart>),
    /// With the time it was made: a replay must not move it.
    Message(Box<MessageRow>, DateTime<Utc>),
    Callback(NewCallback),
    Ended(SessionEnd),
    /// Answered when everything before it is committed.
    Flush(oneshot::Sender<()>),
}

/// The way into the record; cheap to clone. No method waits.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Record>,
    metrics: Arc<Metrics>,
}

impl Recorder {
    /// A recorder and the queue that a [`Flusher`] empties.
    pub fn new(metrics: Arc<Metrics>) -> (Self, RecordQueue) {
        let (queue, receiver) = mpsc::channel(QUEUE);
        (Self { queue, metrics }, RecordQueue(receiver))
    }

    /// A session begins.
    pub fn session_started(&self, start: SessionStart) {
        self.put(Record::Started(Box::new(start)));
    }

    /// A turn of one side is final.
    pub fn message(&self, row: MessageRow) {
        self.put(Record::Message(Box::new(row), Utc::now()));
    }

    /// A session ends; its summary follows.
    pub fn session_ended(&self, end: SessionEnd) {
        self.put(Record::Ended(end));
    }

    /// Waits until everything recorded so far is committed. `false` when that takes longer than `patience`.
    pub async fn flush(&self, patience: Duration) -> bool {
        let (done, flushed) = oneshot::channel();
        let wait =
            async { self.queue.send(Record::Flush(done)).await.is_ok() && flushed.await.is_ok() };
        timeout(patience, wait).await.unwrap_or(false)
    }

    fn put(&self, record: Record) {
        if let Err(error) = self.queue.try_send(record) {
            self.metrics.record_lost();
            match error {
                TrySendError::Full(_) => {
                    tracing::error!("the record's queue is full; something said is lost")
                }
                TrySendError::Closed(_) => {
                    tracing::error!("the record's writer is gone; something said is lost")
                }
            }
        }
        self.metrics
            .set_recorder_queue(QUEUE - self.queue.capacity());
    }
}

impl Callbacks for Recorder {
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        let session = request.session.parse::<uuid::Uuid>();
        Box::pin(async move {
            let session = session.map_err(|error| ToolError::Failed(error.to_string()))?;
            self.put(Record::Callback(NewCallback {
                // One callback a session, however often it is promised.
                id: session,
                session: SessionId(session),
                phone_number: request.phone,
                reason: None,
                requested_at: Utc::now(),
            }));
            Ok(())
        })
    }
}

/// The receiving end of the queue.
#[derive(Debug)]
pub struct RecordQueue(mpsc::Receiver<Record>);

#[cfg(test)]
impl RecordQueue {
    /// What waits first, without waiting.
    pub(crate) fn try_take(&mut self) -> Option<Record> {
        self.0.try_recv().ok()
    }
}
