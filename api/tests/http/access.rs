//! Which key opens what.

use api::HttpConfig;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::server::{away, error, serve, settings};

#[tokio::test]
async fn only_the_supervisors_and_the_administrators_key_read_calls() {
    let server = serve(settings(), &away()).await;
    for path in [
        "/v1/topics",
        "/v1/calls",
        "/v1/calls/0190a1b2-0000-7000-8000-000000000000",
    ] {
        for key in ["", "read", "reads2", "READS"] {
            let response = server.get(path, key).await;
            assert_eq!(
                response.status(),
                StatusCode::UNAUTHORIZED,
                "{path} with `{key}`"
            );
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
        }
    }
    for key in ["reads", "changes"] {
        let response = server.get("/v1/topics", key).await;
        assert_eq!(response.status(), StatusCode::OK, "with `{key}`");
        let topics: Value = response.json().await.expect("JSON");
        let expected = json!({"topics": [{"id": "opening_hours", "label": "Opening hours"}]});
        assert_eq!(topics, expected);
    }
    let closed = HttpConfig {
        supervisor_key: None,
        admin_key: None,
        ..settings()
    };
    let closed = serve(closed, &away()).await;
    let response = closed.get("/v1/calls", "").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(error(response).await.contains("SUPERVISOR_KEY"));
}
