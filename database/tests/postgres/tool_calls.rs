//! Calls of tools: two records, each once, sealed, and with their session wherever it goes.

use chrono::{TimeDelta, Utc};
use database::{
    CallbackRepository, Database, DatabaseConfig, DatabaseError, NewCallback, NewToolCall,
    NewToolOutcome, ProfileRepository, SealedToolCall, SealedToolOutcome, SessionEnd, SessionId,
    SessionRepository, TenantId, ToolCallRepository, ToolOutcome, test_support::TestDatabase,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{at, call, count, customer, rows, talk, web_session};

/// A call of a tool in this session, from its intent to its outcome; sealed with the session's key.
pub(crate) async fn made(
    db: &Database,
    session: SessionId,
    (arguments, result): (Value, Value),
    outcome: ToolOutcome,
) -> (SealedToolCall, SealedToolOutcome) {
    let key = SessionRepository::new(db).key(session).await.unwrap();
    let key = key.expect("the session's key");
    let idempotency_key = Uuid::new_v4();
    let intent = NewToolCall {
        session_id: session,
        idempotency_key,
        seq: 1,
        tool: "callback".to_owned(),
        deed: true,
        arguments,
        requested_at: at(3),
    };
    let outcome = NewToolOutcome {
        session_id: session,
        idempotency_key,
        outcome,
        result,
        finished_at: at(4),
    };
    (intent.seal(&key).unwrap(), outcome.seal(&key).unwrap())
}

fn otter() -> (Value, Value) {
    let arguments = json!({"number": "otter-number", "when": ["today", 17.5]});
    (arguments, json!({"ticket": "otter-ticket"}))
}

#[tokio::test]
async fn an_intent_and_its_outcome_are_one_call_and_repeating_either_changes_nothing() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 2).await;
    let calls = ToolCallRepository::new(&test.db);
    let (intent, outcome) = made(&test.db, session, otter(), ToolOutcome::Success).await;
    assert!(calls.begin(&intent).await.unwrap());
    let begun = calls.by_session(session).await.unwrap();
    let [begun] = begun.as_slice() else {
        panic!("one call: {begun:?}")
    };
    assert_eq!((begun.outcome, begun.finished_at), (None, None));
    assert!(calls.finish(&outcome).await.unwrap());
    let finished = calls.by_session(session).await.unwrap();
    assert!(!calls.begin(&intent).await.unwrap(), "a repeated intent");
    assert!(!calls.finish(&outcome).await.unwrap(), "a repeated outcome");
    assert_eq!(calls.by_session(session).await.unwrap(), finished);
    let [call] = finished.as_slice() else {
        panic!("one call: {finished:?}")
    };
    assert_eq!(
        (call.seq, call.tool.as_str(), call.requested_at),
        (1, "callback", at(3))
    );
    assert_eq!(
        (call.outcome, call.finished_at),
        (Some(ToolOutcome::Success), Some(at(4)))
    );
    let (arguments, result) = otter();
    assert_eq!(
        (&call.arguments, &call.result),
        (&Some(arguments), &Some(result))
    );
    let readable = "SELECT FROM tool_calls c JOIN tool_call_outcomes o USING (idempotency_key)
         WHERE c::text ~ 'otter' OR position('otter'::bytea IN arguments_ct || result_ct) > 0";
    assert_eq!(count(&test, readable).await, 0, "sealed in the tables");
}

