//! The supervisor's interface and the caller's summary, over real HTTP and a
//! real database.

use std::time::Duration;

use crate::site::{away, error, settings, site};
use api::HttpConfig;
use chrono::{DateTime, Utc};
use database::testing::TestDatabase;
use database::{
    AuditRepository, Channel, ConversationSummaryRepository, Database, MessageRepository,
    NewMessage, NewSession, NewSummary, Resolution, Role, Sentiment, SessionEnd, SessionId,
    SessionRepository, SummaryToken, SummaryTokenRepository,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn only_the_supervisors_and_the_administrators_key_read_calls() {
    let site = site(settings(), "teller", &away()).await;
    for path in [
        "/v1/topics",
        "/v1/calls",
        "/v1/calls/0190a1b2-0000-7000-8000-000000000000",
    ] {
        for key in ["", "read", "reads2", "READS"] {
            let response = site.get(path, key).await;
            assert_eq!(
                response.status(),
                StatusCode::UNAUTHORIZED,
                "{path} with `{key}`"
            );
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
        }
    }
    for key in ["reads", "changes"] {
        let response = site.get("/v1/topics", key).await;
        assert_eq!(response.status(), StatusCode::OK, "with `{key}`");
        let topics: Value = response.json().await.expect("JSON");
        let expected = json!({"topics": [{"id": "transfer", "label": "Transfers"}]});
        assert_eq!(topics, expected);
    }
    let closed = HttpConfig {
        supervisor_key: None,
        admin_key: None,
        ..settings()
    };
    let closed = crate::site::site(closed, "teller", &away()).await;
    let response = closed.get("/v1/calls", "").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(error(response).await.contains("SUPERVISOR_KEY"));
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so_without_internals() {
    let site = site(settings(), "teller", &away()).await;
    let token = SummaryToken::random();
    for path in [
        "/v1/calls".to_owned(),
        format!("/v1/summary/{}", token.expose()),
    ] {
        let response = site.get(&path, "reads").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(error(response).await, "the database is away");
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

async fn store_session(db: &Database, n: u128, started_at: &str) -> SessionId {
    let id = SessionId(uuid::Uuid::from_u128(
        0x0190_a1b2_0000_7000_8000_0000_0000_0000 + n,
    ));
    let new = NewSession {
        id,
        room_id: format!("call-{n}"),
        participant_id: format!("web_{n}"),
        anonymous_id: Some(format!("device-{n}")),
        channel: Channel::Web,
        caller_number: None,
        worker_id: None,
        started_at: instant(started_at),
    };
    let started = SessionRepository::new(db).create_session(&new).await;
    started.expect("the session is stored");
    id
}

async fn store_summary(db: &Database, session_id: SessionId, sentiment: Sentiment) {
    let end = SessionEnd {
        reason: "caller_hung_up".to_owned(),
        ended_at: instant("2026-02-01T10:01:30Z"),
        metrics: json!({}),
    };
    let ended = SessionRepository::new(db)
        .end_session(session_id, &end)
        .await;
    ended.expect("the session ends");
    let summary = NewSummary {
        session_id,
        summary: "The caller inquired about transfers.".to_owned(),
        extracted_info: json!({"primary_intent": "transfer", "user_name": "Sarah"}),
        sentiment,
        resolution_status: Resolution::Resolved,
        topics: vec!["transfer".to_owned()],
        message_count: 2,
        duration_seconds: 90,
        method: "rules".to_owned(),
        method_version: "1".to_owned(),
        source_last_seq: Some(1),
        partial: false,
    };
    let stored = ConversationSummaryRepository::new(db)
        .upsert(&summary)
        .await;
    stored.expect("the summary is stored");
}

#[tokio::test]
async fn calls_are_listed_newest_first_by_pages_and_by_filters() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        let started_at = format!("2026-02-01T10:0{n}:00.123456Z");
        ids.push(store_session(&test.db, n, &started_at).await.to_string());
    }
    store_summary(
        &test.db,
        ids[0].parse().expect("an id"),
        Sentiment::Negative,
    )
    .await;

    let first = site.json("/v1/calls?limit=2").await;
    let ids_of = |list: &Value| -> Vec<String> {
        let calls = list["calls"].as_array().expect("a list");
        calls
            .iter()
            .map(|c| c["session_id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids_of(&first), [ids[2].clone(), ids[1].clone()]);
    let cursor = first["next_cursor"].as_str().expect("a next page");
    let second = site
        .json(&format!("/v1/calls?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(ids_of(&second), [ids[0].clone()]);
    assert_eq!(second["next_cursor"], Value::Null);
    let call = &second["calls"][0];
    assert_eq!(call["duration_seconds"], 90);
    assert_eq!(call["channel"], "web");
    assert_eq!(call["status"], "ended");
    assert_eq!(call["authenticated"], false);
    assert_eq!(call["resolution_status"], "resolved");

    for (query, found) in [
        ("sentiment=negative", 1),
        ("sentiment=positive", 0),
        ("topic=transfer", 1),
        ("topic=loan", 0),
        ("resolution=resolved", 1),
        ("authenticated=false", 3),
        ("authenticated=true", 0),
        ("from=2026-02-01T10:01:00Z", 2),
        ("to=2026-02-01T10:01:00Z", 1),
        ("from=&topic=&sentiment=", 3),
    ] {
        let list = site.json(&format!("/v1/calls?{query}")).await;
        assert_eq!(ids_of(&list).len(), found, "for {query}");
    }
    let response = site.get("/v1/calls?sentiment=happy", "reads").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(error(response).await.starts_with("sentiment:"));
}

#[tokio::test]
async fn opening_a_call_shows_its_record_and_is_audited() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
    let id = store_session(&test.db, 7, "2026-02-01T10:00:00Z").await;
    let at = instant("2026-02-01T10:00:05Z");
    let asked = NewMessage::new(id, 0, Role::User, "How do I send money?", at);
    let mut told = NewMessage::new(id, 1, Role::Assistant, "Dial *236#.", at);
    told.interrupted = true;
    told.intent = Some("transfer".to_owned());
    told.meta = json!({"latency": {"stt_ms": 120, "reply_ms": 800}, "model": "extractive",
        "sources": [{"title": "Transfers", "source": "transfers.md", "score": 3.5}]});
    let stored = MessageRepository::new(&test.db)
        .insert_readable(&[asked, told])
        .await;
    stored.expect("the messages are stored");
    store_summary(&test.db, id, Sentiment::Neutral).await;

    let record = site.json(&format!("/v1/calls/{id}")).await;
    assert_eq!(record["call"]["session_id"], id.to_string());
    assert_eq!(record["end_reason"], "caller_hung_up");
    assert_eq!(record["summary"]["method"], "rules");
    let info = json!({"primary_intent": "transfer", "user_name": "Sarah"});
    assert_eq!(record["summary"]["extracted_info"], info);
    assert_eq!(record["identity"]["profile_type"], "anonymous");
    assert_eq!(record["identity"]["auth_level"], Value::Null);
    assert_eq!(record["identity"]["merges"], json!([]));
    let messages = &record["messages"];
    assert_eq!(messages[0]["content"], "How do I send money?");
    assert_eq!(messages[0]["role"], "user");
    assert_eq!(messages[0]["latency"], Value::Null);
    assert_eq!(messages[1]["interrupted"], true);
    assert_eq!(messages[1]["latency"]["stt_ms"], 120);
    assert_eq!(messages[1]["sources"][0]["source"], "transfers.md");

    let opened = site.get(&format!("/v1/calls/{id}"), "changes").await;
    assert_eq!(opened.status(), StatusCode::OK);
    for path in [
        "/v1/calls/nonsense",
        "/v1/calls/0190a1b2-0000-7000-8000-00000000ffff",
    ] {
        assert_eq!(
            site.get(path, "reads").await.status(),
            StatusCode::NOT_FOUND
        );
    }
    let log = AuditRepository::new(&test.db)
        .list(None, 100)
        .await
        .expect("read");
    let openings: Vec<_> = log
        .iter()
        .filter(|row| row.action == "call.opened")
        .collect();
    let actors: Vec<_> = openings.iter().map(|row| row.actor.as_str()).collect();
    assert_eq!(actors, ["admin", "supervisor"]);
    let subject = openings[0].subject_id.clone();
    assert_eq!(subject, Some(id.to_string()));
}

#[tokio::test]
async fn a_caller_sees_the_own_summary_once() {
    let test = TestDatabase::new().await;
    let site = site(settings(), "teller", &test.db).await;
    let id = store_session(&test.db, 9, "2026-02-01T10:00:00Z").await;
    let token = SummaryToken::random();
    let saved = SummaryTokenRepository::new(&test.db)
        .save(&token, id, Duration::from_secs(600))
        .await;
    saved.expect("the token is stored");
    let path = format!("/v1/summary/{}", token.expose());

    let pending = site.get(&path, "").await;
    assert_eq!(pending.status(), StatusCode::ACCEPTED);
    let body: Value = pending.json().await.expect("JSON");
    assert_eq!(body, json!({"status": "pending"}));
    store_summary(&test.db, id, Sentiment::Positive).await;
    let shown = site.get(&path, "").await;
    assert_eq!(shown.status(), StatusCode::OK);
    assert_eq!(shown.headers()["cache-control"], "no-store");
    let body: Value = shown.json().await.expect("JSON");
    assert_eq!(body["summary"], "The caller inquired about transfers.");
    assert_eq!(body["sentiment"], "positive");
    assert_eq!(body["duration_seconds"], 90);
    assert_eq!(body["topics"], json!(["transfer"]));
    assert_eq!(site.get(&path, "").await.status(), StatusCode::GONE);

    let unknown = SummaryToken::random();
    let unknown = format!("/v1/summary/{}", unknown.expose());
    assert_eq!(site.get(&unknown, "").await.status(), StatusCode::GONE);
    let session = format!("/v1/summary/{id}");
    assert_eq!(site.get(&session, "").await.status(), StatusCode::NOT_FOUND);
}
