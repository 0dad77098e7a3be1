//! What an acknowledgement promises.

use std::{fs, path::PathBuf};

use chrono::Utc;
use database::{
    DatabaseConfig, LeadEventRepository, NewToolCall, SessionId, StoredRecord,
    keys::Keyring,
    test_support::{TestDatabase, ephemeral_keys},
};
use insight::lead::{Happened, LeadKind};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{MessageRow, NewSound, NothingAfterEnd, Record};

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder that is gone with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("teller-record-{}", Uuid::new_v4().simple())))
    }

    fn spool(&self, keys: &Keyring, budget_bytes: u64) -> SpoolConfig {
        SpoolConfig {
            dir: self.0.clone(),
            key: keys.spool_key(),
            budget_bytes,
            holder: "worker".to_owned(),
        }
    }

    /// What a crash of the process would leave now.
    fn crashed(&self) -> Self {
        let copy = Self::new();
        fs::create_dir(&copy.0).expect("a folder");
        for file in fs::read_dir(&self.0).expect("the spool").flatten() {
            fs::copy(file.path(), copy.0.join(file.file_name())).expect("a copy");
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A record whose database is away.
fn record(folder: &Folder, keys: &Keyring, budget_bytes: u64) -> RecordHandle {
    let away = DatabaseConfig::new("postgres://nobody@127.0.0.1:1/none", keys.clone());
    let config = RecordConfig {
        spool: folder.spool(keys, budget_bytes),
        acknowledgements: None,
        durability: Durability::Disk,
    };
    let database = Database::new(away).expect("the address is well formed");
    let tasks = TaskTracker::new();
    RecordHandle::start(
        config,
        database,
        Arc::new(NothingAfterEnd),
        &Arc::default(),
        &tasks,
    )
    .expect("the folder is free")
}

fn intent() -> NewToolCall {
    let session_id = SessionId::new();
    NewToolCall {
        session_id,
        idempotency_key: session_id.0,
        seq: 2,
        tool: "callback".to_owned(),
        deed: true,
        arguments: json!({}),
        requested_at: Utc::now(),
    }
}

#[tokio::test]
async fn an_acknowledged_intent_survives_the_process_while_the_database_is_away() {
    let (folder, keys) = (Folder::new(), ephemeral_keys());
    let record = record(&folder, &keys, 1 << 24);
    let kept = record.recorder().tool_call(intent()).within(PATIENCE).await;
    assert!(kept, "the disk takes it");
    let crashed = folder.crashed();
    let mut opened = Spool::open(crashed.spool(&keys, 1 << 24)).expect("the folder is free");
    let left = opened.reader.next(10).expect("it reads").records;
    let left: Vec<&str> = left
        .iter()
        .filter_map(|left| StoredRecord::from_spool(&left.payload))
        .map(|left| left.kind())
        .collect();
    assert_eq!(left, ["start", "tool_call"], "with the key that opens it");
    record.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn nothing_is_acknowledged_that_neither_disk_nor_database_takes() {
    let (folder, keys) = (Folder::new(), ephemeral_keys());
    let record = record(&folder, &keys, 0);
    let patience = Duration::from_millis(300);
    let kept = record.recorder().tool_call(intent()).within(patience).await;
    assert!(!kept, "the disk is full and the database is away");
    record.stop(Duration::ZERO).await;
}

fn said(session: SessionId, seq: i32) -> MessageRow {
    MessageRow {
        session,
        seq,
        speaker: call::Speaker::Caller,
        content: format!("turn {seq}"),
        redacted: false,
        started_ms: None,
        ended_ms: None,
        interrupted: false,
        intent: None,
        latency_ms: None,
        meta: json!({}),
    }
}

fn ten_seconds(session_id: SessionId, number: i32) -> NewSound {
    NewSound {
        session_id,
        number,
        pages: vec![7; 30_000],
        recorded_at: Utc::now(),
    }
}

/// What lies in a spool, by kind.
fn kinds(folder: &Folder, keys: &Keyring, budget_bytes: u64) -> Vec<&'static str> {
    let crashed = folder.crashed();
    let opened = Spool::open(crashed.spool(keys, budget_bytes)).expect("the folder is free");
    let mut reader = opened.reader;
    let mut kinds = Vec::new();
    loop {
        let batch = reader.next(500).expect("it reads");
        if batch.is_empty() {
            return kinds;
        }
        let read = batch.records.iter();
        kinds.extend(
            read.filter_map(|left| StoredRecord::from_spool(&left.payload))
                .map(|left| left.kind()),
        );
        reader.done(&batch);
    }
}

#[tokio::test]
async fn while_the_database_is_away_sound_takes_half_of_the_disk_and_words_have_the_rest() {
    const BUDGET: u64 = 4 << 20;
    let (folder, keys) = (Folder::new(), ephemeral_keys());
    let record = record(&folder, &keys, BUDGET);
    let recorder = record.recorder();
    let intent = intent();
    let session = intent.session_id;
    assert!(recorder.tool_call(intent).within(PATIENCE).await);
    // Each is 60 kB on the disk: far more than all of it.
    for number in 0..200 {
        assert!(recorder.sound(ten_seconds(session, number)));
        recorder.message(said(session, number));
    }
    let last = NewToolCall {
        session_id: session,
        idempotency_key: Uuid::new_v4(),
        ..self::intent()
    };
    assert!(
        recorder.tool_call(last).within(PATIENCE).await,
        "words are acknowledged by the disk still"
    );
    let kinds = kinds(&folder, &keys, BUDGET);
    let of = |kind: &str| kinds.iter().filter(|read| **read == kind).count();
    assert_eq!((of("message"), of("tool_call")), (200, 2), "all of them");
    let sounds = of("sound");
    assert!(
        (20..=36).contains(&sounds),
        "{sounds} segments in two megabytes"
    );
    record.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn sound_that_a_full_disk_refuses_waits_nowhere() {
    let (folder, keys) = (Folder::new(), ephemeral_keys());
    let record = record(&folder, &keys, 0);
    let recorder = record.recorder();
    let session = SessionId::new();
    recorder.message(said(session, 0));
    for number in 0..100 {
        assert!(recorder.sound(ten_seconds(session, number)));
    }
    recorder.message(said(session, 1));
    let health = record.health();
    let wait = async {
        // The last turn was behind all sounds.
        while recorder.waiting() > 0 || health.status().unsafe_turns < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .expect("the words wait in memory");
    assert_eq!(
        health.status().unsafe_turns,
        3,
        "the start and two turns, and no sound"
    );
    record.stop(Duration::ZERO).await;
}

#[test]
fn sound_is_refused_where_words_still_have_a_place() {
    let (recorder, mut queue) = Recorder::new(Arc::default());
    let session = SessionId::new();
    let mut taken = 0;
    while recorder.sound(ten_seconds(session, taken)) {
        taken += 1;
    }
    assert_eq!(taken as usize, crate::SOUND_WAITS);
    recorder.message(said(session, 0));
    let all = std::iter::from_fn(|| queue.try_take());
    assert!(matches!(all.last(), Some(Record::Message(..))));
    assert!(
        recorder.sound(ten_seconds(session, taken)),
        "there is room again"
    );
}

#[tokio::test]
async fn what_a_turn_counts_for_a_lead_can_be_read_within_a_second_of_the_turn() {
    let test = TestDatabase::new().await;
    let folder = Folder::new();
    let config = RecordConfig {
        spool: folder.spool(test.db.keys(), 1 << 24),
        acknowledgements: None,
        durability: Durability::Disk,
    };
    let own = test.db.dedicated().expect("the address is well formed");
    let (after, tasks) = (Arc::new(NothingAfterEnd), TaskTracker::new());
    let record = RecordHandle::start(config, own, after, &Arc::default(), &tasks);
    let record = record.expect("the folder is free");
    let (recorder, session) = (record.recorder(), SessionId::new());
    recorder.message(said(session, 0));
    assert!(recorder.flush(PATIENCE).await, "the call goes on");

    let seen = Happened {
        cause: "turn:2:product_seen:cards".to_owned(),
        kind: LeadKind::ProductSeen,
        item: Some("cards".to_owned()),
        value: 1,
    };
    recorder.message(said(session, 2));
    recorder.lead_events(crate::lead_events(session, [seen], Utc::now()).expect("an event"));
    let events = LeadEventRepository::new(&test.db);
    let reading = async {
        while events
            .by_session(session)
            .await
            .expect("it reads")
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let read = timeout(Duration::from_secs(1), reading).await;
    read.expect("it is there a second later");
    assert!(record.stop(PATIENCE).await, "nothing waits");
}

#[test]
fn what_waits_is_counted_right_however_soon_it_is_taken() {
    const SOUNDS: i32 = 20_000;
    let (recorder, mut queue) = Recorder::new(Arc::default());
    let session = SessionId::new();
    let counted = recorder.clone();
    let takes = std::thread::spawn(move || {
        let mut left = SOUNDS;
        while left > 0 {
            left -= i32::from(queue.try_take().is_some());
        }
        queue
    });
    for number in 0..SOUNDS {
        while !recorder.sound(ten_seconds(session, number)) {
            std::thread::yield_now();
        }
    }
    let _queue = takes.join().expect("nothing is lost");
    assert_eq!(counted.waiting(), 0);
}
