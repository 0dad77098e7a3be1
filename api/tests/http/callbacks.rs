//! `/v1/callbacks`: what was promised to callers, and who keeps it, over real HTTP and a real database.

use call::Reference;
use chrono::{DateTime, TimeDelta, Utc};
use database::{
    CallbackRepository, Database, DatabaseConfig, NewCallback, ProfileRepository,
    test_support::TestDatabase,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    people::{audit, call, part},
    server::{Server, answer, error, serve, serve_administered, settings},
};

/// A promise of a call of its own, due this many hours from now; its reference.
async fn promise(test: &TestDatabase, hours: i64) -> (NewCallback, String) {
    let device = format!("device {}", Uuid::new_v4());
    let session = call(&test.db, &device).await.0;
    let now = Utc::now();
    let new = NewCallback {
        kind: "late_delivery".to_owned(),
        phone_number: Some("+263771234567".to_owned()),
        reason: Some("the sofa".to_owned()),
        wanted: Some("after four".to_owned()),
        due_at: Some(now + TimeDelta::hours(hours)),
        ..NewCallback::new(Uuid::new_v4(), session, now)
    };
    let callbacks = CallbackRepository::new(&test.db);
    callbacks.request(&new).await.unwrap();
    let reference = Reference::of(new.id).to_string();
    (new, reference)
}

/// A server whose administrators have a login of their own, as the worker's is one that only records.
async fn serve_as_workers(test: &TestDatabase) -> Server {
    let login = |role| {
        let url = test.url_as(role);
        Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap()
    };
    serve_administered(settings(), &login("app_writer"), login("identity_admin")).await
}

async fn change(server: &Server, id: &str, what: &str, key: &str, body: &Value) -> Response {
    let path = format!("/v1/callbacks/{id}/{what}");
    answer(server.posting(&path).bearer_auth(key).json(body)).await
}

async fn references(server: &Server, query: &str) -> Vec<String> {
    let list = server.json(&format!("/v1/callbacks{query}")).await;
    let lines = list["callbacks"].as_array().expect("a list").iter();
    lines
        .map(|line| line["reference"].as_str().expect("a reference").to_owned())
        .collect()
}

#[tokio::test]
async fn what_was_promised_is_listed_with_what_was_asked_for_and_every_look_is_on_record() {
    let test = TestDatabase::new().await;
    let server = serve_as_workers(&test).await;
    let (new, late) = promise(&test, -1).await;
    let (_, soon) = promise(&test, 5).await;

    let list = server.json("/v1/callbacks").await;
    assert_eq!(
        (&list["may_change"], &list["next_cursor"]),
        (&json!(false), &Value::Null)
    );
    let line = &list["callbacks"][0];
    let expected = json!({
        "id": new.id, "reference": late, "kind": "late_delivery", "phone_number": "+263771234567", "reason": "the sofa",
        "wanted": "after four", "urgent": false, "overdue": true, "taken_at": null, "taken_by": null, "done_at": null,
        "done_by": null, "note": null, "session_id": new.session, "erased": false
    });
    let names: Vec<&str> = expected
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(part(line, &names), expected);
    let due: DateTime<Utc> = line["due_at"].as_str().unwrap().parse().unwrap();
    assert!(
        (due - new.due_at.unwrap()).abs() < TimeDelta::milliseconds(1),
        "{line}"
    );

    for (query, expected) in [
        ("?state=open&limit=", vec![&late, &soon]),
        ("?state=overdue", vec![&late]),
        ("?state=taken", vec![]),
        ("?state=done", vec![]),
        ("?state=all", vec![&soon, &late]),
    ] {
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!(references(&server, query).await, expected, "{query}");
    }
    let first = server.json("/v1/callbacks?limit=1").await;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = references(&server, &format!("?limit=1&cursor={cursor}")).await;
    assert_eq!(second, [soon]);
    for malformed in ["state=late", "limit=0", "limit=201", "cursor=1"] {
        let refused = server
            .get(&format!("/v1/callbacks?{malformed}"), "reads")
            .await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{malformed}");
    }
    let refused = server.get("/v1/callbacks", "read").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let looks = audit(&test.db, "callbacks.listed").await;
    assert_eq!(looks.len(), 8, "each look, and none that was refused");
    assert_eq!(looks[0].actor, "supervisor");
    let detail = json!({"through": "GET /v1/callbacks", "address": "127.0.0.1"});
    assert_eq!(looks[0].detail, detail);
}