#[tokio::test]
async fn another_record_under_a_calls_key_is_refused_and_the_stored_one_stays() {
    let test = TestDatabase::new().await;
    let (session, _) = talk(&test.db, "device-one", 2).await;
    let calls = ToolCallRepository::new(&test.db);
    let (intent, outcome) = made(&test.db, session, otter(), ToolOutcome::Success).await;
    let early = calls.finish(&outcome).await;
    assert!(
        matches!(early, Err(DatabaseError::Invalid(_))),
        "an outcome without its intent: {early:?}"
    );
    assert!(calls.begin(&intent).await.unwrap());
    assert!(calls.finish(&outcome).await.unwrap());
    let stored = calls.by_session(session).await.unwrap();
    let other = json!({"number": "another"});
    let (mut late, mut denied) =
        made(&test.db, session, (other, json!(null)), ToolOutcome::Failed).await;
    (late.idempotency_key, denied.idempotency_key) =
        (intent.idempotency_key, intent.idempotency_key);
    let refused = calls.begin(&late).await;
    assert!(
        matches!(refused, Err(DatabaseError::Invalid(_))),
        "{refused:?}"
    );
    let refused = calls.finish(&denied).await;
    assert!(
        matches!(refused, Err(DatabaseError::Invalid(_))),
        "{refused:?}"
    );
    assert_eq!(calls.by_session(session).await.unwrap(), stored);
}

#[tokio::test]
async fn every_outcome_comes_back_and_a_call_may_come_before_its_session() {
    let test = TestDatabase::new().await;
    let calls = ToolCallRepository::new(&test.db);
    let new = web_session("device-one");
    let key = test.db.keys().new_session_key().unwrap();
    let outcomes = [
        ToolOutcome::Success,
        ToolOutcome::Refused,
        ToolOutcome::Failed,
        ToolOutcome::TimedOut,
        ToolOutcome::Cancelled,
        ToolOutcome::Unknown,
    ];
    for (n, outcome) in (0..).zip(outcomes) {
        let idempotency_key = Uuid::new_v4();
        let intent = NewToolCall {
            session_id: new.id,
            idempotency_key,
            seq: n,
            tool: "look\0up".to_owned(),
            deed: true,
            arguments: json!({ "n": n }),
            requested_at: at(i64::from(n)),
        };
        let outcome = NewToolOutcome {
            session_id: new.id,
            idempotency_key,
            outcome,
            result: Value::Null,
            finished_at: at(i64::from(n)),
        };
        assert!(calls.begin(&intent.seal(&key).unwrap()).await.unwrap());
        assert!(calls.finish(&outcome.seal(&key).unwrap()).await.unwrap());
    }
    SessionRepository::new(&test.db)
        .start(&new, &key)
        .await
        .unwrap();
    let stored = calls.by_session(new.id).await.unwrap();
    let came_back: Vec<_> = stored.iter().filter_map(|call| call.outcome).collect();
    assert_eq!(came_back, outcomes);
    for (n, call) in stored.iter().enumerate() {
        assert_eq!(
            (call.tool.as_str(), &call.arguments, &call.result),
            ("lookup", &Some(json!({ "n": n })), &Some(Value::Null))
        );
    }
}

#[tokio::test]
async fn records_are_written_once_and_open_in_their_place_only() {
    let test = TestDatabase::new().await;
    let calls = ToolCallRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 2).await;
    for _ in 0..2 {
        let (intent, outcome) = made(&test.db, session, otter(), ToolOutcome::Success).await;
        assert!(calls.begin(&intent).await.unwrap());
        assert!(calls.finish(&outcome).await.unwrap());
    }
    let client = test.client().await;
    for table in ["tool_calls", "tool_call_outcomes"] {
        for sql in [
            format!("UPDATE {table} SET tenant_id = tenant_id"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            let refused = client.batch_execute(&sql).await.expect_err(&sql);
            let message = refused.as_db_error().map_or("", |error| error.message());
            assert!(message.contains("append-only"), "{sql}: {message}");
        }
    }
    let swap = "SET session_replication_role = replica;
        UPDATE tool_calls a SET arguments_ct = b.arguments_ct FROM tool_calls b WHERE a.idempotency_key <> b.idempotency_key;
        UPDATE tool_call_outcomes a SET result_ct = b.result_ct FROM tool_call_outcomes b WHERE a.idempotency_key <> b.idempotency_key";
    let (owner, connection) = tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    let work = owner.batch_execute(swap);
    tokio::select! { done = work => done.unwrap(), _ = connection => panic!("connection closed") }
    for call in calls.by_session(session).await.unwrap() {
        assert_eq!(
            (call.arguments, call.result),
            (None, None),
            "another call's words were opened"
        );
    }
}

