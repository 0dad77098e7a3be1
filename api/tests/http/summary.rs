//! `GET /v1/summary/{token}`, over a real database.

use std::time::Duration;

use database::{Sentiment, SummaryToken, SummaryTokenRepository, test_support::TestDatabase};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    records::{store_session, store_summary},
    server::{serve, settings},
};

#[tokio::test]
async fn a_caller_sees_the_own_summary_once() {
    let test = TestDatabase::new().await;
    let server = serve(settings(), &test.db).await;
    let id = store_session(&test.db, 9, "2026-02-01T10:00:00Z").await;
    let token = SummaryToken::random();
    let saved = SummaryTokenRepository::new(&test.db)
        .save(&token, id, Duration::from_secs(600))
        .await;
    saved.expect("the token is stored");
    let path = format!("/v1/summary/{}", token.expose());

    let pending = server.get(&path, "").await;
    assert_eq!(pending.status(), StatusCode::ACCEPTED);
    let body: Value = pending.json().await.expect("JSON");
    assert_eq!(body, json!({"status": "pending"}));
    store_summary(&test.db, id, Sentiment::Positive).await;
    let shown = server.get(&path, "").await;
    assert_eq!(shown.status(), StatusCode::OK);
    assert_eq!(shown.headers()["cache-control"], "no-store");
    let body: Value = shown.json().await.expect("JSON");
    assert_eq!(body["summary"], "The caller inquired about opening hours.");
    assert_eq!(body["sentiment"], "positive");
    assert_eq!(body["duration_seconds"], 90);
    assert_eq!(body["topics"], json!(["opening_hours"]));
    assert_eq!(server.get(&path, "").await.status(), StatusCode::GONE);

    let unknown = SummaryToken::random();
    let unknown = format!("/v1/summary/{}", unknown.expose());
    assert_eq!(server.get(&unknown, "").await.status(), StatusCode::GONE);
    let session = format!("/v1/summary/{id}");
    assert_eq!(
        server.get(&session, "").await.status(),
        StatusCode::NOT_FOUND
    );
}
