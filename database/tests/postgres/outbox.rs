use std::time::Duration;

use database::{
    MessageRepository, SessionEnd, SessionId, SessionManager, SessionRepository, SummaryQueue,
    test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{at, count, rows, summarise, talk, words};

const LEASE: Duration = Duration::from_secs(60);

async fn end(test: &TestDatabase, session: SessionId) {
    let end = SessionEnd {
        reason: "caller_left".to_owned(),
        ended_at: at(60),
        metrics: json!({}),
    };
    assert!(
        SessionRepository::new(&test.db)
            .end_session(session, &end, true)
            .await
            .unwrap()
    );
}

async fn make_due(test: &TestDatabase) {
    test.client()
        .await
        .batch_execute("UPDATE outbox SET next_at = now()")
        .await
        .unwrap();
}

#[tokio::test]
async fn one_summary_is_pending_from_a_sessions_end_on_and_not_before() {
    let test = TestDatabase::new().await;
    let queue = SummaryQueue::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 3).await;
    assert_eq!(
        queue.claim(10, LEASE).await.unwrap(),
        [],
        "it is still talking"
    );
    end(&test, session).await;
    let claimed = queue.claim(10, LEASE).await.unwrap();
    assert_eq!(
        (claimed.len(), claimed[0].session, claimed[0].attempt),
        (1, session, 1)
    );
    assert_eq!(queue.claim(10, LEASE).await.unwrap(), [], "it is claimed");
    assert!(queue.complete(&claimed[0]).await.unwrap());
    make_due(&test).await;
    assert_eq!(queue.claim(10, LEASE).await.unwrap(), [], "it is done");
}

#[tokio::test]
async fn a_session_that_wants_no_summary_gets_none_also_not_after_a_late_turn() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 3).await;
    let end = SessionEnd {
        reason: "caller_left".to_owned(),
        ended_at: at(60),
        metrics: json!({}),
    };
    let sessions = SessionManager::new(&test.db);
    sessions.end_session(session, &end, false).await.unwrap();
    let late = words(session, 3..4);
    MessageRepository::new(&test.db)
        .insert(&late)
        .await
        .unwrap();
    let queue = SummaryQueue::new(&test.db);
    let missing = queue.enqueue_missing(at(7_200)).await.unwrap();
    assert_eq!(
        (missing, queue.claim(10, LEASE).await.unwrap()),
        (0, vec![])
    );
}

#[tokio::test]
async fn an_end_that_is_rolled_back_enqueues_nothing() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 3).await;
    let sql = format!(
        "BEGIN; UPDATE session_rows SET status = 'ended', ended_at = now() WHERE session_id = '{session}'; ROLLBACK"
    );
    test.client().await.batch_execute(&sql).await.unwrap();
    assert_eq!(count(&test, "SELECT 1 FROM outbox").await, 0);
}

#[tokio::test]
async fn many_who_claim_at_once_never_get_the_same() {
    let test = TestDatabase::new().await;
    for n in 0..20 {
        let (session, _) = talk(&test.db, &format!("device-{n}"), 1).await;
        end(&test, session).await;
    }
    let queue = SummaryQueue::new(&test.db);
    let claims = tokio::join!(
        queue.claim(9, LEASE),
        queue.claim(9, LEASE),
        queue.claim(9, LEASE),
        queue.claim(9, LEASE)
    );
    let mut all: Vec<SessionId> = [claims.0, claims.1, claims.2, claims.3]
        .into_iter()
        .flat_map(|claimed| claimed.unwrap())
        .map(|claim| claim.session)
        .collect();
    all.extend(
        queue
            .claim(20, LEASE)
            .await
            .unwrap()
            .iter()
            .map(|claim| claim.session),
    );
    let claimed = all.len();
    all.sort();
    all.dedup();
    assert_eq!((claimed, all.len()), (20, 20), "each once");
}

#[tokio::test]
async fn a_late_turn_opens_the_summary_again_even_while_one_is_being_written() {
    let test = TestDatabase::new().await;
    let queue = SummaryQueue::new(&test.db);
    let messages = MessageRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 3).await;
    end(&test, session).await;
    let first = queue.claim(10, LEASE).await.unwrap()[0];
    summarise(&test.db, session, 2).await;
    messages.insert(&words(session, 3..4)).await.unwrap();
    assert!(
        !queue.complete(&first).await.unwrap(),
        "what was written misses a turn"
    );
    let second = queue.claim(10, LEASE).await.unwrap()[0];
    summarise(&test.db, session, 3).await;
    assert!(queue.complete(&second).await.unwrap());
    // A replay is not a late turn.
    messages.insert(&words(session, 0..4)).await.unwrap();
    assert_eq!(queue.claim(10, LEASE).await.unwrap(), []);
}

#[tokio::test]
async fn a_claim_whose_holder_died_is_given_to_the_next_and_a_poisonous_one_fails() {
    let test = TestDatabase::new().await;
    let queue = SummaryQueue::new(&test.db);
    let (poison, _) = talk(&test.db, "device-one", 1).await;
    let (deadly, _) = talk(&test.db, "device-two", 1).await;
    end(&test, poison).await;
    end(&test, deadly).await;
    let mut failed = 0;
    for round in 1..=9 {
        make_due(&test).await;
        for claim in queue.claim(10, Duration::ZERO).await.unwrap() {
            assert_eq!(claim.attempt, round);
            // Whoever claims the deadly one never comes back.
            if claim.session == poison {
                failed += usize::from(queue.fail(&claim, "the rules broke off").await.unwrap());
            }
        }
    }
    assert_eq!(failed, 1);
    let mut shown = queue.failed(10).await.unwrap();
    shown.sort_by_key(|failed| failed.session != poison);
    assert_eq!(
        (
            shown[0].session,
            shown[0].attempts,
            shown[0].error.as_deref()
        ),
        (poison, 8, Some("the rules broke off"))
    );
    assert_eq!((shown[1].session, shown[1].attempts), (deadly, 8));
    queue.enqueue(poison).await.unwrap();
    assert_eq!(
        queue.claim(10, LEASE).await.unwrap()[0].attempt,
        1,
        "asked for again by a person"
    );
}

#[tokio::test]
async fn summaries_forgotten_by_hand_are_pending_again_and_completed_ones_are_cleared_away() {
    let test = TestDatabase::new().await;
    let queue = SummaryQueue::new(&test.db);
    let (whole, _) = talk(&test.db, "device-one", 2).await;
    let (lost, _) = talk(&test.db, "device-two", 2).await;
    for session in [whole, lost] {
        end(&test, session).await;
    }
    summarise(&test.db, whole, 1).await;
    for claim in queue.claim(10, LEASE).await.unwrap() {
        queue.complete(&claim).await.unwrap();
    }
    let soon = chrono::Utc::now() + chrono::TimeDelta::seconds(5);
    assert_eq!(queue.forget(soon).await.unwrap(), 2);
    assert_eq!(queue.enqueue_missing(soon).await.unwrap(), 1);
    assert_eq!(queue.claim(10, LEASE).await.unwrap()[0].session, lost);
    assert_eq!(
        rows(&test, "SELECT dedupe_key FROM outbox").await,
        [json!({"dedupe_key": lost})]
    );
}
