//! `/v1/gaps`: what callers asked and nobody wrote down, and the draft, over real HTTP and a real database.

use std::sync::{Arc, Condvar, Mutex};

use api::{HttpConfig, KnowledgeView, LikeQuestions};
use chrono::{TimeDelta, Utc};
use database::{
    Channel, Database, DatabaseConfig, DraftRepository, MessageRepository, NewMessage, NewSession,
    ProfileRepository, Role, SessionId, SessionRepository, test_support::TestDatabase,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    people::audit,
    server::{
        Server, answer, away, error, knowledge, serve, serve_administered, serve_knowing, settings,
    },
};

const DOG: &str = "May I bring a dog?";
const PRINTING: &str = "library/printing";

/// A call in which these questions were asked, each a minute after the one before, and not answered.
async fn call(db: &Database, device: &str, questions: &[&str]) -> SessionId {
    let began = Utc::now() - TimeDelta::hours(1);
    let new = NewSession {
        id: SessionId::new(),
        room_id: "room".to_owned(),
        participant_id: format!("participant of {device}"),
        anonymous_id: Some(device.to_owned()),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: began,
    };
    let sessions = SessionRepository::new(db);
    sessions.create_session(&new).await.unwrap();
    let mut words = Vec::new();
    for (n, question) in (0..).zip(questions) {
        let at = began + TimeDelta::minutes(n.into());
        let asked = NewMessage::new(new.id, 2 * n, Role::User, *question, at);
        let mut reply = NewMessage::new(new.id, 2 * n + 1, Role::Assistant, "Sorry.", at);
        reply.meta = json!({"route": "knowledge", "sources": []});
        words.extend([asked, reply]);
    }
    MessageRepository::new(db).insert(&words).await.unwrap();
    new.id
}

async fn post(server: &Server, path: &str, key: &str, body: &Value) -> Response {
    answer(server.posting(path).bearer_auth(key).json(body)).await
}

fn adoption(session: SessionId, phrasing: &str) -> Value {
    json!({"actor": "Ann Moyo", "document": PRINTING, "phrasing": phrasing, "session_id": session})
}

async fn draft(server: &Server) -> Vec<Value> {
    let draft = server.json("/v1/gaps/draft").await;
    draft["lines"].as_array().expect("a list").clone()
}

/// A server whose administrators have a login of their own, as the worker's is one that only records.
async fn serve_as_workers(test: &TestDatabase) -> Server {
    let login = |role| {
        let url = test.url_as(role);
        Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap()
    };
    serve_administered(settings(), &login("app_writer"), login("identity_admin")).await
}

