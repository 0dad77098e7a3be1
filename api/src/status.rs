//! `GET /v1/status`: what the caller's page shows before a call.

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/status", get(show))
}

/// What the caller's page says of this worker.
#[derive(Serialize)]
struct Status {
    ready: bool,
    agent_name: String,
    company_name: String,
    speech_model: String,
    language_model: Option<String>,
    authentication: bool,
    version: &'static str,
}

/// Answers whether a call would be taken, and by what.
async fn show(State(state): State<AppState>) -> Json<Status> {
    let pages = &state.pages;
    let worker = state.worker();
    Json(Status {
        ready: worker.registered && !worker.draining && !worker.paused,
        agent_name: pages.agent_name.clone(),
        company_name: pages.company_name.clone(),
        speech_model: pages.speech_model.clone(),
        language_model: pages.language_model.clone(),
        authentication: pages.authentication,
        version: env!("CARGO_PKG_VERSION"),
    })
}
