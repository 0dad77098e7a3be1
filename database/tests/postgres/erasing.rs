use database::{
    AuditRepository, CallbackRepository, ConversationSummaryRepository, ErasureOutcome,
    MergeOutcome, MessageRepository, NewCallback, NewSession, NewToolCall, NewToolOutcome, Origin,
    ProfileId, ProfileRepository, SessionId, SessionRepository, ToolCallRepository, ToolOutcome,
    UnmergeOutcome, keys::SessionKey, test_support::TestDatabase,
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    support::{assert_invariants, call, count, customer, rows, web_session},
    traces::{SEALED, Sarah, TRACES, device_call, dump, found, pg_dump, phone_call, sarah, sealed},
};

#[tokio::test]
async fn after_an_erasure_nothing_of_the_person_is_left_but_counts() {
    let test = TestDatabase::new().await;
    let john = customer(&test.db, "john").await;
    let sarah = sarah(&test).await;
    let before = dump(&test).await;
    let missing: Vec<_> = TRACES
        .into_iter()
        .filter(|t| !found(&before).contains(t))
        .collect();
    assert_eq!(
        missing, SEALED,
        "all but what is sealed is there to be erased"
    );
    let hashes = rows(
        &test,
        "SELECT session_id, seq, row_hash, content_ct FROM conversation_messages ORDER BY 1, 2",
    )
    .await;

    let profiles = ProfileRepository::new(&test.db);
    let dry = profiles.would_erase(sarah.id).await.unwrap();
    assert_eq!(dry.outcome, ErasureOutcome::Erased);
    assert_eq!(
        found(&dump(&test).await),
        found(&before),
        "a dry run changes nothing"
    );
    let done = profiles.erase(sarah.id, "admin").await.unwrap();
    assert_eq!(done, dry);
    assert_eq!((done.profiles, done.sessions, done.messages), (3, 2, 6));

    let left = found(&dump(&test).await);
    assert!(left.is_empty(), "still in the tables: {left:?}");
    assert_only_counts_are_left(&test, sarah, hashes).await;
    let john = profiles.get_by_id(john).await.unwrap().unwrap();
    assert!(john.erased_at.is_none(), "nobody else's");
    assert_invariants(&test, "after an erasure").await;
}

async fn assert_only_counts_are_left(
    test: &TestDatabase,
    sarah: Sarah,
    hashes: Vec<serde_json::Value>,
) {
    let profiles = ProfileRepository::new(&test.db);
    let keys = "SELECT FROM person_keys k JOIN user_profiles u ON u.id = k.profile_id WHERE u.erased_at IS NOT NULL";
    assert_eq!(count(test, keys).await, 0, "the keys are gone");
    assert_eq!(count(test, "SELECT FROM session_keys").await, 0);
    let said = MessageRepository::new(&test.db)
        .by_session(sarah.phone)
        .await
        .unwrap();
    assert!(
        said.len() == 3 && said.iter().all(|m| m.content.is_none()),
        "{said:?}"
    );
    let calls = ToolCallRepository::new(&test.db);
    let called = calls.by_session(sarah.phone).await.unwrap();
    assert!(
        called.len() == 1 && called[0].arguments.is_none() && called[0].result.is_none(),
        "{called:?}"
    );
    assert_eq!(
        rows(
            test,
            "SELECT session_id, seq, row_hash, content_ct FROM conversation_messages ORDER BY 1, 2"
        )
        .await,
        hashes,
        "rows and hashes stay, so that the record still verifies"
    );
    let gone = profiles.get_by_id(sarah.id).await.unwrap().unwrap();
    assert_eq!(
        (gone.total_sessions, gone.total_messages),
        (2, 6),
        "counts stay"
    );
    assert!(gone.erased_at.is_some() && gone.username.is_none() && gone.phone_number.is_none());
    let last = AuditRepository::new(&test.db)
        .list(None, 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (last.action.as_str(), last.actor.as_str()),
        ("profile.erase", "admin")
    );
    assert_eq!(
        profiles.erase(sarah.id, "admin").await.unwrap().outcome,
        ErasureOutcome::AlreadyErased
    );
    let nobody = ProfileId(Uuid::new_v4());
    assert_eq!(
        profiles.erase(nobody, "admin").await.unwrap().outcome,
        ErasureOutcome::NotFound
    );
}

