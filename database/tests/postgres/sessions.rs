use std::time::Duration;

use database::{
    ConversationSummaryRepository, MessageRepository, NewSession, Resolution, Sentiment,
    SessionEnd, SessionFilter, SessionId, SessionListItem, SessionRepository, SessionStatus,
    StaleAfter, WorkerRepository, test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{at, call, customer, summarise, summary_of, talk, web_session, words};

fn ended(second: i64) -> SessionEnd {
    SessionEnd {
        reason: "caller_left".to_owned(),
        ended_at: at(second),
        metrics: json!({"turns": 3}),
    }
}

async fn age(test: &TestDatabase, session: SessionId, seconds: i32) {
    let sql = "UPDATE agent_sessions SET last_activity_at = now() - make_interval(secs => $2) WHERE session_id = $1";
    test.client()
        .await
        .execute(sql, &[&session, &f64::from(seconds)])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_session_ends_once() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 2).await;
    assert!(
        sessions
            .end_session(session, &ended(60), true)
            .await
            .unwrap()
    );
    assert!(
        !sessions
            .end_session(session, &ended(99), true)
            .await
            .unwrap()
    );
    let stored = sessions.get(session).await.unwrap().unwrap();
    assert_eq!(
        (stored.status, stored.ended_at, stored.end_reason.as_deref()),
        (SessionStatus::Ended, Some(at(60)), Some("caller_left"))
    );
    assert_eq!(stored.metrics, json!({"turns": 3}));
    let (early, _) = talk(&test.db, "device-one", 0).await;
    assert!(
        sessions.end_session(early, &ended(-5), true).await.unwrap(),
        "a clock that jumped back stops nothing"
    );
}

#[tokio::test]
async fn the_sweeper_takes_what_a_dead_worker_left_and_nothing_else() {
    let test = TestDatabase::new().await;
    let (sessions, workers) = (
        SessionRepository::new(&test.db),
        WorkerRepository::new(&test.db),
    );
    let of = |worker: &str| NewSession {
        worker_id: Some(worker.to_owned()),
        ..web_session("device-one")
    };
    let (orphan, served, fresh, hung) = (of("dead"), of("alive"), of("dead"), of("alive"));
    for new in [&orphan, &served, &fresh, &hung] {
        call(&test.db, new).await;
    }
    MessageRepository::new(&test.db)
        .insert(&words(orphan.id, 0..8))
        .await
        .unwrap();
    workers
        .beat("alive", Duration::from_secs(45), &json!({}))
        .await
        .unwrap();
    workers
        .beat("dead", Duration::ZERO, &json!({}))
        .await
        .unwrap();
    for (session, seconds) in [
        (orphan.id, 100),
        (served.id, 100),
        (fresh.id, 80),
        (hung.id, 31 * 60),
    ] {
        age(&test, session, seconds).await;
    }
    let stale = sessions.stale(StaleAfter::default(), 10).await.unwrap();
    assert_eq!(stale, [hung.id, orphan.id], "oldest first");
    let (one, two) = tokio::join!(
        sessions.abandon_stale(StaleAfter::default(), 10),
        sessions.abandon_stale(StaleAfter::default(), 10)
    );
    let mut swept: Vec<SessionId> = one
        .unwrap()
        .into_iter()
        .chain(two.unwrap())
        .map(|s| s.id)
        .collect();
    swept.sort();
    let mut expected = vec![orphan.id, hung.id];
    expected.sort();
    assert_eq!(swept, expected, "two sweepers: each session once");
    let closed = sessions.get(orphan.id).await.unwrap().unwrap();
    assert_eq!(
        (closed.status, closed.ended_at),
        (SessionStatus::Abandoned, Some(at(7))),
        "ended with its last message"
    );
    assert!(
        sessions
            .end_session(orphan.id, &ended(90), true)
            .await
            .unwrap(),
        "its worker was only slow"
    );
}

