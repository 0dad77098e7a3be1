use std::path::PathBuf;

use database::test_support::TestDatabase;
use database::verify::Verifier;
use database::{
    ArchiveRepository, Database, DatabaseConfig, MessageRepository, NewSession, SealedMessage,
    SessionId, TenantId,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::sealing::sealed;
use crate::support::{assert_invariants, call, count, rows, web_session};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("teller-archive-{}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind_it_does_no_harm = std::fs::remove_dir_all(&self.0);
    }
}

/// A session of January 2024 with messages.
async fn old_session(db: &Database, messages: i32) -> Vec<SealedMessage> {
    let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, 1_704_100_000, 0);
    let new = NewSession {
        id: SessionId(uuid::Uuid::new_v7(timestamp)),
        ..web_session("device-one")
    };
    call(db, &new).await;
    let rows = sealed(new.id, 0..messages);
    MessageRepository::new(db)
        .insert_batch(&rows)
        .await
        .unwrap();
    rows
}

#[tokio::test]
async fn a_retired_month_goes_into_a_file_and_out_of_the_database_and_counters_stay() {
    let test = TestDatabase::new().await;
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let old = old_session(&test.db, 6).await;
    crate::support::talk(&test.db, "device-one", 2).await;
    let archives = ArchiveRepository::new(&test.db);
    assert_eq!(
        archives.retired(1200).await.unwrap(),
        [],
        "a hundred years are kept"
    );
    let months = archives.retired(12).await.unwrap();
    assert_eq!(months.len(), 1);
    let folder = Folder::new();
    let archived = archives.put_away(&months[0], &folder.0).await.unwrap();
    assert!(archived.dropped);
    assert_eq!(
        (archived.partition.as_str(), archived.messages),
        ("conversation_messages_2024_01", 6)
    );

    let text = std::fs::read_to_string(&archived.file).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&text)), archived.sha256);
    let hashes: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["row_hash"]
                .as_str()
                .unwrap()
                .replace("\\x", "")
        })
        .collect();
    let expected: Vec<String> = old.iter().map(|row| row.row_hash.to_string()).collect();
    assert_eq!(hashes, expected, "the rows, hashes and all");

    assert_eq!(count(&test, "SELECT 1 FROM conversation_messages").await, 2);
    let totals = rows(
        &test,
        "SELECT total_sessions AS s, total_messages AS m FROM user_profiles",
    )
    .await;
    assert_eq!(
        (totals[0]["s"].as_i64(), totals[0]["m"].as_i64()),
        (Some(2), Some(8)),
        "what was said, wherever it is kept"
    );
    assert_eq!(count(&test, "SELECT 1 FROM counter_drift").await, 0);
    assert_eq!(count(&test, "SELECT 1 FROM session_drift").await, 0);
    let report = Verifier::new(&test.db, &folder.0)
        .unwrap()
        .all()
        .await
        .unwrap();
    assert_eq!((report.findings, report.archived), (vec![], 1));
    assert_eq!(archives.retired(12).await.unwrap(), []);
}

#[tokio::test]
async fn a_month_stays_while_another_tenant_has_messages_in_no_file() {
    let test = TestDatabase::new().await;
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let other = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..DatabaseConfig::new(&test.url, test.db.keys().clone())
    })
    .unwrap();
    old_session(&test.db, 3).await;
    old_session(&other, 4).await;
    let folder = Folder::new();
    let mine = ArchiveRepository::new(&test.db);
    let month = mine.retired(12).await.unwrap().remove(0);
    let archived = mine.put_away(&month, &folder.0).await.unwrap();
    assert_eq!((archived.messages, archived.dropped), (3, false));
    assert_eq!(count(&test, "SELECT 1 FROM conversation_messages").await, 3);
    assert_invariants(&test, "with a month in a file and still here").await;
    let theirs = ArchiveRepository::new(&other)
        .put_away(&month, &folder.0)
        .await
        .unwrap();
    assert_eq!((theirs.messages, theirs.dropped), (4, true));
    assert_eq!(mine.retired(12).await.unwrap(), []);
}
