use database::{
    MessageRepository, NewMessage, ProfileRepository, Role, SessionRepository,
    test_support::TestDatabase,
};
use serde_json::json;

use crate::support::{assert_invariants, at, call, rows, talk, web_session, words};

#[tokio::test]
async fn counters_are_exact_however_often_a_batch_is_replayed() {
    let test = TestDatabase::new().await;
    let (session, profile) = talk(&test.db, "device-one", 0).await;
    let messages = MessageRepository::new(&test.db);
    for (batch, new) in [(0..5, 5), (0..5, 0), (3..8, 3), (0..8, 0), (8..9, 1)] {
        let stored = messages
            .insert(&words(session, batch.clone()))
            .await
            .expect("storing a batch");
        assert_eq!(stored, new, "new messages of batch {batch:?}");
    }
    let profile = ProfileRepository::new(&test.db)
        .get_by_id(profile)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((profile.total_sessions, profile.total_messages), (1, 9));
    let session = SessionRepository::new(&test.db)
        .get(session)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(session.message_count, 9);
    assert_invariants(&test, "after replays").await;
}

#[tokio::test]
async fn one_batch_may_hold_several_sessions() {
    let test = TestDatabase::new().await;
    let (one, _) = talk(&test.db, "device-one", 0).await;
    let (two, _) = talk(&test.db, "device-two", 0).await;
    let batch: Vec<NewMessage> = words(one, 0..30)
        .into_iter()
        .chain(words(two, 0..20))
        .collect();
    assert_eq!(
        MessageRepository::new(&test.db)
            .insert(&batch)
            .await
            .unwrap(),
        50
    );
    assert_invariants(&test, "after a mixed batch").await;
}

#[tokio::test]
async fn a_message_comes_back_as_it_was_stored() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let message = NewMessage {
        redacted: true,
        started_ms: Some(100),
        ended_ms: Some(2_400),
        interrupted: true,
        intent: Some("lost_card".to_owned()),
        latency_ms: Some(310),
        meta: json!({"sources": [{"title": "Lost cards"}], "stt_ms": 80}),
        ..NewMessage::new(
            session,
            0,
            Role::Assistant,
            "Dial *236#, ‘then’ \\ choose 2",
            at(7),
        )
    };
    let messages = MessageRepository::new(&test.db);
    messages
        .insert(std::slice::from_ref(&message))
        .await
        .unwrap();
    let stored = messages.by_session(session).await.unwrap().remove(0);
    assert_eq!(stored.content.as_ref(), Some(&message.content));
    assert_eq!(
        (stored.seq, stored.role, stored.redacted, stored.interrupted),
        (0, Role::Assistant, true, true)
    );
    assert_eq!(
        (stored.started_ms, stored.ended_ms, stored.latency_ms),
        (Some(100), Some(2_400), Some(310))
    );
    assert_eq!(
        (stored.intent, stored.meta, stored.created_at),
        (message.intent, message.meta, at(7))
    );
}

#[tokio::test]
async fn a_null_character_does_not_stop_a_batch() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 0).await;
    let mut message = NewMessage::new(session, 0, Role::User, "he\0llo", at(0));
    message.meta = json!({"raw": "a\0b"});
    let messages = MessageRepository::new(&test.db);
    assert_eq!(messages.insert(&[message]).await.unwrap(), 1);
    let stored = messages.by_session(session).await.unwrap().remove(0);
    assert_eq!(
        (stored.content.as_deref(), stored.meta),
        (Some("hello"), json!({"raw": "ab"}))
    );
}

#[tokio::test]
async fn turns_that_come_before_their_session_are_kept_and_counted_when_it_comes() {
    let test = TestDatabase::new().await;
    let (known, _) = talk(&test.db, "device-one", 0).await;
    let late = web_session("device-one");
    let batch = [words(known, 0..1), words(late.id, 0..3)].concat();
    let messages = MessageRepository::new(&test.db);
    assert_eq!(messages.insert(&batch).await.unwrap(), 4);
    let orphans = "SELECT m.session_id, count(*) AS messages FROM conversation_messages m
         WHERE NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = m.session_id) GROUP BY 1";
    assert_eq!(
        rows(&test, orphans).await,
        [json!({"session_id": late.id, "messages": 3})]
    );
    let started = call(&test.db, &late).await;
    assert_eq!(rows(&test, orphans).await, Vec::<serde_json::Value>::new());
    messages.insert(&words(late.id, 2..5)).await.unwrap();
    let profile = ProfileRepository::new(&test.db)
        .get_by_id(started.profile_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((profile.total_sessions, profile.total_messages), (2, 6));
    assert_invariants(&test, "after a late start").await;
}

#[tokio::test]
async fn a_start_and_its_turns_stored_at_the_same_moment_do_not_miss_each_other() {
    let test = TestDatabase::new().await;
    let messages = MessageRepository::new(&test.db);
    for round in 0..40 {
        let new = web_session(&format!("device-{}", round % 3));
        let (first, second) = (words(new.id, 0..4), words(new.id, 2..6));
        let (_, one, two) = tokio::join!(
            call(&test.db, &new),
            messages.insert(&first),
            messages.insert(&second),
        );
        assert_eq!(one.unwrap() + two.unwrap(), 6, "round {round}");
        let session = SessionRepository::new(&test.db).get(new.id).await.unwrap();
        assert_eq!(session.unwrap().message_count, 6, "round {round}");
    }
    assert_invariants(&test, "after 40 races of starts and turns").await;
}

#[tokio::test]
async fn storing_a_session_again_changes_nothing_and_answers_the_same() {
    let test = TestDatabase::new().await;
    let new = web_session("device-one");
    let first = call(&test.db, &new).await;
    let again = call(&test.db, &new).await;
    assert_eq!((first.total_sessions, &first), (1, &again));
    assert_invariants(&test, "after a repeated session").await;
}

/// PostgreSQL writes all indexes of a row anew when a column changed that one of them uses.
#[tokio::test]
async fn no_index_uses_a_column_that_each_message_changes() {
    let test = TestDatabase::new().await;
    let hot = "SELECT d.objid::regclass::text AS index, a.attname AS column
         FROM pg_depend d JOIN pg_index i ON i.indexrelid = d.objid
         JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refobjid IN ('user_profiles'::regclass, 'session_rows'::regclass)
          AND a.attname IN ('total_messages', 'last_seen_at', 'message_count', 'last_seq', 'chain_head', 'last_activity_at')";
    assert_eq!(rows(&test, hot).await, Vec::<serde_json::Value>::new());
    let noticed = "CREATE INDEX ON session_rows (tenant_id) WHERE last_seq > 9";
    test.client().await.batch_execute(noticed).await.unwrap();
    assert_eq!(rows(&test, hot).await.len(), 1, "the test sees one");
}
