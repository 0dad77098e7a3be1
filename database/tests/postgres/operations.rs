use std::time::Duration;

use database::{
    ConfigRepository, LeaderRole, RedeemedSummary, RoomLock, SummaryToken, SummaryTokenRepository,
    WorkerRepository,
    test_support::{TestDatabase, until},
};
use serde_json::json;

use crate::support::{count, summarise, talk};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn one_agent_holds_a_room_until_it_lets_go_or_its_lease_ends() {
    let test = TestDatabase::new().await;
    let locks = RoomLock::new(&test.db);
    let (a, b) = tokio::join!(
        locks.take("RM_1", "job-a", LONG),
        locks.take("RM_1", "job-b", LONG)
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a != b, "exactly one of two jobs gets the room");
    let (winner, loser) = if a {
        ("job-a", "job-b")
    } else {
        ("job-b", "job-a")
    };
    assert!(
        locks.take("RM_1", winner, LONG).await.unwrap(),
        "the holder renews"
    );
    assert!(
        locks.take("RM_2", loser, LONG).await.unwrap(),
        "another room is free"
    );
    locks.release("RM_1", loser).await.unwrap();
    assert!(
        !locks.take("RM_1", loser, LONG).await.unwrap(),
        "only the holder can let go"
    );
    locks.release("RM_1", winner).await.unwrap();
    assert!(
        locks
            .take("RM_1", loser, Duration::from_millis(50))
            .await
            .unwrap()
    );
    until("a dead holder's lease ends", async || {
        locks.take("RM_1", winner, LONG).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn one_worker_leads_until_its_connection_ends() {
    let test = TestDatabase::new().await;
    let leader = test
        .db
        .lead(LeaderRole::AgentWatcher)
        .await
        .unwrap()
        .expect("nobody leads yet");
    assert!(
        test.db
            .lead(LeaderRole::AgentWatcher)
            .await
            .unwrap()
            .is_none(),
        "two leaders"
    );
    assert!(
        test.db
            .lead(LeaderRole::Maintenance)
            .await
            .unwrap()
            .is_some(),
        "another task is free"
    );
    assert!(leader.still_leads().await);
    let (admin, connection) = tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    let kill = admin.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7010", &[]);
    tokio::select! { killed = kill => assert_eq!(killed.unwrap(), 1), _ = connection => panic!("connection closed") }
    until(
        "the leader notices that its connection is gone",
        async || !leader.still_leads().await,
    )
    .await;
    let take_over = async || {
        let taken = test.db.lead(LeaderRole::AgentWatcher).await.unwrap();
        taken.is_some()
    };
    until("the task is free again", take_over).await;
    until("dropping gives it up", take_over).await;
}

#[tokio::test]
async fn a_summary_token_is_good_once_and_only_when_there_is_a_summary() {
    let test = TestDatabase::new().await;
    let tokens = SummaryTokenRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 2).await;
    let token = SummaryToken::random();
    tokens.save(&token, session, LONG).await.unwrap();
    tokens.save(&token, session, LONG).await.unwrap();
    assert_eq!(
        tokens.redeem(token.expose()).await.unwrap(),
        RedeemedSummary::NotYet
    );
    summarise(&test.db, session, 1).await;
    let RedeemedSummary::Ready(summary) = tokens.redeem(token.expose()).await.unwrap() else {
        panic!("no summary")
    };
    assert_eq!(summary.session_id, session);
    assert_eq!(
        tokens.redeem(token.expose()).await.unwrap(),
        RedeemedSummary::Refused,
        "spent"
    );
    assert_eq!(tokens.redeem("").await.unwrap(), RedeemedSummary::Refused);
    assert_eq!(
        tokens.redeem(&session.to_string()).await.unwrap(),
        RedeemedSummary::Refused,
        "a session id opens nothing"
    );
    let late = SummaryToken::random();
    tokens.save(&late, session, Duration::ZERO).await.unwrap();
    assert_eq!(
        tokens.redeem(late.expose()).await.unwrap(),
        RedeemedSummary::Refused,
        "expired"
    );
    assert_eq!(tokens.delete_expired().await.unwrap(), 1);
    let plain = format!(
        "SELECT 1 FROM summary_tokens t WHERE to_jsonb(t)::text LIKE '%{}%'",
        token.expose()
    );
    assert_eq!(count(&test, &plain).await, 0, "the token itself is stored");
}

#[tokio::test]
async fn a_worker_is_alive_while_its_lease_lasts() {
    let test = TestDatabase::new().await;
    let workers = WorkerRepository::new(&test.db);
    workers.beat("a", LONG, &json!({"slots": 4})).await.unwrap();
    workers.beat("a", LONG, &json!({"slots": 3})).await.unwrap();
    workers.beat("b", LONG, &json!({})).await.unwrap();
    workers
        .beat("dead", Duration::ZERO, &json!({}))
        .await
        .unwrap();
    assert_eq!(workers.alive().await.unwrap(), ["a", "b"]);
    workers.leave("b").await.unwrap();
    assert_eq!(workers.alive().await.unwrap(), ["a"]);
}

#[tokio::test]
async fn settings_are_stored_and_their_changes_audited() {
    let test = TestDatabase::new().await;
    let config = ConfigRepository::new(&test.db);
    assert_eq!(config.get("pack").await.unwrap(), None);
    config.set("pack", &json!("bank"), "admin").await.unwrap();
    config
        .set("pack", &json!({"name": "shop"}), "admin")
        .await
        .unwrap();
    assert_eq!(
        config.all().await.unwrap(),
        [("pack".to_owned(), json!({"name": "shop"}))]
    );
    assert_eq!(count(&test, "SELECT 1 FROM audit_log WHERE action = 'config.set' AND actor = 'admin' AND subject_id = 'pack'").await, 2);
}