#[tokio::test]
async fn an_export_holds_everything_and_a_dump_after_the_erasure_nothing() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = sarah(&test).await;
    let export = profiles
        .export(sarah.id)
        .await
        .unwrap()
        .expect("she is there");
    let text = serde_json::to_string(&export).unwrap();
    let not_held = found(text.as_bytes());
    let missing: Vec<_> = TRACES
        .into_iter()
        .filter(|t| !not_held.contains(t))
        .collect();
    assert!(missing.is_empty(), "the export lacks {missing:?}");
    assert_eq!(
        (
            export.merged.len(),
            export.sessions.len(),
            export.merges.len()
        ),
        (2, 2, 2)
    );
    let audited: Vec<&str> = export
        .audit
        .iter()
        .map(|entry| entry.action.as_str())
        .collect();
    assert!(
        audited.contains(&"profile.merge") && audited.contains(&"auth.verified"),
        "{audited:?}"
    );
    let nobody = profiles.export(ProfileId(Uuid::new_v4())).await.unwrap();
    assert!(nobody.is_none());

    let before = pg_dump(&test).await;
    assert!(
        found(&before).contains(&"sarahmoyo"),
        "the dump is one of this database"
    );
    profiles.erase(sarah.id, "admin").await.unwrap();
    let left = found(&pg_dump(&test).await);
    assert!(left.is_empty(), "pg_dump still holds {left:?}");
}

async fn assert_no_tool_call_is_stored(
    test: &TestDatabase,
    session_id: SessionId,
    key: &SessionKey,
) {
    let intent = NewToolCall {
        session_id,
        idempotency_key: Uuid::new_v4(),
        seq: 0,
        tool: "callback".into(),
        deed: true,
        arguments: json!("asked-for-tapir"),
        requested_at: chrono::Utc::now(),
    };
    let outcome = NewToolOutcome {
        session_id,
        idempotency_key: intent.idempotency_key,
        outcome: ToolOutcome::Success,
        result: json!("answered-gannet"),
        finished_at: chrono::Utc::now(),
    };
    let calls = ToolCallRepository::new(&test.db);
    assert!(!calls.begin(&intent.seal(key).unwrap()).await.unwrap());
    assert!(!calls.finish(&outcome.seal(key).unwrap()).await.unwrap());
}

#[tokio::test]
async fn what_comes_late_from_an_erased_person_is_dropped_and_counted() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sessions = SessionRepository::new(&test.db);
    let messages = MessageRepository::new(&test.db);
    let sarah = sarah(&test).await;
    let (stored, never_stored) = (
        NewSession {
            id: sarah.device,
            ..device_call()
        },
        device_call(),
    );
    let by_phone = phone_call();
    profiles.erase(sarah.id, "admin").await.unwrap();

    for stale in [&stored, &never_stored, &by_phone] {
        let key = test.db.keys().new_session_key().unwrap();
        let started = sessions.start(stale, &key).await.unwrap();
        assert!(
            started.erased,
            "a call of before the erasure was stored: {started:?}"
        );
        let late = messages
            .insert_batch(&sealed(&key, stale.id))
            .await
            .unwrap();
        assert_eq!(
            (late.new, late.erased, late.differing.len()),
            (0, 3, 0),
            "words of an erased call"
        );
        let summary = crate::support::summary_of(stale.id, 2);
        assert!(
            !ConversationSummaryRepository::new(&test.db)
                .upsert(&summary)
                .await
                .unwrap()
        );
        let callback = NewCallback {
            phone_number: Some("+263771234567".into()),
            reason: Some("ring-me-okapi".into()),
            ..NewCallback::new(Uuid::new_v4(), stale.id, chrono::Utc::now())
        };
        CallbackRepository::new(&test.db)
            .request(&callback)
            .await
            .unwrap();
        assert_no_tool_call_is_stored(&test, stale.id, &key).await;
    }
    assert!(
        found(&dump(&test).await).is_empty(),
        "a replay brought something back"
    );
    let dropped = rows(&test, "SELECT sum(dropped) AS n FROM erased_sessions").await;
    assert_eq!(
        dropped[0]["n"],
        3 * 8,
        "a start, three messages, a summary, a callback and a tool's two records of each"
    );
    assert_invariants(&test, "after a replay").await;

    let next = device_call();
    let fresh = call(&test.db, &next).await;
    assert!(
        !fresh.seen_before && fresh.hint.is_none(),
        "who calls again is a stranger: {fresh:?}"
    );
    let started = sessions.key(next.id).await.unwrap();
    assert!(started.is_some(), "and is recorded like any other");
}

