use database::{
    AuditRepository, ConversationSummaryRepository, MergeOutcome, Origin, ProfileId,
    ProfileRepository, SessionRepository,
    test_support::{TestDatabase, until},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    assert_invariants, call, count, customer, rows, summarise, talk, web_session,
};

async fn merge(test: &TestDatabase, a: ProfileId, b: ProfileId) -> MergeOutcome {
    ProfileRepository::new(&test.db)
        .merge_anonymous_to_authenticated(a, b, "tester", Some("test"), false)
        .await
        .expect("merging")
}

#[tokio::test]
async fn a_merge_moves_everything_and_counts_exactly() {
    let test = TestDatabase::new().await;
    let (session, anonymous) = talk(&test.db, "device-one", 4).await;
    summarise(&test.db, session, 3).await;
    talk(&test.db, "device-one", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    assert_eq!(merge(&test, anonymous, sarah).await, MergeOutcome::Merged);

    let profiles = ProfileRepository::new(&test.db);
    let (from, into) = (
        profiles.get_by_id(anonymous).await.unwrap().unwrap(),
        profiles.get_by_id(sarah).await.unwrap().unwrap(),
    );
    assert_eq!(
        (from.merged_into, from.total_sessions, from.total_messages),
        (Some(sarah), 0, 0)
    );
    assert_eq!(
        (into.merged_into, into.total_sessions, into.total_messages),
        (None, 2, 6)
    );
    let summaries = ConversationSummaryRepository::new(&test.db);
    assert_eq!(
        summaries.get_by_profile(sarah, None).await.unwrap().len(),
        1
    );
    assert_eq!(
        summaries
            .get_by_profile(anonymous, None)
            .await
            .unwrap()
            .len(),
        1,
        "the old id leads to the same person"
    );
    assert_eq!(
        rows(
            &test,
            "SELECT profile_id FROM profile_identifiers WHERE kind = 'anonymous_id'"
        )
        .await[0]["profile_id"],
        json!(sarah)
    );
    let history = profiles.history(sarah).await.unwrap();
    assert_eq!(
        (
            history.len(),
            history[0].sessions_moved,
            history[0].messages_moved
        ),
        (1, 2, 6)
    );
    assert_invariants(&test, "after a merge").await;
}

#[tokio::test]
async fn the_two_argument_form_works_by_hand() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 1).await;
    let sarah = customer(&test.db, "sarah").await;
    let client = test.client().await;
    for expected in ["merged", "already_merged"] {
        let row = client
            .query_one(
                &format!("SELECT merge_profiles('{anonymous}'::uuid, '{sarah}'::uuid)"),
                &[],
            )
            .await
            .unwrap();
        assert_eq!(row.get::<_, &str>(0), expected);
    }
}

#[tokio::test]
async fn repeating_a_merge_changes_nothing() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 3).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, anonymous, sarah).await;
    let state = "SELECT (SELECT jsonb_agg(to_jsonb(u) ORDER BY id) FROM user_profiles u) AS u,
                        (SELECT jsonb_agg(to_jsonb(s)) FROM agent_sessions s) AS s, (SELECT jsonb_agg(to_jsonb(m)) FROM profile_merges m) AS m";
    let before = rows(&test, state).await;
    for _ in 0..3 {
        assert_eq!(
            merge(&test, anonymous, sarah).await,
            MergeOutcome::AlreadyMerged
        );
    }
    assert_eq!(rows(&test, state).await, before);
}

#[tokio::test]
async fn rows_written_for_a_merged_profile_go_to_the_live_one() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 1).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, anonymous, sarah).await;
    let late = Uuid::now_v7();
    test.client()
        .await
        .execute("INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) VALUES ($1, 'r', 'p', $2)", &[&late, &anonymous])
        .await
        .unwrap();
    let stored = &rows(
        &test,
        &format!(
            "SELECT profile_id, origin_profile_id FROM agent_sessions WHERE session_id = '{late}'"
        ),
    )
    .await[0];
    assert_eq!(
        (&stored["profile_id"], &stored["origin_profile_id"]),
        (&json!(sarah), &json!(anonymous))
    );
    assert_invariants(&test, "after a late session").await;
}

#[tokio::test]
async fn a_merge_waits_for_a_caller_who_began_before_it() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 1).await;
    let sarah = customer(&test.db, "sarah").await;
    let mut slow = test.client().await;
    let transaction = slow.transaction().await.unwrap();
    transaction
        .execute("INSERT INTO session_rows (session_id, room_id, participant_id, profile_id) VALUES ($1, 'r', 'p', $2)", &[&Uuid::now_v7(), &anonymous])
        .await
        .unwrap();
    let merging = merge(&test, anonymous, sarah);
    let finish = async {
        let waiting = "SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
             WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = 7001 AND NOT l.granted";
        until("the merge waits for the lock", async || {
            count(&test, waiting).await == 1
        })
        .await;
        transaction.commit().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(merging, finish);
    assert_eq!(outcome, MergeOutcome::Merged);
    assert_eq!(
        ProfileRepository::new(&test.db)
            .get_by_id(sarah)
            .await
            .unwrap()
            .unwrap()
            .total_sessions,
        2
    );
    assert_invariants(&test, "after a merge that waited").await;
}

