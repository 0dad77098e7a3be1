use database::{MessageRepository, NewSession, SessionId, test_support::TestDatabase};
use serde_json::json;
use uuid::Uuid;

use crate::support::{assert_invariants, call, count, rows, web_session, words};

/// An id as a worker would have minted it at this second.
fn id_of(seconds: u64) -> SessionId {
    let timestamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0);
    SessionId(Uuid::new_v7(timestamp))
}

async fn session_of(test: &TestDatabase, id: SessionId, messages: i32) {
    let new = NewSession {
        id,
        ..web_session("device-one")
    };
    call(&test.db, &new).await;
    let stored = MessageRepository::new(&test.db)
        .insert(&words(id, 0..messages))
        .await;
    assert_eq!(stored.unwrap(), u64::try_from(messages).unwrap());
}

async fn partition_of(test: &TestDatabase, id: SessionId) -> String {
    let sql = format!(
        "SELECT DISTINCT tableoid::regclass::text AS name FROM conversation_messages WHERE session_id = '{id}'"
    );
    rows(test, &sql).await[0]["name"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_session_lies_in_the_partition_of_the_month_its_id_was_made_in() {
    let test = TestDatabase::new().await;
    // 2024-02-29 23:59:59 UTC and the second after it.
    let (leap_day, march) = (id_of(1_709_251_199), id_of(1_709_251_200));
    for month in ["2024-02-10", "2024-03-10"] {
        let made = format!("SELECT make_message_partition('{month}') AS made");
        assert_eq!(rows(&test, &made).await, [json!({"made": true})]);
        assert_eq!(rows(&test, &made).await, [json!({"made": false})], "again");
    }
    session_of(&test, leap_day, 2).await;
    session_of(&test, march, 2).await;
    assert_eq!(
        partition_of(&test, leap_day).await,
        "conversation_messages_2024_02"
    );
    assert_eq!(
        partition_of(&test, march).await,
        "conversation_messages_2024_03"
    );
    let now = SessionId::new();
    session_of(&test, now, 1).await;
    assert_ne!(
        partition_of(&test, now).await,
        "conversation_messages_default"
    );
    assert_invariants(&test, "over three months").await;
}

#[tokio::test]
async fn rows_of_a_month_without_a_partition_move_into_it_when_it_is_made_and_count_once() {
    let test = TestDatabase::new().await;
    let (january, other) = (id_of(1_704_100_000), SessionId(Uuid::new_v4()));
    session_of(&test, january, 5).await;
    session_of(&test, other, 3).await;
    assert_eq!(
        partition_of(&test, january).await,
        "conversation_messages_default"
    );
    rows(&test, "SELECT make_message_partition('2024-01-15')").await;
    assert_eq!(
        partition_of(&test, january).await,
        "conversation_messages_2024_01"
    );
    assert_eq!(
        partition_of(&test, other).await,
        "conversation_messages_default"
    );
    assert_eq!(count(&test, "SELECT 1 FROM conversation_messages").await, 8);
    assert_invariants(&test, "after moving rows to their month").await;
    let refused = test
        .client()
        .await
        .execute("DELETE FROM conversation_messages_default", &[])
        .await;
    assert!(
        refused.is_err(),
        "the default partition is append-only again"
    );
}

#[tokio::test]
async fn no_statement_on_a_partition_gets_around_the_parents_rules() {
    let test = TestDatabase::new().await;
    let id = SessionId::new();
    session_of(&test, id, 1).await;
    let partition = partition_of(&test, id).await;
    let client = test.client().await;
    for sql in [
        format!("INSERT INTO {partition} SELECT session_id, 7, tenant_id, role FROM {partition}"),
        format!("UPDATE {partition} SET content_ct = '\\x'"),
        format!("DELETE FROM {partition}"),
        format!("TRUNCATE {partition}"),
    ] {
        assert!(client.batch_execute(&sql).await.is_err(), "{sql}");
    }
    client.batch_execute("SET app.tenant = '2'").await.unwrap();
    let seen = client
        .query(&format!("SELECT 1 FROM {partition}"), &[])
        .await;
    assert!(
        seen.unwrap().is_empty(),
        "{partition} shows another tenant's rows"
    );
}

#[tokio::test]
async fn partitions_are_made_ahead_and_in_one_index_probe_a_session_is_found() {
    let test = TestDatabase::new().await;
    let ahead = "SELECT make_message_partitions(5) AS made";
    assert_eq!(
        rows(&test, ahead).await,
        [json!({"made": 2})],
        "three are there"
    );
    assert_eq!(rows(&test, ahead).await, [json!({"made": 0})]);
    let sql = format!(
        "EXPLAIN SELECT * FROM conversation_messages WHERE session_id = '{}'",
        SessionId::new()
    );
    let plan = test.client().await.query(&sql, &[]).await.unwrap();
    let text: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    let touched = text
        .iter()
        .filter(|line| line.contains(" on conversation_messages_"))
        .count();
    assert!(
        touched > 0 && !text.join("\n").contains("conversation_messages_default"),
        "{text:#?}"
    );
    assert_eq!(
        text.iter().filter(|line| line.contains("Append")).count(),
        0,
        "{text:#?}"
    );
}
