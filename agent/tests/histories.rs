//! A person's history and taking a merge apart, over real HTTP and a real database: who may,
//! what has to be said, what is refused, and what the audit keeps of it.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up fails where it stands"
)]

#[path = "support/site.rs"]
mod support;

use chrono::{TimeDelta, Utc};
use database::testing::TestDatabase;
use database::{
    AuditEntry, AuditRepository, Channel, Database, DatabaseConfig, MessageRepository, NewMessage,
    NewSession, ProfileId, ProfileRepository, Role, SessionId, SessionRepository,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use support::{Site, away, error, settings, site};
use teller::config::HttpSettings;

const SAID: &str = "I lost my card on the way to Harare";

/// A call from this device with two messages; its profile.
async fn call(db: &Database, device: &str) -> (SessionId, ProfileId) {
    let id = SessionId::new();
    let new = NewSession {
        id,
        room_id: "room".to_owned(),
        participant_id: format!("participant of {device}"),
        anonymous_id: Some(device.to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: Utc::now() - TimeDelta::minutes(5),
    };
    let started = SessionRepository::new(db)
        .create_session(&new)
        .await
        .unwrap();
    let words = [
        NewMessage::new(id, 0, Role::User, SAID, Utc::now()),
        NewMessage::new(id, 1, Role::Assistant, "It is blocked now.", Utc::now()),
    ];
    let stored = MessageRepository::new(db).insert_readable(&words).await;
    assert_eq!(stored.unwrap(), 2);
    (id, started.profile_id)
}

/// A device with two calls, merged into the customer sarah; device, customer and one of the calls.
async fn merged(test: &TestDatabase) -> (ProfileId, ProfileId, SessionId) {
    let profiles = ProfileRepository::new(&test.db);
    let sarah = profiles
        .create_authenticated_profile("sarah", None, None)
        .await
        .unwrap();
    call(&test.db, "device-one").await;
    let (session, device) = call(&test.db, "device-one").await;
    let outcome = profiles
        .merge_anonymous_to_authenticated(device, sarah, "caller", Some("code"), false)
        .await;
    assert!(outcome.unwrap().is_merged());
    (device, sarah, session)
}

async fn ask(site: &Site, profile: ProfileId, key: &str, body: &Value) -> Response {
    let url = format!("http://{}/api/profiles/{profile}/unmerge", site.pages);
    let request = site.client.post(url).bearer_auth(key).json(body);
    request.send().await.expect("the server answers")
}

async fn history(site: &Site, profile: ProfileId, key: &str) -> Value {
    let response = site.get(&format!("/api/profiles/{profile}"), key).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.expect("JSON")
}

async fn audit(db: &Database, action: &str) -> Vec<AuditEntry> {
    let mut log = AuditRepository::new(db).list(None, 200).await.unwrap();
    log.retain(|row| row.action == action);
    log
}

/// The number of the merge that an administrator is asked to confirm.
async fn shown(site: &Site, profile: ProfileId) -> Value {
    let path = format!("/api/profiles/{profile}/unmerge");
    let response = site.get(&path, "changes").await;
    assert_eq!(response.status(), StatusCode::OK);
    response.json().await.expect("JSON")
}

#[tokio::test]
async fn a_history_tells_who_merged_what_when_and_why_and_what_was_refused() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
    let (device, sarah, session) = merged(&test).await;
    let profiles = ProfileRepository::new(&test.db);
    let bob = profiles
        .create_authenticated_profile("bob", None, None)
        .await
        .unwrap();
    let refused = profiles
        .merge_anonymous_to_authenticated(bob, sarah, "ann", Some("one person?"), false)
        .await;
    assert!(!refused.unwrap().is_merged());

    // From a call's record, by the profile it names.
    let record = site.json(&format!("/api/calls/{session}")).await;
    assert_eq!(record["identity"]["profile_id"], sarah.to_string());
    for asked in [sarah, device] {
        let told = history(&site, asked, "reads").await;
        assert_eq!(told["profile"]["profile_id"], asked.to_string());
        assert_eq!(told["live"]["username"], "sarah");
        assert_eq!(told["live"]["total_sessions"], 2);
        assert_eq!(told["merged_profiles"], 1);
        assert_eq!(told["may_unmerge"], false, "the supervisor's key reads");
        let [no, yes] = &told["merges"].as_array().unwrap()[..] else {
            panic!("two merges: {told:#}");
        };
        assert_eq!(yes["source_id"], device.to_string());
        assert_eq!(yes["target_id"], sarah.to_string());
        assert_eq!(
            (&yes["actor"], &yes["reason"]),
            (&json!("caller"), &json!("code"))
        );
        assert_eq!(
            (&yes["sessions_moved"], &yes["messages_moved"]),
            (&json!(2), &json!(4))
        );
        assert_eq!(
            (&yes["in_force"], &yes["undone_at"]),
            (&json!(true), &Value::Null)
        );
        assert_eq!(no["outcome"], "refused_source_authenticated");
        assert_eq!(
            (&no["actor"], &no["in_force"]),
            (&json!("ann"), &json!(false))
        );
        let outcomes: Vec<_> = told["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|attempt| attempt["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(
            outcomes,
            ["refused_source_authenticated", "merged"],
            "the audit's"
        );
    }
    let told = history(&site, sarah, "changes").await;
    assert_eq!(told["may_unmerge"], true);
    let bobs = history(&site, bob, "reads").await;
    assert_eq!(
        bobs["merges"].as_array().unwrap().len(),
        1,
        "the refused one alone"
    );

    for (path, key, status) in [
        (
            format!("/api/profiles/{sarah}"),
            "",
            StatusCode::UNAUTHORIZED,
        ),
        (
            format!("/api/profiles/{sarah}"),
            "read",
            StatusCode::UNAUTHORIZED,
        ),
        (
            "/api/profiles/nonsense".to_owned(),
            "reads",
            StatusCode::NOT_FOUND,
        ),
        (
            format!("/api/profiles/{}", uuid::Uuid::new_v4()),
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
    let opened = audit(&test.db, "profile.opened").await;
    assert_eq!(
        opened.len(),
        4,
        "each opening is audited, and nothing else is one"
    );
    assert_eq!(opened[0].detail["through"], "GET /api/profiles");
    assert_eq!(opened[0].detail["address"], "127.0.0.1");
}

#[tokio::test]
async fn unmerging_needs_the_administrators_key_a_name_and_a_confirmation() {
    let test = TestDatabase::new().await;
    let (device, sarah, _) = merged(&test).await;
    let good =
        |merge: &Value| json!({"actor": " Ann Moyo ", "reason": "shared phone", "confirm": merge});

    let off = HttpSettings {
        admin_key: None,
        ..settings()
    };
    let off = site(off, "teller", &test.db).await;
    for key in ["", "reads", "changes"] {
        let refused = ask(&off, device, key, &good(&json!(1))).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(error(refused).await.contains("ADMIN_KEY is not set"));
    }
    assert_eq!(history(&off, sarah, "reads").await["may_unmerge"], false);

    let site = site(settings(), "teller", &test.db).await;
    let parts = shown(&site, device).await;
    assert_eq!(
        (&parts["sessions"], &parts["messages"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(parts["from_username"], "sarah");
    let merge = parts["merge"].clone();
    for (key, status) in [
        ("", StatusCode::UNAUTHORIZED),
        ("change", StatusCode::UNAUTHORIZED),
        ("reads", StatusCode::FORBIDDEN),
    ] {
        let refused = ask(&site, device, key, &good(&merge)).await;
        assert_eq!(refused.status(), status, "with `{key}`");
        let path = format!("/api/profiles/{device}/unmerge");
        assert_eq!(site.get(&path, key).await.status(), status, "with `{key}`");
    }
    for (body, reason) in [
        (json!({"actor": "", "confirm": merge}), "actor: "),
        (json!({"actor": "  ", "confirm": merge}), "actor: "),
        (json!({"confirm": merge}), "actor: "),
        (json!({"actor": "a\nb", "confirm": merge}), "actor: "),
        (
            json!({"actor": "ann", "reason": "x".repeat(501), "confirm": merge}),
            "reason: ",
        ),
        (json!({"actor": "ann", "confirm": "yes"}), "confirm"),
        (json!({"actor": "ann", "confirmed": merge}), "confirmed"),
        (
            json!({"actor": "ann"}),
            "1 profiles with 2 calls and 4 messages leave",
        ),
    ] {
        let refused = ask(&site, device, "changes", &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body}");
        let text = error(refused).await;
        assert!(text.contains(reason), "{body}: {text}");
    }
    assert_eq!(audit(&test.db, "profile.unmerge").await, []);
    assert_eq!(history(&site, sarah, "reads").await["merged_profiles"], 1);

    let done = ask(&site, device, "changes", &good(&merge)).await;
    assert_eq!(done.status(), StatusCode::OK);
    let done: Value = done.json().await.unwrap();
    assert_eq!(
        (&done["outcome"], &done["merge"]),
        (&json!("unmerged"), &merge)
    );
    let told = history(&site, sarah, "reads").await;
    assert_eq!(told["merges"][0]["undone_by"], "Ann Moyo");
    assert_eq!(told["merges"][0]["in_force"], false);
    assert_eq!(told["attempts"][0]["action"], "profile.unmerge");
    assert_eq!(told["attempts"][0]["reason"], "shared phone");
    assert_eq!(told["live"]["total_sessions"], 0);
    assert_eq!(
        history(&site, device, "reads").await["live"]["total_sessions"],
        2
    );
    let [row] = &audit(&test.db, "profile.unmerge").await[..] else {
        panic!("one attempt was made");
    };
    assert_eq!(
        (row.actor.as_str(), &row.detail["merge"]),
        ("Ann Moyo", &merge)
    );
}

#[tokio::test]
async fn of_two_administrators_who_press_at_once_one_unmerges_and_both_are_audited() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let merge = shown(&site, device).await["merge"].clone();
    let body = |actor| json!({"actor": actor, "confirm": merge});
    let (ann_asks, joe_asks) = (body("ann"), body("joe"));
    let (ann, joe) = tokio::join!(
        ask(&site, device, "changes", &ann_asks),
        ask(&site, device, "changes", &joe_asks)
    );
    let mut statuses = [ann.status(), joe.status()];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::OK, StatusCode::CONFLICT]);
    let late = if ann.status() == StatusCode::OK {
        joe
    } else {
        ann
    };
    let late: Value = late.json().await.unwrap();
    assert_eq!(late["outcome"], "not_merged");
    assert!(
        late["error"].as_str().unwrap().contains("not merged"),
        "{late}"
    );
    let rows = audit(&test.db, "profile.unmerge").await;
    let mut actors: Vec<_> = rows.iter().map(|row| row.actor.as_str()).collect();
    actors.sort_unstable();
    assert_eq!(actors, ["ann", "joe"]);
    let told = history(&site, sarah, "reads").await;
    assert_eq!(
        told["attempts"].as_array().unwrap().len(),
        3,
        "the late one is shown too"
    );
    assert_eq!(told["live"]["total_sessions"], 0);
    assert_eq!(
        history(&site, device, "reads").await["live"]["total_sessions"],
        2
    );
}

#[tokio::test]
async fn what_was_confirmed_and_is_no_longer_so_is_refused_by_name() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let stale = shown(&site, device).await["merge"].clone();
    // Somebody else undoes it and merges it again meanwhile.
    let profiles = ProfileRepository::new(&test.db);
    profiles.unmerge(device, "joe", None).await.unwrap();
    let again = profiles
        .merge_anonymous_to_authenticated(device, sarah, "joe", None, false)
        .await;
    assert!(again.unwrap().is_merged());
    let mut refusals = vec![(device, stale, "refused_changed")];
    let (_, other) = call(&test.db, "device-two").await;
    refusals.push((other, json!(1), "not_merged"));
    refusals.push((ProfileId(uuid::Uuid::new_v4()), json!(1), "not_merged"));
    for (profile, confirm, outcome) in refusals {
        let body = json!({"actor": "ann", "confirm": confirm});
        let refused = ask(&site, profile, "changes", &body).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT, "{outcome}");
        let answer: Value = refused.json().await.unwrap();
        assert_eq!(answer["outcome"], outcome);
        let newest = audit(&test.db, "profile.unmerge").await.remove(0);
        assert_eq!(
            newest.detail["outcome"], outcome,
            "refused attempts are audited"
        );
        assert_eq!(newest.actor, "ann");
    }
    assert_eq!(
        history(&site, sarah, "reads").await["live"]["total_sessions"],
        2
    );

    let merge = shown(&site, device).await["merge"].clone();
    profiles.erase(sarah, "joe").await.unwrap();
    let body = json!({"actor": "ann", "confirm": merge});
    let refused = ask(&site, device, "changes", &body).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let answer: Value = refused.json().await.unwrap();
    assert_eq!(answer["outcome"], "refused_erased");
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
        format!("/api/calls/{session}"),
        format!("/api/profiles/{sarah}"),
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

/// A database login that is a member of this role and nothing more. Roles belong to the server.
async fn login(test: &TestDatabase, role: &str) -> Database {
    let (superuser, connection) =
        tokio_postgres::connect(&test.superuser_url(), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    let role_exists = format!(
        "DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    superuser.batch_execute(&role_exists).await.unwrap();
    let owner = test.client().await;
    owner.batch_execute("SELECT grant_roles()").await.unwrap();
    let url = test.superuser_url();
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-c%20role%3D{role}");
    Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap()
}

#[tokio::test]
async fn a_workers_own_login_unmerges_nobody_and_an_administrators_does() {
    let test = TestDatabase::new().await;
    let (device, sarah, _) = merged(&test).await;
    let worker = login(&test, "app_writer").await;
    let administrator = login(&test, "identity_admin").await;
    let body = json!({"actor": "ann", "confirm": 1});
    let plain = site(settings(), "teller", &worker).await;
    assert_eq!(history(&plain, sarah, "reads").await["merged_profiles"], 1);
    let refused = ask(&plain, device, "changes", &body).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(error(refused).await.contains("ADMIN_DATABASE_URL"));

    let site = support::administered_site(settings(), &worker, administrator).await;
    let merge = shown(&site, device).await["merge"].clone();
    let body = json!({"actor": "ann", "confirm": merge});
    let done = ask(&site, device, "changes", &body).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert_eq!(history(&site, sarah, "reads").await["merged_profiles"], 0);
}

#[tokio::test]
async fn what_an_operator_should_look_at_is_on_the_page_and_restarts_no_worker() {
    let site = site(settings(), "teller", &away()).await;
    for key in ["", "read"] {
        assert_eq!(
            site.get("/api/worker", key).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    site.metrics.upkeep.set_drift(3);
    site.metrics.upkeep.set_parked(2);
    site.metrics.upkeep.set_misplaced(1);
    let shown = site.json("/api/worker").await;
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
