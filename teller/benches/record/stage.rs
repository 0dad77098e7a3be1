//! What the parts measure on: a record at work, made-up calls, floors.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use call::{CallEnding, Channel, Speaker};
use chrono::Utc;
use database::{
    Database, MessageSealer, NewMessage, NewSession, Role, SealedMessage, SessionId,
    SessionRepository, SummaryToken,
    spool::{Record, RecordId, Spool, SpoolConfig},
    test_support::TestDatabase,
};
use jobs::{Finalizer, summary_rules};
use record::{
    Acknowledgements, Durability, MessageRow, RecordConfig, RecordHandle, RecordHealth, Recorder,
    SessionEnd, SessionStart,
};
use serde_json::json;
use tokio_postgres::Client;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::samples::Samples;

/// A record at work on a folder of its own.
pub(crate) struct Stage {
    pub(crate) recorder: Recorder,
    pub(crate) health: RecordHealth,
    pub(crate) acknowledged: Arc<Mutex<Vec<(SessionId, i32, Instant)>>>,
    running: RecordHandle,
    folder: PathBuf,
}

impl Stage {
    pub(crate) fn new(test: &TestDatabase) -> Self {
        let folder = folder();
        let pack = knowledge::Pack::load(&root().join("packs/bank")).unwrap();
        let finalizer = Arc::new(Finalizer::new(&test.db, summary_rules(&pack).into()));
        let acknowledged: Arc<Mutex<Vec<_>>> = Arc::default();
        let told = acknowledged.clone();
        let config = RecordConfig {
            spool: spool(&test.db, &folder),
            acknowledgements: Some(Acknowledgements(Arc::new(move |record| {
                let now = (record.session, record.seq, Instant::now());
                told.lock().unwrap().push(now);
            }))),
            durability: Durability::Disk,
        };
        let (metrics, tasks) = (Arc::default(), TaskTracker::new());
        let running = RecordHandle::start(
            config,
            test.db.dedicated().unwrap(),
            finalizer,
            &metrics,
            &tasks,
        )
        .unwrap();
        Self {
            recorder: running.recorder(),
            health: running.health(),
            acknowledged,
            running,
            folder,
        }
    }

    /// So many calls that have begun, in the database.
    pub(crate) async fn calls(&self, count: usize) -> Vec<SessionId> {
        let sessions: Vec<SessionId> = (0..count).map(|_| SessionId::new()).collect();
        for session in &sessions {
            self.recorder.session_started(start(*session));
        }
        self.flushed().await;
        sessions
    }

    /// Waits until all of it is committed.
    pub(crate) async fn flushed(&self) {
        assert!(
            self.recorder.flush(Duration::from_secs(120)).await,
            "the record was not written"
        );
    }