#[tokio::test]
async fn a_heartbeat_keeps_the_sweeper_away() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    age(&test, session, 200).await;
    sessions
        .heartbeat(&[session, SessionId::new()])
        .await
        .unwrap();
    assert!(
        sessions
            .stale(StaleAfter::default(), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_summary_that_saw_less_does_not_replace_one_that_saw_more() {
    let test = TestDatabase::new().await;
    let summaries = ConversationSummaryRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 4).await;
    summarise(&test.db, session, 3).await;
    assert!(
        !summaries.upsert(&summary_of(session, 1)).await.unwrap(),
        "one that saw less does not replace it"
    );
    let stored = summaries.get_by_session(session).await.unwrap().unwrap();
    assert_eq!((stored.message_count, stored.duration_seconds), (4, 142));
    assert_eq!(stored.topics, ["cardless_withdrawal", "banking_hours"]);
}

/// Six calls, two in each second.
async fn six_calls(test: &TestDatabase) -> Vec<SessionId> {
    let mut ids = Vec::new();
    for n in 0..6 {
        let new = NewSession {
            started_at: at(n / 2),
            ..web_session(&format!("device-{n}"))
        };
        call(&test.db, &new).await;
        ids.push(new.id);
    }
    ids
}

#[tokio::test]
async fn the_list_of_calls_pages_newest_first() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let ids = six_calls(&test).await;
    let sarah = customer(&test.db, "sarah").await;
    sessions
        .authenticate(ids[0], sarah, call::AuthLevel::OneTimeCode, "test")
        .await
        .unwrap();
    let mut paged: Vec<SessionListItem> = Vec::new();
    loop {
        let after = paged.last().map(SessionListItem::cursor);
        let page = sessions
            .list(
                &SessionFilter {
                    after,
                    ..Default::default()
                },
                2,
            )
            .await
            .unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    let newest_first: Vec<SessionId> = ids.into_iter().rev().collect();
    assert_eq!(
        paged.iter().map(|item| item.id).collect::<Vec<_>>(),
        newest_first
    );
    assert_eq!(paged[5].username.as_deref(), Some("sarah"));
}

#[tokio::test]
async fn the_list_of_calls_filters() {
    let test = TestDatabase::new().await;
    let sessions = SessionRepository::new(&test.db);
    let sarah = customer(&test.db, "sarah").await;
    let ids = six_calls(&test).await;
    sessions
        .authenticate(ids[0], sarah, call::AuthLevel::OneTimeCode, "test")
        .await
        .unwrap();
    summarise(&test.db, ids[1], 0).await;
    let mut angry = summary_of(ids[2], 0);
    (angry.sentiment, angry.resolution_status, angry.topics) = (
        Sentiment::Negative,
        Resolution::Escalated,
        vec!["fees".to_owned()],
    );
    ConversationSummaryRepository::new(&test.db)
        .upsert(&angry)
        .await
        .unwrap();

    let of_sarah = SessionFilter {
        profile: Some(sarah),
        ..SessionFilter::default()
    };
    assert_eq!(sessions.list(&of_sarah, 10).await.unwrap()[0].id, ids[0]);
    type Narrow = fn(&mut SessionFilter);
    let cases: [(&str, Narrow, &[usize]); 6] = [
        (
            "being authenticated",
            |f| f.authenticated = Some(true),
            &[0],
        ),
        (
            "being anonymous",
            |f| f.authenticated = Some(false),
            &[5, 4, 3, 2, 1],
        ),
        ("topic", |f| f.topic = Some("fees".to_owned()), &[2]),
        (
            "sentiment",
            |f| f.sentiment = Some(Sentiment::Positive),
            &[1],
        ),
        (
            "resolution",
            |f| f.resolution = Some(Resolution::Escalated),
            &[2],
        ),
        (
            "date",
            |f| (f.from, f.until) = (Some(at(1)), Some(at(2))),
            &[3, 2],
        ),
    ];
    for (what, narrow, expected) in cases {
        let mut filter = SessionFilter::default();
        narrow(&mut filter);
        let found: Vec<SessionId> = sessions
            .list(&filter, 10)
            .await
            .unwrap()
            .iter()
            .map(|item| item.id)
            .collect();
        let expected: Vec<SessionId> = expected.iter().map(|n| ids[*n]).collect();
        assert_eq!(found, expected, "calls by {what}");
    }
}