#[tokio::test]
async fn calls_go_with_their_session_through_merges_and_stay_with_their_tenant() {
    let test = TestDatabase::new().await;
    let new = web_session("device-one");
    let device = call(&test.db, &new).await.profile_id;
    let calls = ToolCallRepository::new(&test.db);
    let (intent, outcome) = made(&test.db, new.id, otter(), ToolOutcome::Unknown).await;
    assert!(calls.begin(&intent).await.unwrap());
    let sarah = customer(&test.db, "sarah").await;
    let profiles = ProfileRepository::new(&test.db);
    let merged = profiles.merge_anonymous_to_authenticated(device, sarah, "ann", None, false);
    assert!(merged.await.unwrap().is_merged());
    let theirs = Database::new(DatabaseConfig {
        tenant: TenantId(2),
        ..test.config()
    });
    let theirs = ToolCallRepository::new(&theirs.unwrap());
    let foreign = theirs.finish(&outcome).await;
    assert!(
        matches!(foreign, Err(DatabaseError::Invalid(_))),
        "an outcome of another tenant's call: {foreign:?}"
    );
    assert_eq!(theirs.by_session(new.id).await.unwrap(), []);
    assert!(calls.finish(&outcome).await.unwrap());
    let export = profiles.export(sarah).await.unwrap().expect("she is there");
    let exported = &export.sessions[0].tool_calls;
    assert_eq!(*exported, calls.by_session(new.id).await.unwrap());
    assert_eq!(exported[0].outcome, Some(ToolOutcome::Unknown));
    let stored = rows(&test, "SELECT count(*) AS n FROM tool_call_outcomes").await;
    assert_eq!(stored[0]["n"], 1);
}

#[tokio::test]
async fn what_was_done_elsewhere_is_the_persons_own_of_these_tools_and_not_what_was_refused() {
    let test = TestDatabase::new().await;
    let db = &test.db;
    let calls = ToolCallRepository::new(db);
    let profiles = ProfileRepository::new(db);
    let sarah = customer(db, "sarah").await;
    let mut sessions = Vec::new();
    for device in ["device-one", "device-two", "device-three"] {
        let (session, profile) = talk(db, device, 1).await;
        if device != "device-three" {
            let merged = profiles
                .merge_anonymous_to_authenticated(profile, sarah, "test", None, false)
                .await;
            assert!(merged.unwrap().is_merged());
        }
        sessions.push(session);
    }
    let [here, elsewhere, strangers] = sessions[..] else {
        panic!("three calls")
    };
    let texts = |name: &str| (json!({ "what": name }), json!(null));
    for (session, name, outcome) in [
        (here, "here", Some(ToolOutcome::Success)),
        (elsewhere, "done", Some(ToolOutcome::Success)),
        (elsewhere, "unseen", Some(ToolOutcome::Unknown)),
        (elsewhere, "cut off", None),
        (elsewhere, "refused", Some(ToolOutcome::Refused)),
        (elsewhere, "failed", Some(ToolOutcome::Failed)),
        (strangers, "a stranger's", Some(ToolOutcome::Success)),
    ] {
        let ended = outcome.unwrap_or(ToolOutcome::Cancelled);
        let (intent, end) = made(db, session, texts(name), ended).await;
        assert!(calls.begin(&intent).await.unwrap());
        if outcome.is_some() {
            assert!(calls.finish(&end).await.unwrap());
        }
    }
    let tools = ["callback".to_owned()];
    let found = calls.done_elsewhere(here, &tools, at(0)).await.unwrap();
    let mut names: Vec<String> = found
        .iter()
        .filter_map(|call| Some(call.arguments.as_ref()?["what"].as_str()?.to_owned()))
        .collect();
    names.sort();
    assert_eq!(names, ["cut off", "done", "unseen"]);
    let none = async |tools: &[String], since| {
        calls
            .done_elsewhere(here, tools, since)
            .await
            .unwrap()
            .is_empty()
    };
    assert!(
        none(&["transfer".to_owned()], at(0)).await,
        "another tool's"
    );
    assert!(none(&tools, at(4)).await, "of before");
}

