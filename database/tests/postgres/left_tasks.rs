//! What a task knew when a call broke off: the newest stands, sealed; the same person's next call takes it, once.

use call::AuthLevel;
use chrono::{DateTime, TimeDelta, Utc};
use database::{
    Database, LeftTaskRepository, NewLeftTask, ProfileId, ProfileRepository, SealedLeftTask,
    SessionId, SessionRepository, test_support::TestDatabase,
};
use serde_json::{Value, json};

use crate::support::{count, customer, talk};

fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Seven days from when it was kept.
async fn left(
    db: &Database,
    session: SessionId,
    task: Option<(&str, Value)>,
    kept_at: DateTime<Utc>,
) -> SealedLeftTask {
    let key = SessionRepository::new(db).key(session).await.unwrap();
    let left = NewLeftTask {
        session_id: session,
        task: task.map(|(name, values)| (name.to_owned(), values)),
        kept_at,
        expires_at: kept_at + TimeDelta::days(7),
    };
    left.seal(&key.expect("the session's key")).unwrap()
}

fn card() -> Option<(&'static str, Value)> {
    Some(("block_card", json!({"card": "otter-card"})))
}

/// The caller proves who they are.
async fn prove(db: &Database, session: SessionId, person: ProfileId) {
    let sessions = SessionRepository::new(db);
    let proven = sessions.authenticate(session, person, AuthLevel::OneTimeCode, "ann");
    assert!(proven.await.unwrap().is_merged());
}

#[tokio::test]
async fn the_newest_stands_whatever_is_replayed_and_nothing_of_it_is_readable() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let tasks = LeftTaskRepository::new(&test.db);
    let then = now() - TimeDelta::minutes(5);
    let first = left(&test.db, session, card(), then).await;
    let other = Some(("block_card", json!({"card": "otter-other"})));
    let second = left(&test.db, session, other, then + TimeDelta::seconds(9)).await;
    for record in [&first, &second, &first] {
        tasks.keep(record).await.unwrap();
    }
    let stored = tasks
        .by_session(session)
        .await
        .unwrap()
        .expect("it is left");
    assert_eq!(stored.task, "block_card");
    assert_eq!(stored.values, Some(json!({"card": "otter-other"})));
    let readable = "SELECT FROM left_tasks l WHERE l::text ~ 'otter' OR position('otter'::bytea IN values_ct) > 0";
    assert_eq!(count(&test, readable).await, 0, "its values are readable");
    let ended = left(&test.db, session, None, then + TimeDelta::seconds(20)).await;
    for record in [&ended, &first, &second] {
        tasks.keep(record).await.unwrap();
    }
    assert_eq!(tasks.by_session(session).await.unwrap(), None, "it ended");
}

#[tokio::test]
async fn the_next_call_of_the_same_person_takes_it_once_and_nobody_elses_does() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let tasks = LeftTaskRepository::new(db);
    let sarah = customer(db, "sarah").await;
    let (older, _) = talk(db, "device-one", 1).await;
    let (newer, _) = talk(db, "device-two", 1).await;
    // Somebody else had the phone before, and proved nothing.
    let (guests, _) = talk(db, "device-three", 1).await;
    let (next, _) = talk(db, "device-three", 1).await;
    let (strangers, _) = talk(db, "device-four", 1).await;
    for (session, minutes, card) in [
        (older, 60, "older"),
        (newer, 30, "newer"),
        (guests, 5, "guests"),
    ] {
        let values = Some(("block_card", json!({ "card": card })));
        let kept_at = now() - TimeDelta::minutes(minutes);
        let record = left(db, session, values, kept_at).await;
        tasks.keep(&record).await.unwrap();
    }
    // Before anybody proved who they are the calls are of different people.
    assert_eq!(tasks.take(next).await.unwrap(), None);
    for session in [older, newer, next] {
        prove(db, session, sarah).await;
    }
    assert_eq!(tasks.take(strangers).await.unwrap(), None, "a stranger's");
    let own = tasks.take(newer).await.unwrap().expect("the older call's");
    assert_eq!(own.session, older, "a call takes nothing of its own");
    let taken = tasks.take(next).await.unwrap().expect("the newer call's");
    assert_eq!(
        (taken.session, &*taken.task),
        (newer, "block_card"),
        "whoever held the phone before is somebody else"
    );
    assert_eq!(taken.values, Some(json!({"card": "newer"})));
    assert_eq!(
        tasks.take(next).await.unwrap(),
        None,
        "it is given out once"
    );
}

#[tokio::test]
async fn of_two_calls_that_ask_at_once_one_gets_it() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let tasks = LeftTaskRepository::new(db);
    let sarah = customer(db, "sarah").await;
    let mut calls = Vec::new();
    for device in ["device-one", "device-two", "device-three"] {
        let (session, _) = talk(db, device, 1).await;
        prove(db, session, sarah).await;
        calls.push(session);
    }
    let record = left(db, calls[0], card(), now()).await;
    tasks.keep(&record).await.unwrap();
    let (one, two) = tokio::join!(tasks.take(calls[1]), tasks.take(calls[2]));
    let got = [one.unwrap(), two.unwrap()].into_iter().flatten().count();
    assert_eq!(got, 1, "calls that got it");
}

#[tokio::test]
async fn what_is_too_old_is_not_offered_and_goes() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let tasks = LeftTaskRepository::new(db);
    let sarah = customer(db, "sarah").await;
    let (before, _) = talk(db, "device-one", 1).await;
    let (next, _) = talk(db, "device-two", 1).await;
    prove(db, before, sarah).await;
    prove(db, next, sarah).await;
    let record = left(db, before, card(), now() - TimeDelta::days(8)).await;
    tasks.keep(&record).await.unwrap();
    assert_eq!(tasks.take(next).await.unwrap(), None, "it is too old");
    assert_eq!(tasks.delete_expired().await.unwrap(), 1);
    assert_eq!(tasks.delete_expired().await.unwrap(), 0);
}

#[tokio::test]
async fn it_is_erased_with_its_person_and_what_comes_later_is_turned_away() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let tasks = LeftTaskRepository::new(db);
    let (session, profile) = talk(db, "device-one", 1).await;
    let early = left(db, session, card(), now()).await;
    let late = left(db, session, card(), now() + TimeDelta::seconds(5)).await;
    tasks.keep(&early).await.unwrap();
    let erased = ProfileRepository::new(db).erase(profile, "ann").await;
    assert!(erased.is_ok());
    for record in [&early, &late] {
        tasks.keep(record).await.unwrap();
    }
    let rows = count(&test, "SELECT FROM left_tasks").await;
    assert_eq!(rows, 0, "rows of an erased person");
    let dropped = "SELECT FROM erased_sessions WHERE dropped = 2";
    assert_eq!(count(&test, dropped).await, 1, "what came late is counted");
}