#[tokio::test]
async fn one_person_takes_a_promise_and_another_hears_who_and_may_still_say_that_it_is_done() {
    let test = TestDatabase::new().await;
    let server = serve_as_workers(&test).await;
    let (new, reference) = promise(&test, 5).await;
    let id = new.id.to_string();
    let (ann, bea) = (
        json!({"actor": " Ann Moyo "}),
        json!({"actor": "Bea Ndlovu"}),
    );
    let taken = change(&server, &reference.to_lowercase(), "take", "changes", &ann).await;
    assert_eq!(taken.status(), StatusCode::OK);
    let refused = change(&server, &id, "take", "changes", &bea).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let text = error(refused).await;
    assert!(text.starts_with("Ann Moyo has it since 20"), "{text}");
    let taken = references(&server, "?state=taken").await;
    assert_eq!(taken, std::slice::from_ref(&reference));

    let done = json!({"actor": "Bea Ndlovu", "note": "it comes on Monday"});
    let done = change(&server, &id, "done", "changes", &done).await;
    assert_eq!(done.status(), StatusCode::OK);
    for what in ["take", "done"] {
        let refused = change(&server, &id, what, "changes", &ann).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT);
        let text = error(refused).await;
        assert!(text.starts_with("Bea Ndlovu has done it, 20"), "{text}");
    }
    let kept = server.json("/v1/callbacks?state=done").await;
    let names = ["taken_by", "done_by", "note", "overdue"];
    let expected = json!({
        "taken_by": "Ann Moyo", "done_by": "Bea Ndlovu", "note": "it comes on Monday", "overdue": false
    });
    assert_eq!(part(&kept["callbacks"][0], &names), expected);
    let mut changes = audit(&test.db, "callback.take").await;
    changes.extend(audit(&test.db, "callback.done").await);
    let who: Vec<&str> = changes.iter().map(|row| row.actor.as_str()).collect();
    assert_eq!(
        who,
        [
            "Ann Moyo",
            "Bea Ndlovu",
            "Ann Moyo",
            "Ann Moyo",
            "Bea Ndlovu"
        ]
    );
    for row in changes {
        assert_eq!(row.subject_id.as_deref(), Some(&*id));
        assert!(
            !row.detail.to_string().contains("Monday"),
            "a note in the audit"
        );
    }
    let all = server.get("/v1/callbacks", "changes").await;
    let all: Value = all.json().await.unwrap();
    assert_eq!(all["may_change"], true);
}

#[tokio::test]
async fn what_is_not_in_order_changes_nothing_and_the_answer_says_what_is_accepted() {
    let test = TestDatabase::new().await;
    let server = serve_as_workers(&test).await;
    let (_, reference) = promise(&test, 5).await;
    for (what, body, reason) in [
        ("take", json!({}), "actor: "),
        ("take", json!({"actor": "a\nb"}), "actor: "),
        ("take", json!({"actor": "Ann", "note": "x"}), "note"),
        ("done", json!({"actor": " "}), "actor: "),
        ("done", json!({"actor": "Ann", "note": "a\u{0}b"}), "note: "),
        (
            "done",
            json!({"actor": "Ann", "note": "x".repeat(501)}),
            "note: ",
        ),
    ] {
        let refused = change(&server, &reference, what, "changes", &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{what} {body}");
        let text = error(refused).await;
        assert!(text.contains(reason), "{what} {body}: {text}");
    }
    let ann = json!({"actor": "Ann"});
    for what in ["take", "done"] {
        for (key, status) in [
            ("", StatusCode::UNAUTHORIZED),
            ("change", StatusCode::UNAUTHORIZED),
            ("reads", StatusCode::FORBIDDEN),
        ] {
            let refused = change(&server, &reference, what, key, &ann).await;
            assert_eq!(refused.status(), status, "{what} with `{key}`");
        }
        for id in ["42", "AA000000", &Uuid::new_v4().to_string()] {
            let refused = change(&server, id, what, "changes", &ann).await;
            assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{what} {id}");
        }
    }
    assert_eq!(references(&server, "").await, [reference]);
    assert_eq!(
        references(&server, "?state=taken").await,
        Vec::<String>::new()
    );
    assert_eq!(audit(&test.db, "callback.take").await, []);
}

#[tokio::test]
async fn of_an_erased_caller_the_list_shows_that_and_nothing_else() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let (new, _) = promise(&test, -1).await;
    let sessions = database::SessionRepository::new(&test.db);
    let owner = sessions.get(new.session).await.unwrap().unwrap().profile_id;
    let profiles = ProfileRepository::new(&test.db);
    profiles.erase(owner, "ann").await.unwrap();
    assert_eq!(references(&server, "").await, Vec::<String>::new());
    let all = server.json("/v1/callbacks?state=all").await;
    let names = [
        "phone_number",
        "reason",
        "wanted",
        "note",
        "erased",
        "done_by",
    ];
    let expected = json!({
        "phone_number": null, "reason": null, "wanted": null, "note": null, "erased": true, "done_by": "erased"
    });
    assert_eq!(part(&all["callbacks"][0], &names), expected);
}
