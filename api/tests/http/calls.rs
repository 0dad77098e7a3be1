//! `/v1/calls`, over a real database.

use database::{
    AuditRepository, MessageRepository, NewMessage, Role, Sentiment, SessionId, SummaryToken,
    TurnInsight, TurnInsightRepository, test_support::TestDatabase,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    records::{instant, store_session, store_summary},
    server::{away, error, serve, settings},
};

#[tokio::test]
async fn a_database_that_is_away_is_said_so_without_internals() {
    let server = serve(settings(), &away()).await;
    let token = SummaryToken::random();
    for path in [
        "/v1/calls".to_owned(),
        format!("/v1/summary/{}", token.expose()),
    ] {
        let response = server.get(&path, "reads").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(error(response).await, "the database is away");
    }
}

#[tokio::test]
async fn calls_are_listed_newest_first_by_pages_and_by_filters() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
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

    let first = server.json("/v1/calls?limit=2").await;
    let ids_of = |list: &Value| -> Vec<String> {
        let calls = list["calls"].as_array().expect("a list");
        calls
            .iter()
            .map(|c| c["session_id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids_of(&first), [ids[2].clone(), ids[1].clone()]);
    let cursor = first["next_cursor"].as_str().expect("a next page");
    let second = server
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
        ("topic=opening_hours", 1),
        ("topic=lost_book", 0),
        ("resolution=resolved", 1),
        ("authenticated=false", 3),
        ("authenticated=true", 0),
        ("from=2026-02-01T10:01:00Z", 2),
        ("to=2026-02-01T10:01:00Z", 1),
        ("from=&topic=&sentiment=", 3),
    ] {
        let list = server.json(&format!("/v1/calls?{query}")).await;
        assert_eq!(ids_of(&list).len(), found, "for {query}");
    }
    let response = server.get("/v1/calls?sentiment=happy", "reads").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(error(response).await.starts_with("sentiment:"));
}

fn insight(session_id: SessionId) -> TurnInsight {
    TurnInsight {
        session_id,
        seq: 0,
        source: "rules".to_owned(),
        version: 1,
        emotion: "worried".to_owned(),
        urgency: "critical".to_owned(),
        intent_category: "problem_solving".to_owned(),
        sentiment: -40,
        frustration: 3,
        causes: vec!["words".to_owned()],
        confidence: 61,
        topics: vec!["lost".to_owned()],
        pain_points: Vec::new(),
        opportunities: Vec::new(),
        objections: Vec::new(),
        actions: vec!["say_what_to_do_now".to_owned()],
        style: None,
        level: None,
        made_at: instant("2026-02-01T10:00:05Z"),
    }
}

#[tokio::test]
async fn opening_a_call_shows_its_record_and_is_audited() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let id = store_session(&test.db, 7, "2026-02-01T10:00:00Z").await;
    let at = instant("2026-02-01T10:00:05Z");
    let asked = NewMessage::new(id, 0, Role::User, "When do you open?", at);
    let mut answered = NewMessage::new(id, 1, Role::Assistant, "At nine.", at);
    answered.interrupted = true;
    answered.intent = Some("opening_hours".to_owned());
    answered.meta = json!({"latency": {"stt_ms": 120, "reply_ms": 800}, "model": "extractive",
        "sources": [{"title": "Opening hours", "source": "opening-hours", "score": 3.5},
            {"title": "Holidays", "source": "www.example.com", "score": 1.0, "origin": "web"}]});
    let stored = MessageRepository::new(&test.db)
        .insert(&[asked, answered])
        .await;
    stored.expect("the messages are stored");
    let read = TurnInsightRepository::new(&test.db);
    let read = read.insert(&[insight(id)]).await;
    assert_eq!(read.expect("what the turn says is stored"), 1);
    store_summary(&test.db, id, Sentiment::Neutral).await;

    let record = server.json(&format!("/v1/calls/{id}")).await;
    assert_eq!(record["call"]["session_id"], id.to_string());
    assert_eq!(record["end_reason"], "caller_hung_up");
    assert_eq!(record["summary"]["method"], "rules");
    let line = json!({"lost": 0.02, "concealed": 0.01, "jitter_ms": 4.5, "mos": 4.1});
    assert_eq!(record["line"], line);
    let info = json!({"primary_intent": "opening_hours", "user_name": "Sarah"});
    assert_eq!(record["summary"]["extracted_info"], info);
    assert_eq!(record["identity"]["profile_type"], "anonymous");
    assert_eq!(record["identity"]["auth_level"], Value::Null);
    assert_eq!(record["identity"]["merges"], json!([]));
    let messages = &record["messages"];
    assert_eq!(messages[0]["content"], "When do you open?");
    assert_eq!(messages[0]["role"], "user");
    assert_eq!(messages[0]["latency"], Value::Null);
    let insight = &messages[0]["insight"];
    assert_eq!(insight["emotion"], "worried");
    assert_eq!(insight["urgency"], "critical");
    assert_eq!(insight["sentiment"], -0.4);
    assert_eq!(insight["frustration"], 3);
    assert_eq!(insight["confidence"], "Medium");
    assert_eq!(insight["next_best_actions"], json!(["say_what_to_do_now"]));
    assert_eq!(messages[1]["insight"], Value::Null);
    assert_eq!(messages[1]["interrupted"], true);
    assert_eq!(messages[1]["latency"]["stt_ms"], 120);
    assert_eq!(messages[1]["sources"][0]["source"], "opening-hours");
    assert_eq!(messages[1]["sources"][0]["origin"], "pack");
    assert_eq!(messages[1]["sources"][1]["origin"], "web");

    let opened = server.get(&format!("/v1/calls/{id}"), "changes").await;
    assert_eq!(opened.status(), StatusCode::OK);
    for path in [
        "/v1/calls/nonsense",
        "/v1/calls/0190a1b2-0000-7000-8000-00000000ffff",
    ] {
        assert_eq!(
            server.get(path, "reads").await.status(),
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
