//! Taking a merge apart over real HTTP and a real database: who may, what has to be said, what is
//! refused by name, and what the audit keeps of it.

use api::HttpConfig;
use database::{
    Database, DatabaseConfig, ProfileId, ProfileRepository, test_support::TestDatabase,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    people::{ask, audit, call, history, merged, part, shown},
    server::{error, serve, serve_administered, settings},
};

#[tokio::test]
async fn without_an_administrators_key_nothing_can_be_changed_and_that_is_said() {
    let test = TestDatabase::new().await;
    let (device, sarah, _) = merged(&test).await;
    let off = HttpConfig {
        admin_key: None,
        ..settings()
    };
    let server = serve(off, &test.db).await;
    let body = json!({"actor": "ann", "confirm": 1});
    for key in ["", "reads", "changes"] {
        let refused = ask(&server, device, key, &body).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(error(refused).await.contains("ADMIN_KEY is not set"));
    }
    let person = history(&server, sarah, "reads").await;
    assert_eq!(
        part(&person, &["may_unmerge", "merged_profiles"]),
        json!({"may_unmerge": false, "merged_profiles": 1})
    );
}

#[tokio::test]
async fn unmerging_needs_the_administrators_key_a_name_and_a_confirmation() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let merge = shown(&server, device).await["merge"].clone();
    let good = json!({"actor": "ann", "confirm": merge});
    for (key, status) in [
        ("", StatusCode::UNAUTHORIZED),
        ("change", StatusCode::UNAUTHORIZED),
        ("reads", StatusCode::FORBIDDEN),
    ] {
        let refused = ask(&server, device, key, &good).await;
        assert_eq!(refused.status(), status, "with `{key}`");
        let path = format!("/v1/profiles/{device}/unmerge");
        assert_eq!(
            server.get(&path, key).await.status(),
            status,
            "with `{key}`"
        );
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
        let refused = ask(&server, device, "changes", &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body}");
        let text = error(refused).await;
        assert!(text.contains(reason), "{body}: {text}");
    }
    assert_eq!(audit(&test.db, "profile.unmerge").await, []);
    assert_eq!(history(&server, sarah, "reads").await["merged_profiles"], 1);
}

#[tokio::test]
async fn an_unmerge_does_what_was_shown_and_the_audit_names_who_did_it() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let parts = shown(&server, device).await;
    let merge = parts["merge"].clone();
    let expected = json!({"merge": merge, "source": device, "from": sarah, "from_username": "sarah",
        "profiles": 1, "sessions": 2, "messages": 4});
    assert_eq!(parts, expected);
    let good = json!({"actor": " Ann Moyo ", "reason": "shared phone", "confirm": merge});
    let done = ask(&server, device, "changes", &good).await;
    assert_eq!(done.status(), StatusCode::OK);
    let done: Value = done.json().await.unwrap();
    assert_eq!(
        (&done["outcome"], &done["merge"]),
        (&json!("unmerged"), &merge)
    );
    let person = history(&server, sarah, "reads").await;
    assert_eq!(person["merges"][0]["undone_by"], "Ann Moyo");
    assert_eq!(person["merges"][0]["in_force"], false);
    assert_eq!(person["attempts"][0]["action"], "profile.unmerge");
    assert_eq!(person["merges"][0]["undone_reason"], "shared phone");
    assert_eq!(person["attempts"][0]["reason_given"], true);
    assert_eq!(person["live"]["total_sessions"], 0);
    assert_eq!(
        history(&server, device, "reads").await["live"]["total_sessions"],
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
    let server = serve(settings(), &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let merge = shown(&server, device).await["merge"].clone();
    let body = |actor| json!({"actor": actor, "confirm": merge});
    let (ann_asks, joe_asks) = (body("ann"), body("joe"));
    let (ann, joe) = tokio::join!(
        ask(&server, device, "changes", &ann_asks),
        ask(&server, device, "changes", &joe_asks)
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
    let person = history(&server, sarah, "reads").await;
    assert_eq!(
        person["attempts"].as_array().unwrap().len(),
        3,
        "the late one is shown too"
    );
    assert_eq!(person["live"]["total_sessions"], 0);
    assert_eq!(
        history(&server, device, "reads").await["live"]["total_sessions"],
        2
    );
}

#[tokio::test]
async fn what_was_confirmed_and_is_no_longer_so_is_refused_by_name() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (device, sarah, _) = merged(&test).await;
    let stale = shown(&server, device).await["merge"].clone();
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
        let refused = ask(&server, profile, "changes", &body).await;
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
        history(&server, sarah, "reads").await["live"]["total_sessions"],
        2
    );

    let merge = shown(&server, device).await["merge"].clone();
    profiles.erase(sarah, "joe").await.unwrap();
    let body = json!({"actor": "ann", "confirm": merge});
    let refused = ask(&server, device, "changes", &body).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let answer: Value = refused.json().await.unwrap();
    assert_eq!(answer["outcome"], "refused_erased");
}

/// A database login that is a member of this role and nothing more.
fn login(test: &TestDatabase, role: &str) -> Database {
    let config = DatabaseConfig::new(test.url_as(role), test.db.keys().clone());
    Database::new(config).unwrap()
}

#[tokio::test]
async fn a_workers_own_login_unmerges_nobody_and_an_administrators_does() {
    let test = TestDatabase::new().await;
    let (device, sarah, _) = merged(&test).await;
    let worker = login(&test, "app_writer");
    let administrator = login(&test, "identity_admin");
    let body = json!({"actor": "ann", "confirm": 1});
    let plain = serve(settings(), &worker).await;
    assert_eq!(history(&plain, sarah, "reads").await["merged_profiles"], 1);
    let refused = ask(&plain, device, "changes", &body).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(error(refused).await.contains("ADMIN_DATABASE_URL"));

    let server = serve_administered(settings(), &worker, administrator).await;
    let merge = shown(&server, device).await["merge"].clone();
    let body = json!({"actor": "ann", "confirm": merge});
    let done = ask(&server, device, "changes", &body).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert_eq!(history(&server, sarah, "reads").await["merged_profiles"], 0);
}