/// A call that is over, with a deed that was asked for a minute ago, and what is on record of it.
async fn over(
    test: &TestDatabase,
    device: &str,
    (deed, outcome): (bool, Option<ToolOutcome>),
) -> (SessionId, Uuid) {
    let (session, _) = talk(&test.db, device, 1).await;
    let sessions = SessionRepository::new(&test.db);
    let key = sessions.key(session).await.unwrap().expect("its key");
    let intent = NewToolCall {
        session_id: session,
        idempotency_key: Uuid::new_v4(),
        seq: 0,
        tool: "block_card".to_owned(),
        deed,
        arguments: json!({}),
        requested_at: Utc::now() - TimeDelta::minutes(1),
    };
    let calls = ToolCallRepository::new(&test.db);
    calls.begin(&intent.seal(&key).unwrap()).await.unwrap();
    if let Some(outcome) = outcome {
        let outcome = NewToolOutcome {
            session_id: session,
            idempotency_key: intent.idempotency_key,
            outcome,
            result: Value::Null,
            finished_at: Utc::now(),
        };
        calls.finish(&outcome.seal(&key).unwrap()).await.unwrap();
    }
    let end = SessionEnd {
        reason: "caller_left".to_owned(),
        ended_at: Utc::now(),
        metrics: json!({}),
    };
    sessions.end_session(session, &end, true).await.unwrap();
    (session, intent.idempotency_key)
}

#[tokio::test]
async fn a_deed_of_which_nobody_knows_whether_it_was_done_is_found_until_a_person_has_it() {
    let test = TestDatabase::new().await;
    let calls = ToolCallRepository::new(&test.db);
    for (device, of_no_concern) in [
        ("done", (true, Some(ToolOutcome::Success))),
        ("failed", (true, Some(ToolOutcome::Failed))),
        ("looked-up", (false, None)),
    ] {
        over(&test, device, of_no_concern).await;
    }
    let (broken, key) = over(&test, "broken", (true, None)).await;
    let (unknown, _) = over(&test, "unknown", (true, Some(ToolOutcome::Unknown))).await;
    let (erased, _) = over(&test, "erased", (true, None)).await;
    let profiles = ProfileRepository::new(&test.db);
    let of = SessionRepository::new(&test.db).get(erased).await.unwrap();
    let of = of.expect("it is stored").profile_id;
    profiles.erase(of, "ann").await.unwrap();

    let found = calls.unconfirmed("unconfirmed", 10).await.unwrap();
    let of: Vec<_> = found.iter().map(|deed| deed.session).collect();
    assert_eq!(of, [broken, unknown]);

    let callbacks = CallbackRepository::new(&test.db);
    // The caller was told during the call that a person looks into it.
    let told = NewCallback {
        kind: "unconfirmed".to_owned(),
        ..NewCallback::new(Uuid::new_v4(), unknown, Utc::now())
    };
    callbacks.request(&told).await.unwrap();
    let left = calls.unconfirmed("unconfirmed", 10).await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    let ticket = NewCallback::new(key, broken, left[0].requested_at);
    callbacks.request(&ticket).await.unwrap();
    assert!(
        calls
            .unconfirmed("unconfirmed", 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_deed_of_a_call_that_goes_on_is_nobodys_business_yet() {
    let test = TestDatabase::new().await;
    let calls = ToolCallRepository::new(&test.db);
    let (session, _) = talk(&test.db, "device-one", 1).await;
    let (intent, _) = made(&test.db, session, otter(), ToolOutcome::Success).await;
    let intent = SealedToolCall {
        requested_at: Utc::now(),
        ..intent
    };
    calls.begin(&intent).await.unwrap();
    assert!(
        calls
            .unconfirmed("unconfirmed", 10)
            .await
            .unwrap()
            .is_empty()
    );
}
