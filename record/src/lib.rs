//! The record of calls: rows behind a bounded queue, a thread that makes them
//! durable on this host's disk, a flusher that brings them to PostgreSQL, the
//! finaliser that summarises, the sweeper that closes what a killed worker left open.
//!
//! ```text
//! call ──queue──> seal.rs ──> spool, fdatasync ──acknowledged──> flusher.rs ──COMMIT──> done
//! ```
//!
//! Speech never waits for the record. Records of a session reach the database
//! in the order they were made: its start, its messages, its end. While the
//! database is away they wait on the disk, also over a restart.

#[macro_use]
mod series;

mod actor;
mod audited;
mod disk_writer;
mod earlier;
mod facts;
mod flusher;
mod handle;
mod health;
mod lead;
mod live_sessions;
mod metrics;
mod moment;
mod pending_starts;
mod recognition;
mod seal;
mod types;
mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use call::{CallEnding, Channel, LineQuality, Speaker};
use chrono::{DateTime, Utc};
use database::SessionId;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

pub use actor::{action_reason, actor_name};
pub use audited::{AuditedCall, AuditedReader};
pub use database::{
    DatabaseError, NewCallback, NewFact, NewLeadEvents, NewLeftTask, NewSound, NewToolCall,
    NewToolOutcome, Past, PastCall, SoundSegment, StoredFact, SummaryToken, TurnInsight,
};
pub use earlier::EarlierCalls;
#[cfg(feature = "test-support")]
pub use earlier::ScriptedCalls;
pub use facts::{fact_rows, learned};
pub use handle::{RecordConfig, RecordHandle};
pub use health::{DatabaseState, RecordHealth, RecordStatus};
pub use insight::lead::{Part, Points, Selling, Temperature};
pub use lead::{Lead, LeadScores, lead_events};
pub use live_sessions::{LiveSession, LiveSessions};
pub use metrics::RecordMetrics;
pub use moment::turn_insight;
pub use types::{Acknowledged, Acknowledgement, Acknowledgements, Durability};
pub use writer::{Writer, Written};

/// What waits for the disk: an hour of talk of a full worker, 25 calls with a row every three
/// seconds. When it is full (the disk does not answer) a row is lost, loudly: an error in the log
/// with session and number, and a counter that must stay at zero.
const QUEUE: usize = 32_768;
/// While so many records wait, sound is not taken: a disk that hangs holds 30 MB of it at most, and what place is left is
/// for words.
const SOUND_WAITS: usize = 1_024;

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
    /// Something was taken out of it.
    pub redacted: bool,
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
    pub ending: CallEnding,
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
    /// How well the caller was heard, where that is known.
    pub line: Option<LineQuality>,
}

/// What follows the end of a session, once that is committed.
pub trait AfterEnd: std::fmt::Debug + Send + Sync {
    /// The session's end is in the database. Called on the record's own connection, which waits
    /// for it: it must be quick, and may fail without consequence for the record.
    fn ended(&self, session: SessionId) -> BoxFuture<'_, ()>;
}

/// Nothing follows here: another worker looks after it.
#[derive(Debug, Clone, Copy)]
pub struct NothingAfterEnd;

impl AfterEnd for NothingAfterEnd {
    fn ended(&self, _session: SessionId) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// What waits to become durable.
#[derive(Debug)]
pub enum Record {
    /// A session begins.
    Started(Box<SessionStart>),
    /// A turn of one side, with the time it was made: a replay must not move it.
    Message(Box<MessageRow>, DateTime<Utc>),
    /// A person is to call back.
    Callback(NewCallback, oneshot::Sender<Acknowledged>),
    /// A tool is about to be called.
    ToolCall(Box<NewToolCall>, oneshot::Sender<Acknowledged>),
    /// How the call of a tool ended.
    ToolOutcome(Box<NewToolOutcome>, oneshot::Sender<Acknowledged>),
    /// What a task knows now.
    LeftTask(Box<NewLeftTask>),
    /// A segment of the session's recording.
    Sound(NewSound),
    /// What a turn of the caller says.
    TurnInsight(Box<TurnInsight>),
    /// What a turn counts for a lead.
    LeadEvents(NewLeadEvents),
    /// What is known of the caller by it.
    Fact(Box<NewFact>),
    /// A session ends.
    Ended(SessionEnd),
    /// Answered when everything before it is in the database.
    Flush(oneshot::Sender<()>),
    /// Nothing follows.
    Close,
}

impl Record {
    /// For the log, when it cannot be kept.
    fn name(&self) -> (Option<SessionId>, Option<i32>) {
        match self {
            Self::Started(start) => (Some(start.session), None),
            Self::Message(row, _) => (Some(row.session), Some(row.seq)),
            Self::Callback(callback, _) => (Some(callback.session), None),
            Self::ToolCall(call, _) => (Some(call.session_id), None),
            Self::ToolOutcome(outcome, _) => (Some(outcome.session_id), None),
            Self::LeftTask(left) => (Some(left.session_id), None),
            Self::Sound(sound) => (Some(sound.session_id), None),
            Self::Ended(end) => (Some(end.session), None),
            // One that finds no place is made again from the messages when the call is summed up: nothing is lost.
            Self::TurnInsight(_)
            | Self::LeadEvents(_)
            | Self::Fact(_)
            | Self::Flush(_)
            | Self::Close => (None, None),
        }
    }
}

/// The way into the record; cheap to clone. A record is on its way when a method returns; only
/// [`Acknowledgement::within`] and [`Recorder::flush`] wait for disk or database.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: SyncSender<Record>,
    waiting: Arc<AtomicUsize>,
    metrics: Arc<RecordMetrics>,
}