#[tokio::test]
async fn an_erased_profile_is_neither_merged_nor_unmerged_nor_changed() {
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = sarah(&test).await;
    let parts = rows(
        &test,
        "SELECT id FROM user_profiles WHERE merged_into_profile_id IS NOT NULL",
    )
    .await;
    profiles.erase(sarah.id, "admin").await.unwrap();
    for part in parts {
        let part: ProfileId = serde_json::from_value(part["id"].clone()).unwrap();
        let outcome = profiles.unmerge(part, "admin", None).await.unwrap();
        assert_eq!(outcome, UnmergeOutcome::Erased);
    }
    let john = customer(&test.db, "john").await;
    let merged = profiles
        .merge_anonymous_to_authenticated(sarah.id, john, "x", None, true)
        .await;
    assert_eq!(merged.unwrap(), MergeOutcome::Erased);
    let patched = profiles
        .update_metadata(sarah.id, &json!({"a": 1}), &Origin::default())
        .await;
    assert_eq!(patched.unwrap(), None);
    assert_invariants(&test, "after refused changes").await;
}

#[tokio::test]
async fn the_audit_keeps_that_a_reason_was_given_and_the_merge_keeps_the_reason_until_it_is_erased()
{
    let test = TestDatabase::new().await;
    let profiles = ProfileRepository::new(&test.db);
    let sarah = customer(&test.db, "sarah").await;
    let device = call(&test.db, &web_session("device-one")).await.profile_id;
    let why = Some("sarah-reason-lynx");
    let merged = profiles.merge_anonymous_to_authenticated(device, sarah, "ann", why, false);
    assert!(merged.await.unwrap().is_merged());
    let undone = profiles.unmerge(device, "ann", why).await.unwrap();
    assert_eq!(undone, UnmergeOutcome::Unmerged);
    let again = profiles.unmerge(device, "ann", why).await.unwrap();
    assert_eq!(again, UnmergeOutcome::NotMerged);
    let given = rows(&test, "SELECT action, detail ->> 'reason_given' AS given FROM audit_log WHERE action ~ 'merge' ORDER BY id").await;
    assert_eq!(given.len(), 3);
    assert!(given.iter().all(|row| row["given"] == "true"), "{given:?}");
    let merge = profiles.history(device).await.unwrap().remove(0);
    assert_eq!(
        (merge.reason.as_deref(), merge.reverted_reason.as_deref()),
        (why, why)
    );
    let in_audit = count(&test, "SELECT FROM audit_log a WHERE a::text LIKE '%lynx%'").await;
    assert_eq!(in_audit, 0, "the audit cannot forget");
    profiles.erase(device, "ann").await.unwrap();
    assert!(found(&dump(&test).await).is_empty(), "the reason is gone");
    // Nor may a function of tomorrow pass a reason's words on.
    let passing = rows(&test, r"SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~* $$audit\([^;]*'reason', *(why|reason)$$").await;
    assert!(
        passing.is_empty(),
        "{passing:?} write reasons into the audit"
    );
}
