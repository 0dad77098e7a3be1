//! Calls as they are on record.

use chrono::{DateTime, Utc};
use database::{
    Channel, ConversationSummaryRepository, Database, NewSession, NewSummary, Resolution,
    Sentiment, SessionEnd, SessionId, SessionRepository,
};
use serde_json::json;

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(crate) async fn store_session(db: &Database, n: u128, started_at: &str) -> SessionId {
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

pub(crate) async fn store_summary(db: &Database, session_id: SessionId, sentiment: Sentiment) {
    let end = SessionEnd {
        reason: "caller_hung_up".to_owned(),
        ended_at: instant("2026-02-01T10:01:30Z"),
        metrics: json!({"line": {"packets": 4000, "lost": 0.02, "concealed": 0.01, "jitter_ms": 4.5, "mos": 4.1}}),
    };
    let ended = SessionRepository::new(db)
        .end_session(session_id, &end, true)
        .await;
    ended.expect("the session ends");
    let summary = NewSummary {
        session_id,
        summary: "The caller inquired about opening hours.".to_owned(),
        extracted_info: json!({"primary_intent": "opening_hours", "user_name": "Sarah"}),
        sentiment,
        resolution_status: Resolution::Resolved,
        topics: vec!["opening_hours".to_owned()],
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
