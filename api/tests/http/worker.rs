//! `GET /v1/worker`.

use reqwest::StatusCode;
use serde_json::Value;

use crate::server::{away, serve, settings};

#[tokio::test]
async fn what_an_operator_should_look_at_is_on_the_page_and_restarts_no_worker() {
    let server = serve(settings(), &away()).await;
    for key in ["", "read"] {
        assert_eq!(
            server.get("/v1/worker", key).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let found = ["3 counters differ", "2 summaries were given up"].map(str::to_owned);
    *server.complaints.lock().unwrap() = found.to_vec();
    let shown = server.json("/v1/worker").await;
    let (status, health) = server.health("/health").await;
    let health: Value = serde_json::from_str(&health).unwrap();
    assert_eq!(shown, health, "people and operators see the same");
    // This server has no LiveKit server: that alone is why it fails.
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let complaints = shown["complaints"].to_string();
    for part in &found {
        assert!(
            complaints.contains(part),
            "`{part}` is missing: {complaints}"
        );
    }
    let (_, check) = server.health("/").await;
    assert!(
        !check.contains("summaries"),
        "the load balancer's check knows the link alone: {check}"
    );
}
