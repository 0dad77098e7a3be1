//! A person's history, what opening it leaves in the audit, and what needs a look, over real
//! HTTP and a real database.

use crate::merged::{SAID, audit, history, merged, part};
use crate::site::{away, settings, site};
use database::ProfileRepository;
use database::testing::TestDatabase;
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn a_history_tells_who_merged_what_when_and_why_and_what_was_refused() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
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
        let told = history(&site, asked, "reads").await;
        assert_eq!(told["profile"]["profile_id"], asked.to_string());
        let live = part(
            &told["live"],
            &["username", "total_sessions", "total_messages"],
        );
        assert_eq!(
            live,
            json!({"username": "sarah", "total_sessions": 2, "total_messages": 4})
        );
        assert_eq!(told["merged_profiles"], 1);
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
        let merges: Vec<Value> = told["merges"]
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
        let attempts = told["attempts"].as_array().unwrap().iter();
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
    let site = site(settings(), "teller", &test.db).await;
    let (_, sarah, session) = merged(&test).await;
    let record = site.json(&format!("/v1/calls/{session}")).await;
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
            site.get(&path, key).await.status(),
            status,
            "{path} with `{key}`"
        );
    }
    assert_eq!(audit(&test.db, "profile.opened").await, []);
    assert_eq!(history(&site, sarah, "reads").await["may_unmerge"], false);
    assert_eq!(history(&site, sarah, "changes").await["may_unmerge"], true);
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
    let site = site(settings(), "teller", &test.db).await;
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
        let response = site.get(&path, "reads").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let text = response.text().await.unwrap();
        assert!(
            !text.contains(SAID) && !text.contains("sarah"),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn what_an_operator_should_look_at_is_on_the_page_and_restarts_no_worker() {
    let site = site(settings(), "teller", &away()).await;
    for key in ["", "read"] {
        assert_eq!(
            site.get("/v1/worker", key).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    site.jobs.set_drift(3);
    site.jobs.set_parked(2);
    site.jobs.set_misplaced(1);
    let shown = site.json("/v1/worker").await;
    let (status, health) = site.health("/health").await;
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(shown, health, "people and operators are told the same");
    // This site has no LiveKit server: that alone is why it fails.
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let complaints = shown["complaints"].to_string();
    for part in [
        "3 counters differ",
        "2 summaries were given up",
        "1 messages have an id of no month",
    ] {
        assert!(
            complaints.contains(part),
            "`{part}` is missing: {complaints}"
        );
    }
    let (_, check) = site.health("/").await;
    assert!(
        !check.contains("summaries"),
        "the load balancer's check knows the link alone: {check}"
    );
}