    pub(crate) async fn stop(self) {
        assert!(
            self.running.stop(Duration::from_secs(60)).await,
            "the record was not written"
        );
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Beside the build, because the folder for temporary files may be in memory.
pub(crate) fn folder() -> PathBuf {
    let folder = root()
        .join(".data")
        .join(format!("figures-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn spool(db: &Database, folder: &std::path::Path) -> SpoolConfig {
    SpoolConfig {
        dir: folder.to_owned(),
        key: db.keys().spool_key(),
        budget_bytes: 1 << 30,
        holder: "figures".into(),
    }
}

/// Which server, which machine.
pub(crate) async fn surroundings(test: &TestDatabase) -> String {
    let sql = "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'), current_setting('shared_buffers')";
    let row = test.client().await.query_one(sql, &[]).await.unwrap();
    let setting = |n: usize| row.get::<_, String>(n);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, {cores} cores, load {}, PostgreSQL {} (fsync {}, synchronous_commit {}, shared_buffers {}){}",
        Utc::now().format("%F"),
        load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        setting(0),
        setting(1),
        setting(2),
        setting(3),
        if cfg!(debug_assertions) {
            ", with debug assertions"
        } else {
            ""
        },
    )
}

pub(crate) fn start(session: SessionId) -> SessionStart {
    SessionStart {
        session,
        room: format!("call-{session}"),
        participant: format!("figures-{session}"),
        device: None,
        phone_hint: None,
        channel: Channel::Web,
        worker_id: "figures".into(),
        started_at: Utc::now(),
        summary_token: SummaryToken::random(),
        recognised: None,
    }
}

const CALLER: &str =
    "How can I reset the PIN of my card, please? I forgot it and my branch is closed today.";
const AGENT: &str = "To reset your PIN, dial *236#, choose Cards and then Reset PIN. You need your \
                     card and your national ID; the new PIN works at once.";

/// What a call says; the agent's side with what is measured of it.
pub(crate) fn turn(session: SessionId, seq: i32) -> MessageRow {
    let agent = seq % 2 == 1;
    MessageRow {
        session,
        seq,
        speaker: if agent {
            Speaker::Agent
        } else {
            Speaker::Caller
        },
        redacted: false,
        content: if agent { AGENT } else { CALLER }.to_owned(),
        started_ms: Some(seq.saturating_mul(4000)),
        ended_ms: Some(seq.saturating_mul(4000).saturating_add(3500)),
        interrupted: false,
        intent: agent.then(|| "reset_pin".to_owned()),
        latency_ms: agent.then_some(840),
        meta: meta(agent),
    }
}

fn meta(agent: bool) -> serde_json::Value {
    if !agent {
        return json!({});
    }
    json!({"latency": {"stt_ms": 120, "retrieval_ms": 2, "reply_ms": 810}, "route": "knowledge",
        "sources": [{"title": "Cards", "source": "cards.md", "score": 3.5}]})
}

/// Who called hung up.
pub(crate) fn end(session: SessionId) -> SessionEnd {
    SessionEnd {
        session,
        ending: CallEnding::CallerLeft,
        ended_at: Utc::now(),
        duration: Duration::from_secs(60),
        transferred: false,
        callback_requested: false,
        authentication_attempted: false,
        line: None,
    }
}

/// A stored session that writes its turns itself, without a record.
pub(crate) async fn writer(db: &Database) -> (SessionId, MessageSealer) {
    let id = SessionId::new();
    let new = NewSession {
        id,
        room_id: "room".to_owned(),
        participant_id: format!("participant of {id}"),
        anonymous_id: Some(format!("device of {id}")),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now(),
    };
    let key = db.keys().new_session_key().unwrap();
    SessionRepository::new(db).start(&new, &key).await.unwrap();
    (id, MessageSealer::new(id, key))
}

/// The row that [`turn`] becomes.
pub(crate) fn sealed(session: SessionId, sealer: &mut MessageSealer, seq: i32) -> SealedMessage {
    let row = turn(session, seq);
    let role = match row.speaker {
        Speaker::Agent => Role::Assistant,
        Speaker::Caller => Role::User,
    };
    let mut new = NewMessage::new(session, seq, role, &row.content, Utc::now());
    (new.started_ms, new.ended_ms) = (row.started_ms, row.ended_ms);
    (new.intent, new.latency_ms, new.meta) = (row.intent, row.latency_ms, row.meta);
    sealer.seal(new).unwrap()
}

/// One row on the server's disk: a round trip and a commit, and nothing else.
pub(crate) async fn bare_commit(client: &Client, count: usize) -> Samples {
    client
        .batch_execute("CREATE TABLE IF NOT EXISTS bare_commits (n int)")
        .await
        .unwrap();
    let insert = client
        .prepare("INSERT INTO bare_commits VALUES (1)")
        .await
        .unwrap();
    let mut samples = Samples::default();
    for _ in 0..count {
        let began = Instant::now();
        client.execute(&insert, &[]).await.unwrap();
        samples.add(began.elapsed());
    }
    samples
}

/// Groups of so many records on this host's disk, and nothing else.
pub(crate) fn bare_sync(db: &Database, group: usize, count: usize) -> Samples {
    let folder = folder();
    let mut opened = Spool::open(spool(db, &folder)).unwrap();
    let record = |seq| Record {
        id: RecordId {
            session: Uuid::now_v7(),
            seq,
        },
        at_micros: 0,
        payload: vec![7; 500],
    };
    let records: Vec<Record> = (0..i32::try_from(group).unwrap()).map(record).collect();
    let mut samples = Samples::default();
    for _ in 0..count {
        let began = Instant::now();
        opened.appender.append(&records).unwrap();
        samples.add(began.elapsed());
    }
    drop(opened);
    std::fs::remove_dir_all(&folder).unwrap();
    samples
}