#[tokio::test]
async fn chains_are_flattened() {
    let test = TestDatabase::new().await;
    let (_, a) = talk(&test.db, "device-a", 1).await;
    let (_, b) = talk(&test.db, "device-b", 2).await;
    let sarah = customer(&test.db, "sarah").await;
    assert_eq!(merge(&test, a, b).await, MergeOutcome::Merged);
    assert_eq!(merge(&test, b, sarah).await, MergeOutcome::Merged);
    let profiles = ProfileRepository::new(&test.db);
    assert_eq!(
        profiles.get_by_id(a).await.unwrap().unwrap().merged_into,
        Some(sarah)
    );
    assert_eq!(
        merge(&test, b, a).await,
        MergeOutcome::AlreadyMerged,
        "both are Sarah: no cycle"
    );
    assert_invariants(&test, "after a chain").await;
}

#[tokio::test]
async fn merges_that_must_not_happen_are_refused_by_name_and_audited() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 1).await;
    let (sarah, john, gone) = (
        customer(&test.db, "sarah").await,
        customer(&test.db, "john").await,
        customer(&test.db, "gone").await,
    );
    let client = test.client().await;
    let profiles = ProfileRepository::new(&test.db);
    profiles.erase(gone, "tester").await.unwrap();
    let crowd = ProfileId(Uuid::new_v4());
    client.execute("INSERT INTO user_profiles (id, profile_type, anonymous_id) VALUES ($1, 'anonymous', 'anon_agent_7')", &[&crowd]).await.unwrap();
    let nobody = ProfileId(Uuid::new_v4());

    for (source, target, expected) in [
        (sarah, john, MergeOutcome::SourceAuthenticated),
        (sarah, anonymous, MergeOutcome::SourceAuthenticated),
        (anonymous, gone, MergeOutcome::Erased),
        (crowd, sarah, MergeOutcome::Blocked),
        (nobody, sarah, MergeOutcome::NotFound),
        (anonymous, nobody, MergeOutcome::NotFound),
        (anonymous, sarah, MergeOutcome::Merged),
        (anonymous, john, MergeOutcome::SourceAuthenticated), // it is Sarah now
    ] {
        assert_eq!(
            merge(&test, source, target).await,
            expected,
            "{source} into {target}"
        );
        let last = AuditRepository::new(&test.db)
            .list(None, 1)
            .await
            .unwrap()
            .remove(0);
        assert_eq!(
            (last.action.as_str(), last.actor.as_str()),
            ("profile.merge", "tester")
        );
        assert_eq!(
            (&last.detail["outcome"], &last.detail["target"]),
            (&json!(expected.as_str()), &json!(target))
        );
    }
    assert_invariants(&test, "after refusals").await;
}

#[tokio::test]
async fn an_administrator_may_join_two_customers() {
    let test = TestDatabase::new().await;
    let (sarah, john) = (
        customer(&test.db, "sarah").await,
        customer(&test.db, "john").await,
    );
    let forced = ProfileRepository::new(&test.db)
        .merge_anonymous_to_authenticated(john, sarah, "admin", None, true)
        .await
        .unwrap();
    assert_eq!(
        forced,
        MergeOutcome::Merged,
        "an administrator may join two customers"
    );
    assert_eq!(
        ProfileRepository::new(&test.db)
            .get_by_username("john")
            .await
            .unwrap()
            .unwrap()
            .id,
        sarah
    );
    assert_eq!(
        customer(&test.db, "john").await,
        sarah,
        "his name leads to the profile that holds him"
    );
    assert_invariants(&test, "after a forced merge").await;
}

#[tokio::test]
async fn traits_are_joined_with_their_origin() {
    let test = TestDatabase::new().await;
    let (session, anonymous) = talk(&test.db, "device-one", 3).await;
    let sarah = customer(&test.db, "sarah").await;
    let profiles = ProfileRepository::new(&test.db);
    let heard = Origin {
        session: Some(session),
        turn: Some(2),
        by: Some("summary".to_owned()),
    };
    let said = json!({"name": "Sally", "preferred_language": "en", "topics": ["loans", "cards"], "old": 1, "nothing": {"a": 1}});
    profiles
        .update_metadata(anonymous, &said, &heard)
        .await
        .unwrap();
    profiles
        .update_metadata(
            anonymous,
            &json!({"old": null, "nothing": {"b": 2}}),
            &heard,
        )
        .await
        .unwrap();
    profiles
        .update_metadata(
            sarah,
            &json!({"name": "Sarah", "topics": ["cards", "fees"]}),
            &Origin::default(),
        )
        .await
        .unwrap();
    merge(&test, anonymous, sarah).await;

    let stored = profiles.get_by_id(sarah).await.unwrap().unwrap();
    let expected = json!({"name": "Sarah", "preferred_language": "en", "topics": ["cards", "fees", "loans"], "nothing": {"a": 1, "b": 2}});
    assert_eq!(stored.metadata, expected);
    let language = &stored.provenance["preferred_language"];
    assert_eq!(
        (
            &language["profile"],
            &language["session"],
            &language["turn"]
        ),
        (&json!(anonymous), &json!(session), &json!(2))
    );
    assert_eq!(stored.provenance["name"]["profile"], json!(sarah));
    assert!(
        stored.provenance.get("old").is_none(),
        "a deleted key leaves no origin"
    );
}

