//! `GET /v1/status`.

use serde_json::Value;

use crate::server::{away, serve, settings};

#[tokio::test]
async fn the_status_names_the_company_and_the_models() {
    let server = serve(settings(), &away()).await;
    let status = server.json("/v1/status").await;
    assert_eq!(status["company_name"], "Harbour Library");
    assert_eq!(status["speech_model"], "tiny.en");
    assert_eq!(status["language_model"], Value::Null);
    assert_eq!(status["authentication"], true);
    assert_eq!(status["agent_name"], "teller");
    assert_eq!(status["ready"], false, "ready without a LiveKit server");
}
