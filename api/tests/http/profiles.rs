//! `/v1/profiles`: a person's history, and what opening it leaves in the audit, over a real
//! database.

use database::{ProfileRepository, test_support::TestDatabase};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    people::{SAID, audit, history, merged, part},
    server::{serve, settings},
};

#[tokio::test]
async fn a_history_tells_who_merged_what_when_and_why_and_what_was_refused() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let profiles = ProfileRepository::new(&test.db);
    let bob = profiles
        .create_authenticated_profile("bob", None, None)
        .await
        .unwrap();
    let refused = profiles
        .merge_anonymous_to_authenticated(bob, sarah, "ann", Some("one person?"), false)
        .await;
    assert!(!refused.unwrap().is_merged());

    for asked in [sarah, device] {
        let person = history(&server, asked, "reads").await;
        assert_eq!(person["profile"]["profile_id"], asked.to_string());
        let live = part(
            &person["live"],
            &["username", "total_sessions", "total_messages"],
        );
        assert_eq!(
            live,
            json!({"username": "sarah", "total_sessions": 2, "total_messages": 4})
        );
        assert_eq!(person["merged_profiles"], 1);
        let names = [
            "source_id",
            "target_id",
            "outcome",
            "actor",
            "reason",
            "sessions_moved",
            "messages_moved",
            "undone_at",
            "in_force",
        ];
        let merges: Vec<Value> = person["merges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|merge| part(merge, &names))
            .collect();
        let line = |source, outcome, actor, reason, moved: (i32, i32), in_force| {
            json!({"source_id": source, "target_id": sarah, "outcome": outcome, "actor": actor, "reason": reason,
                   "sessions_moved": moved.0, "messages_moved": moved.1, "undone_at": null, "in_force": in_force})
        };
        assert_eq!(
            merges,
            [
                line(
                    bob,
                    "refused_source_authenticated",
                    "ann",
                    "one person?",
                    (0, 0),
                    false
                ),
                line(device, "merged", "caller", "code", (2, 4), true),
            ]
        );
        let attempts = person["attempts"].as_array().unwrap().iter();
        let outcomes: Vec<_> = attempts.map(|attempt| &attempt["outcome"]).collect();
        assert_eq!(
            outcomes,
            ["refused_source_authenticated", "merged"],
            "the audit's"
        );
    }
}

#[tokio::test]
async fn a_history_is_for_whoever_has_a_key_and_each_look_at_it_is_audited() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (_, sarah, session) = merged(&test).await;
    let record = server.json(&format!("/v1/calls/{session}")).await;
    assert_eq!(
        record["identity"]["profile_id"],
        sarah.to_string(),
        "a call's record leads to it"
    );
    let (known, nobody) = (format!("/v1/profiles/{sarah}"), uuid::Uuid::new_v4());
    for (path, key, status) in [
        (known.clone(), "", StatusCode::UNAUTHORIZED),
        (known, "read", StatusCode::UNAUTHORIZED),
        (
            "/v1/profiles/nonsense".to_owned(),
            "reads",
            StatusCode::NOT_FOUND,
        ),
        (
            format!("/v1/profiles/{nobody}"),
            "reads",
            StatusCode::NOT_FOUND,
        ),
    ] {
        assert_eq!(
            server.get(&path, key).await.status(),
            status,
            "{path} with `{key}`"
        );
    }
    assert_eq!(audit(&test.db, "profile.opened").await, []);
    assert_eq!(history(&server, sarah, "reads").await["may_unmerge"], false);
    assert_eq!(
        history(&server, sarah, "changes").await["may_unmerge"],
        true
    );
    let opened = audit(&test.db, "profile.opened").await;
    let actors: Vec<_> = opened.iter().map(|row| row.actor.as_str()).collect();
    assert_eq!(actors, ["admin", "supervisor"], "newest first");
    assert_eq!(opened[0].subject_id, Some(sarah.to_string()));
    let how = json!({"through": "GET /v1/profiles", "address": "127.0.0.1"});
    assert_eq!(opened[0].detail, how);
}

#[tokio::test]
async fn without_a_row_in_the_audit_nothing_is_opened() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (_, sarah, session) = merged(&test).await;
    test.client()
        .await
        .batch_execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$;
             CREATE TRIGGER full_disk BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION full_disk();",
        )
        .await
        .unwrap();
    for path in [
        format!("/v1/calls/{session}"),
        format!("/v1/profiles/{sarah}"),
    ] {
        let response = server.get(&path, "reads").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let text = response.text().await.unwrap();
        assert!(
            !text.contains(SAID) && !text.contains("sarah"),
            "{path}: {text}"
        );
    }
}
