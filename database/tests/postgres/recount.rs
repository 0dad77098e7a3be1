use chrono::{TimeDelta, Utc};
use database::{MessageRepository, RecountRepository, SessionId, test_support::TestDatabase};
use uuid::Uuid;

use crate::support::{talk, words};

async fn as_superuser(test: &TestDatabase, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
            .await
            .unwrap();
    #[expect(clippy::disallowed_methods, reason = "ends with its client")]
    tokio::spawn(connection);
    client
        .batch_execute(&format!("SET session_replication_role = replica; {sql}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_recount_finds_nothing_until_somebody_changes_a_number_or_a_row_by_hand() {
    let test = TestDatabase::new().await;
    let recount = RecountRepository::new(&test.db);
    let (session, profile) = talk(&test.db, "device-one", 5).await;
    assert_eq!(
        (
            recount.profiles().await.unwrap(),
            recount.sessions().await.unwrap()
        ),
        (vec![], vec![])
    );
    as_superuser(&test, "UPDATE user_profiles SET total_messages = 7").await;
    let drift = recount.profiles().await.unwrap().remove(0);
    assert_eq!(
        (drift.profile, drift.sessions, drift.messages),
        (profile, (1, 1), (7, 5))
    );
    as_superuser(&test, "UPDATE user_profiles SET total_messages = 5; DELETE FROM conversation_messages WHERE seq = 4").await;
    assert_eq!(recount.sessions().await.unwrap(), [session]);
}

#[tokio::test]
async fn turns_whose_session_never_came_and_ids_of_no_month_are_reported() {
    let test = TestDatabase::new().await;
    let recount = RecountRepository::new(&test.db);
    let messages = MessageRepository::new(&test.db);
    talk(&test.db, "device-one", 5).await;
    let orphan = SessionId::new();
    messages.insert(&words(orphan, 0..3)).await.unwrap();
    let now = Utc::now();
    let found = recount
        .orphans(now - TimeDelta::hours(1), now + TimeDelta::hours(1))
        .await
        .unwrap();
    assert_eq!(
        (found.len(), found[0].session, found[0].messages),
        (1, orphan, 3)
    );
    let young = recount
        .orphans(now - TimeDelta::hours(1), now - TimeDelta::minutes(5))
        .await
        .unwrap();
    assert_eq!(young, [], "a start that is only late is not reported");
    assert_eq!(recount.misplaced().await.unwrap(), 0);
    messages
        .insert(&words(SessionId(Uuid::new_v4()), 0..2))
        .await
        .unwrap();
    assert_eq!(recount.misplaced().await.unwrap(), 2);
    assert_eq!(recount.make_partitions(4).await.unwrap(), 1);
}