impl Recorder {
    /// A recorder and the queue that [`RecordHandle`] empties.
    pub fn new(metrics: Arc<RecordMetrics>) -> (Self, RecordQueue) {
        let (queue, receiver) = sync_channel(QUEUE);
        let waiting = Arc::new(AtomicUsize::new(0));
        let queue = Self {
            queue,
            waiting: waiting.clone(),
            metrics,
        };
        (queue, RecordQueue { receiver, waiting })
    }

    /// A session begins.
    pub fn session_started(&self, start: SessionStart) {
        self.put(Record::Started(Box::new(start)));
    }

    /// A turn of one side is final.
    pub fn message(&self, row: MessageRow) {
        self.message_at(row, Utc::now());
    }

    /// The same with a time of the caller's own.
    pub fn message_at(&self, row: MessageRow, at: DateTime<Utc>) {
        self.put(Record::Message(Box::new(row), at));
    }

    /// A person is to call back.
    pub fn callback(&self, callback: NewCallback) -> Acknowledgement {
        self.put_acknowledged(|sender| Record::Callback(callback, sender))
    }

    /// A tool is about to be called. Its request leaves once this is acknowledged.
    pub fn tool_call(&self, call: NewToolCall) -> Acknowledgement {
        self.put_acknowledged(|sender| Record::ToolCall(Box::new(call), sender))
    }

    /// What came of a tool's call; before its session's end, with which the session's key goes.
    pub fn tool_outcome(&self, outcome: NewToolOutcome) -> Acknowledgement {
        self.put_acknowledged(|sender| Record::ToolOutcome(Box::new(outcome), sender))
    }

    /// What a task knows now, or that nothing is unfinished; before its session's end.
    pub fn left_task(&self, left: NewLeftTask) {
        self.put(Record::LeftTask(Box::new(left)));
    }

    /// A segment of a session's recording; before its session's end. `false`: so much waits that the disk is behind, and
    /// what place is left is for words.
    pub fn sound(&self, sound: NewSound) -> bool {
        let room = self.waiting() < SOUND_WAITS;
        if room {
            self.put(Record::Sound(sound));
        }
        room
    }

    /// What a turn of the caller says; behind its message.
    pub fn turn_insight(&self, insight: TurnInsight) {
        self.put(Record::TurnInsight(Box::new(insight)));
    }

    /// What a turn counts for a lead; behind its message.
    pub fn lead_events(&self, events: NewLeadEvents) {
        self.put(Record::LeadEvents(events));
    }

    /// What is known of the caller by a turn; behind its message.
    pub fn fact(&self, fact: NewFact) {
        self.put(Record::Fact(Box::new(fact)));
    }

    /// A session ends; its summary follows.
    pub fn session_ended(&self, end: SessionEnd) {
        self.put(Record::Ended(end));
    }

    /// Waits until everything recorded so far is committed. `false` when that takes longer than `patience`.
    pub async fn flush(&self, patience: Duration) -> bool {
        let (done, flushed) = oneshot::channel();
        let mut request = Record::Flush(done);
        let wait = async {
            loop {
                match self.send(request) {
                    Ok(_) => break,
                    Err(TrySendError::Full(back)) => request = back,
                    Err(TrySendError::Disconnected(_)) => return false,
                }
                sleep(Duration::from_millis(5)).await;
            }
            flushed.await.is_ok()
        };
        timeout(patience, wait).await.unwrap_or(false)
    }

    /// Records that wait for the disk.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Nothing follows: the disk's side stops when it has dealt with what waits.
    fn close(&self) {
        self.put(Record::Close);
    }

    fn put_acknowledged(
        &self,
        record: impl FnOnce(oneshot::Sender<Acknowledged>) -> Record,
    ) -> Acknowledgement {
        let (sender, acknowledged) = oneshot::channel();
        self.put(record(sender));
        Acknowledgement(acknowledged)
    }

    /// How many wait now, this one among them. It is counted before it is sent: whoever takes it at once counts it off.
    #[expect(
        clippy::result_large_err,
        reason = "what is not taken goes back to whoever sends it again"
    )]
    fn send(&self, record: Record) -> Result<usize, TrySendError<Record>> {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        let sent = self.queue.try_send(record);
        if sent.is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        sent.map(|()| waiting)
    }

    fn put(&self, record: Record) {
        match self.send(record) {
            Ok(waiting) => {
                self.metrics.series.queue.set(metrics::saturated(waiting));
            }
            Err(error) => {
                let (why, record) = match error {
                    TrySendError::Full(record) => ("the record's queue is full", record),
                    TrySendError::Disconnected(record) => ("the record's writer is gone", record),
                };
                let (session, seq) = record.name();
                if let Some(session) = session {
                    self.metrics.series.lost.inc();
                    tracing::error!(session.id = %session, seq, "{why}; something said is lost");
                }
            }
        }
    }
}

/// The receiving end of the queue.
#[derive(Debug)]
pub struct RecordQueue {
    receiver: Receiver<Record>,
    waiting: Arc<AtomicUsize>,
}

impl RecordQueue {
    /// What waits first, without waiting.
    pub fn try_take(&mut self) -> Option<Record> {
        let record = self.receiver.try_recv().ok()?;
        self.taken();
        Some(record)
    }

    /// What comes first within `patience`; `Err` when nothing will come any more.
    fn take(&mut self, patience: Duration) -> Result<Option<Record>, ()> {
        use std::sync::mpsc::RecvTimeoutError;
        match self.receiver.recv_timeout(patience) {
            Ok(record) => {
                self.taken();
                Ok(Some(record))
            }
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(()),
        }
    }

    /// How many wait.
    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