#[tokio::test]
async fn a_patch_goes_to_the_live_profile_and_must_be_an_object() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 1).await;
    let sarah = customer(&test.db, "sarah").await;
    merge(&test, anonymous, sarah).await;
    let profiles = ProfileRepository::new(&test.db);
    let patched = profiles
        .update_metadata(anonymous, &json!({"name": "Sarah"}), &Origin::default())
        .await
        .unwrap();
    assert_eq!(patched, Some(json!({"name": "Sarah"})));
    assert_eq!(
        profiles.get_by_id(sarah).await.unwrap().unwrap().metadata,
        json!({"name": "Sarah"})
    );
    for bad in [Value::Null, json!([1]), json!("x")] {
        assert!(
            profiles
                .update_metadata(sarah, &bad, &Origin::default())
                .await
                .is_err(),
            "{bad} is no patch"
        );
    }
    let nobody = ProfileId(Uuid::new_v4());
    assert_eq!(
        profiles
            .update_metadata(nobody, &json!({}), &Origin::default())
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn authenticating_a_session_merges_its_profile_once() {
    let test = TestDatabase::new().await;
    let (sarah, john) = (
        customer(&test.db, "sarah").await,
        customer(&test.db, "john").await,
    );
    let sessions = SessionRepository::new(&test.db);
    let new = web_session("device-one");
    call(&test.db, &new).await;
    assert_eq!(
        sessions
            .authenticate(new.id, sarah, call::AuthLevel::OneTimeCode, "test")
            .await
            .unwrap(),
        MergeOutcome::Merged
    );
    assert_eq!(
        sessions
            .authenticate(new.id, sarah, call::AuthLevel::OneTimeCode, "test")
            .await
            .unwrap(),
        MergeOutcome::AlreadyMerged
    );
    assert_eq!(
        sessions
            .authenticate(new.id, john, call::AuthLevel::OneTimeCode, "test")
            .await
            .unwrap(),
        MergeOutcome::SourceAuthenticated
    );
    assert_eq!(
        sessions
            .authenticate(
                database::SessionId::new(),
                sarah,
                call::AuthLevel::OneTimeCode,
                "test"
            )
            .await
            .unwrap(),
        MergeOutcome::SessionNotFound
    );
    let session = sessions.get(new.id).await.unwrap().unwrap();
    assert_eq!(
        (session.profile_id, session.auth_level),
        (sarah, call::AuthLevel::OneTimeCode)
    );
}

#[tokio::test]
async fn a_snapshot_older_than_the_lock_is_refused() {
    let test = TestDatabase::new().await;
    let (_, anonymous) = talk(&test.db, "device-one", 1).await;
    let sarah = customer(&test.db, "sarah").await;
    let client = test.client().await;
    let (_, merged) = talk(&test.db, "device-two", 1).await;
    let profiles = ProfileRepository::new(&test.db);
    let done = profiles.merge_anonymous_to_authenticated(merged, sarah, "x", None, false);
    assert!(done.await.unwrap().is_merged());
    let attempts = [
        format!("SELECT merge_profiles('{anonymous}', '{sarah}')"),
        format!("SELECT unmerge_profile('{merged}')"),
        format!("SELECT erase_profile('{sarah}', 'x')"),
        "SELECT drain_merges(1)".to_owned(),
    ];
    for level in ["REPEATABLE READ", "SERIALIZABLE"] {
        for attempt in &attempts {
            let begin = format!("BEGIN ISOLATION LEVEL {level}");
            client.batch_execute(&begin).await.unwrap();
            let refused = client.batch_execute(attempt).await;
            let code = refused.err().and_then(|error| error.code().cloned());
            let expected = tokio_postgres::error::SqlState::INVALID_TRANSACTION_STATE;
            assert_eq!(code, Some(expected), "{level}: {attempt}");
            client.batch_execute("ROLLBACK").await.unwrap();
        }
    }
    for attempt in &attempts {
        let done = client.batch_execute(attempt).await;
        assert!(done.is_ok(), "at READ COMMITTED it is done: {attempt}");
    }
}

#[tokio::test]
async fn only_the_owner_may_merge() {
    let test = TestDatabase::new().await;
    let open = rows(
        &test,
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            AND p.proname IN ('merge_profiles', 'unmerge_profile', 'authenticate_session', 'refile')
            AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)",
    )
    .await;
    assert!(open.is_empty(), "anyone may execute {open:?}");
}
