//! What an acknowledgement promises.

use std::{fs, path::PathBuf};

use chrono::Utc;
use database::{
    DatabaseConfig, NewToolCall, SessionId, StoredRecord, keys::Keyring,
    test_support::ephemeral_keys,
};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::NothingAfterEnd;

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
