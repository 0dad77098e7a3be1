use std::path::PathBuf;

use database::{
    ArchiveRepository, Database, DatabaseConfig, MessageRepository, NewSession, SealedMessage,
    SessionId, TenantId, ToolCallRepository, ToolOutcome, test_support::TestDatabase,
    verify::Verifier,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    sealing::sealed,
    support::{assert_invariants, call, count, rows, web_session},
    tool_calls::made,
};

pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("teller-archive-{}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left_behind_it_does_no_harm = std::fs::remove_dir_all(&self.0);
    }
}

/// A session of January 2024 with messages.
pub(crate) async fn old_session(db: &Database, messages: i32) -> Vec<SealedMessage> {
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
    let (young, _) = crate::support::talk(&test.db, "device-one", 2).await;
    call_a_tool(&test.db, old[0].session_id).await;
    call_a_tool(&test.db, young).await;
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
    assert_eq!(archived.tool_call_records, 2);

    let text = std::fs::read_to_string(&archived.file).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&text)), archived.sha256);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let hashes: Vec<String> = lines[..6]
        .iter()
        .map(|line| line["row_hash"].as_str().unwrap().replace("\\x", ""))
        .collect();
    let id = json!(old[0].session_id);
    assert_eq!(lines[6]["tool_call"]["session_id"], id);
    assert_eq!(lines[7]["tool_call_outcome"]["outcome"], "success");
    let expected: Vec<String> = old.iter().map(|row| row.row_hash.to_string()).collect();
    assert_eq!(hashes, expected, "the rows, hashes and all");

    assert_eq!(count(&test, "SELECT 1 FROM conversation_messages").await, 2);
    let calls = ToolCallRepository::new(&test.db);
    assert_eq!(calls.by_session(old[0].session_id).await.unwrap(), []);
    assert_eq!(calls.by_session(young).await.unwrap().len(), 1);
    let client = test.client().await;
    let delete = client.execute("DELETE FROM tool_call_outcomes", &[]);
    assert!(delete.await.is_err(), "append-only again");
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

async fn call_a_tool(db: &Database, session: SessionId) {
    let words = (json!({}), json!({}));
    let (intent, outcome) = made(db, session, words, ToolOutcome::Success).await;
    let calls = ToolCallRepository::new(db);
    assert!(calls.begin(&intent).await.unwrap());
    assert!(calls.finish(&outcome).await.unwrap());
}

#[tokio::test]
async fn a_month_stays_while_a_tool_was_called_in_it_and_the_call_is_in_no_file() {
    let test = TestDatabase::new().await;
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    let other = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..test.config()
    })
    .unwrap();
    old_session(&test.db, 3).await;
    let silent = old_session(&other, 1).await[0].session_id;
    let folder = Folder::new();
    let theirs = ArchiveRepository::new(&other);
    let month = theirs.retired(12).await.unwrap().remove(0);
    assert!(!theirs.put_away(&month, &folder.0).await.unwrap().dropped);
    call_a_tool(&other, silent).await;
    let mine = ArchiveRepository::new(&test.db);
    let kept = mine.put_away(&month, &folder.0).await.unwrap();
    assert!(!kept.dropped, "the other tenant's call is in no file");
    let calls = ToolCallRepository::new(&other);
    assert_eq!(calls.by_session(silent).await.unwrap().len(), 1);
    let again = theirs.put_away(&month, &folder.0).await.unwrap();
    assert_eq!((again.tool_call_records, again.dropped), (2, true));
    assert_eq!(calls.by_session(silent).await.unwrap(), []);
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