#[tokio::test]
async fn like_questions_are_one_gap_with_how_often_when_and_the_nearest_document() {
    let test = TestDatabase::new().await;
    let server = serve_as_workers(&test).await;
    let first = call(&test.db, "one", &[DOG, "print [number] pages", DOG]).await;
    let second = call(&test.db, "two", &["may I bring a dog?", "print 12 pages"]).await;
    let newest = first.max(second);

    let gaps = server.json("/v1/gaps").await;
    assert_eq!(gaps["questions"], 5);
    assert_eq!(
        (&gaps["more"], &gaps["may_adopt"]),
        (&json!(false), &json!(false))
    );
    let dog = &gaps["gaps"][0];
    assert_eq!((&dog["count"], &dog["nearest"]), (&json!(3), &Value::Null));
    let phrasings = dog["phrasings"].as_array().unwrap();
    assert_eq!(phrasings.len(), 1, "the same words are one phrasing: {dog}");
    assert_eq!(phrasings[0]["session_id"], newest.to_string());
    assert_eq!(phrasings[0]["unfit"], Value::Null);
    let last = dog["last_asked_at"].as_str().unwrap();
    let ago = Utc::now() - last.parse::<chrono::DateTime<Utc>>().unwrap();
    assert!(
        (57..=60).contains(&ago.num_minutes()),
        "the third question: {last}"
    );
    let print = &gaps["gaps"][1];
    assert_eq!(print["count"], 2);
    let near = json!({"source": PRINTING, "title": "Printing and scanning"});
    assert_eq!(print["nearest"], near);
    let unfit: Vec<_> = print["phrasings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["unfit"].as_str().unwrap())
        .collect();
    assert!(unfit.iter().any(|why| why.contains("digits")), "{unfit:?}");
    assert!(
        unfit.iter().any(|why| why.contains("brackets")),
        "{unfit:?}"
    );
    assert_eq!(gaps["documents"], json!([near]));

    let three = server.json("/v1/gaps?limit=3").await;
    assert_eq!(
        (&three["questions"], &three["more"]),
        (&json!(3), &json!(true))
    );
    let tomorrow = (Utc::now() + TimeDelta::days(1)).format("%FT%TZ");
    let none = server
        .json(&format!("/v1/gaps?since={tomorrow}&limit="))
        .await;
    assert_eq!((&none["questions"], &none["gaps"]), (&json!(0), &json!([])));
    for malformed in ["limit=0", "limit=501", "since=yesterday"] {
        let refused = server.get(&format!("/v1/gaps?{malformed}"), "reads").await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{malformed}");
    }
    let looks = audit(&test.db, "knowledge.gaps").await;
    assert_eq!(looks.len(), 3, "each look, and no malformed request");
    assert_eq!(looks[0].actor, "supervisor");
    let subject = (
        looks[0].subject_type.as_deref(),
        looks[0].subject_id.as_deref(),
    );
    assert_eq!(subject, (Some("pack"), Some("library")));
    assert_eq!(
        looks[0].detail,
        json!({"through": "GET /v1/gaps", "address": "127.0.0.1"})
    );
}

#[tokio::test]
async fn an_adopted_phrasing_is_a_line_of_the_draft_until_it_is_withdrawn() {
    let test = TestDatabase::new().await;
    let server = serve_as_workers(&test).await;
    let session = call(&test.db, "one", &[DOG]).await;
    let answer = server.get("/v1/gaps", "changes").await;
    let gaps: Value = answer.json().await.unwrap();
    assert_eq!(gaps["may_adopt"], true);
    for _ in 0..2 {
        let done = post(
            &server,
            "/v1/gaps/adopt",
            "changes",
            &adoption(session, " May I bring a dog? "),
        )
        .await;
        assert_eq!(done.status(), StatusCode::OK);
        let done: Value = done.json().await.unwrap();
        assert_eq!(done, json!({"document": PRINTING, "phrasing": DOG}));
    }
    let lines = draft(&server).await;
    assert_eq!(lines.len(), 1, "repeating changes nothing: {lines:?}");
    let line = &lines[0];
    assert_eq!(
        (
            &line["document"],
            &line["phrasing"],
            &line["session_id"],
            &line["adopted_by"]
        ),
        (
            &json!(PRINTING),
            &json!(DOG),
            &json!(session),
            &json!("Ann Moyo")
        )
    );
    let adopted = audit(&test.db, "knowledge.adopt").await;
    assert_eq!(adopted.len(), 2);
    assert_eq!(
        (adopted[0].actor.as_str(), adopted[0].subject_id.as_deref()),
        ("Ann Moyo", Some(PRINTING))
    );
    assert!(
        adopted
            .iter()
            .all(|row| !row.detail.to_string().contains("dog")),
        "no words in the audit"
    );
    let read = audit(&test.db, "knowledge.draft").await;
    assert_eq!((read.len(), read[0].actor.as_str()), (1, "supervisor"));

    let withdraw = json!({"actor": "Ann Moyo", "line": line["line"]});
    let refused = post(&server, "/v1/gaps/withdraw", "reads", &withdraw).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let unnamed = json!({"actor": " ", "line": line["line"]});
    let refused = post(&server, "/v1/gaps/withdraw", "changes", &unnamed).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(draft(&server).await.len(), 1);
    let done = post(&server, "/v1/gaps/withdraw", "changes", &withdraw).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert_eq!(draft(&server).await, Vec::<Value>::new());
    let again = post(&server, "/v1/gaps/withdraw", "changes", &withdraw).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    assert_eq!(audit(&test.db, "knowledge.withdraw").await.len(), 2);
}

#[tokio::test]
async fn a_line_of_the_draft_is_erased_with_its_caller() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let session = call(&test.db, "one", &[DOG]).await;
    let done = post(
        &server,
        "/v1/gaps/adopt",
        "changes",
        &adoption(session, DOG),
    )
    .await;
    assert_eq!(done.status(), StatusCode::OK);
    let stored = SessionRepository::new(&test.db).get(session).await.unwrap();
    let profiles = ProfileRepository::new(&test.db);
    profiles
        .erase(stored.unwrap().profile_id, "ann")
        .await
        .unwrap();
    assert_eq!(draft(&server).await, Vec::<Value>::new());
    assert_eq!(server.json("/v1/gaps").await["questions"], 0);
    let late = post(
        &server,
        "/v1/gaps/adopt",
        "changes",
        &adoption(session, DOG),
    )
    .await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_for_everybody_is_not_adopted_and_the_answer_says_what_is_accepted() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let session = call(&test.db, "one", &[DOG]).await;
    let with = |name: &str, value: Value| {
        let mut body = adoption(session, DOG);
        body[name] = value;
        body
    };
    for (body, reason) in [
        (with("actor", json!("")), "actor: "),
        (with("actor", json!("a\nb")), "actor: "),
        (with("phrasing", json!("my card 4711")), "no digits"),
        (
            with("phrasing", json!("my [card number]")),
            "square brackets",
        ),
        (with("phrasing", json!("")), "phrasing: "),
        (with("phrasing", json!("x".repeat(201))), "phrasing: "),
        (with("phrasing", json!("a\nb")), "phrasing: "),
        (with("document", json!("library/dogs")), "document: "),
        (with("session_id", json!("nonsense")), "session_id"),
        (with("pack", json!("library")), "pack"),
    ] {
        let refused = post(&server, "/v1/gaps/adopt", "changes", &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{body}");
        let text = error(refused).await;
        assert!(text.contains(reason), "{body}: {text}");
    }
    let nowhere = adoption(SessionId::new(), DOG);
    let refused = post(&server, "/v1/gaps/adopt", "changes", &nowhere).await;
    assert_eq!(refused.status(), StatusCode::NOT_FOUND);
    for (key, status) in [
        ("", StatusCode::UNAUTHORIZED),
        ("change", StatusCode::UNAUTHORIZED),
        ("reads", StatusCode::FORBIDDEN),
    ] {
        let refused = post(&server, "/v1/gaps/adopt", key, &adoption(session, DOG)).await;
        assert_eq!(refused.status(), status, "with `{key}`");
    }
    for path in ["/v1/gaps", "/v1/gaps/draft"] {
        let refused = server.get(path, "read").await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(draft(&server).await, Vec::<Value>::new());
    assert_eq!(audit(&test.db, "knowledge.gaps").await, []);
}

#[tokio::test]
async fn a_login_that_may_not_change_drafts_and_a_full_draft_are_said_in_words() {
    let test = TestDatabase::new().await;
    let session = call(&test.db, "one", &[DOG]).await;
    let url = test.url_as("app_writer");
    let worker = Database::new(DatabaseConfig::new(url, test.db.keys().clone())).unwrap();
    let server = serve(settings(), &worker).await;
    let refused = post(
        &server,
        "/v1/gaps/adopt",
        "changes",
        &adoption(session, DOG),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(error(refused).await.contains("ADMIN_DATABASE_URL"));
    assert_eq!(
        DraftRepository::new(&test.db)
            .lines("library")
            .await
            .unwrap(),
        []
    );

    let fill = "INSERT INTO draft_asks (pack, document, session_id, phrasing_ct, phrasing_bidx, adopted_by)
                SELECT 'library', 'd', $1, '\\x', sha256(n::text::bytea), 'ann' FROM generate_series(1, 1000) n";
    let client = test.client().await;
    client.execute(fill, &[&session.0]).await.unwrap();
    let server = serve(settings(), &test.db).await;
    let refused = post(
        &server,
        "/v1/gaps/adopt",
        "changes",
        &adoption(session, DOG),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert!(error(refused).await.contains("adopt-draft"));
}

#[tokio::test]
async fn without_a_row_in_the_audit_nothing_is_read_or_adopted() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let session = call(&test.db, "one", &[DOG]).await;
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
                  $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$;
                CREATE TRIGGER full_disk BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION full_disk();";
    test.client().await.batch_execute(full).await.unwrap();
    for path in ["/v1/gaps", "/v1/gaps/draft"] {
        let response = server.get(path, "reads").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("dog"), "{path}: {text}");
    }
    let refused = post(
        &server,
        "/v1/gaps/adopt",
        "changes",
        &adoption(session, DOG),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        DraftRepository::new(&test.db)
            .lines("library")
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn a_database_that_is_away_and_an_administrator_without_a_key_are_said_so() {
    let server = serve(settings(), &away()).await;
    for path in ["/v1/gaps", "/v1/gaps/draft"] {
        let response = server.get(path, "reads").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(error(response).await, "the database is away");
    }
    let off = HttpConfig {
        admin_key: None,
        ..settings()
    };
    let server = serve(off, &away()).await;
    let refused = post(
        &server,
        "/v1/gaps/adopt",
        "changes",
        &adoption(SessionId::new(), DOG),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(error(refused).await.contains("ADMIN_KEY is not set"));
}

/// Whether grouping has begun, and whether it may end.
#[derive(Default)]
struct Gate {
    begun_ended: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Gate {
    fn wait(&self, until: impl Fn(&(bool, bool)) -> bool) {
        let held = self.begun_ended.lock().unwrap();
        drop(
            self.changed
                .wait_while(held, |state| !until(state))
                .unwrap(),
        );
    }

    fn set(&self, change: impl FnOnce(&mut (bool, bool))) {
        change(&mut self.begun_ended.lock().unwrap());
        self.changed.notify_all();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_somebody_looks_the_next_one_is_asked_to_come_again_and_nothing_is_read() {
    let test = TestDatabase::new().await;
    call(&test.db, "one", &[DOG]).await;
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let slow = KnowledgeView {
        group: Arc::new(move |_| {
            held.set(|state| state.0 = true);
            held.wait(|state| state.1);
            Vec::new()
        }),
        ..knowledge()
    };
    let server = serve_knowing(slow, &test.db).await;
    let (begun, looking) = (Arc::clone(&gate), server.get("/v1/gaps", "reads"));
    let second = async {
        tokio::task::spawn_blocking(move || begun.wait(|state| state.0))
            .await
            .unwrap();
        let refused = server.get("/v1/gaps", "reads").await;
        gate.set(|state| state.1 = true);
        refused
    };
    let (first, refused) = tokio::join!(looking, second);
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(error(refused).await.contains("somebody else"));
    assert_eq!(audit(&test.db, "knowledge.gaps").await.len(), 1);
    let next = server.get("/v1/gaps", "reads").await;
    assert_eq!(next.status(), StatusCode::OK, "the turn was given back");
}

#[tokio::test]
async fn a_group_without_a_question_is_no_gap() {
    let test = TestDatabase::new().await;
    call(&test.db, "one", &[DOG]).await;
    let broken = KnowledgeView {
        group: Arc::new(|_| {
            let of = |asked| LikeQuestions {
                asked,
                nearest: None,
            };
            vec![of(Vec::new()), of(vec![7])]
        }),
        ..knowledge()
    };
    let server = serve_knowing(broken, &test.db).await;
    let gaps = server.json("/v1/gaps").await;
    assert_eq!(gaps["gaps"], json!([]));
}
