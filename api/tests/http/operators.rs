//! The second server: health, worker and metrics.

use reqwest::StatusCode;
use serde_json::Value;

use crate::server::{away, serve, settings};

#[tokio::test]
async fn operators_see_health_worker_and_metrics() {
    let server = serve(settings(), &away()).await;
    let (status, why) = server.health("/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("not yet registered"), "{why}");
    let (status, worker) = server.health("/worker").await;
    assert_eq!(status, StatusCode::OK);
    let worker: Value = serde_json::from_str(&worker).expect("JSON");
    assert_eq!(worker["agent_name"], "teller");
    assert_eq!(worker["worker_type"], "JT_ROOM");
    assert_eq!(worker["active_jobs"], 0);
    assert_eq!(worker["project_type"], "rust");
    let (_, metrics) = server.health("/metrics").await;
    assert!(
        metrics.contains("# TYPE teller_http_requests_limited counter"),
        "{metrics}"
    );
}
