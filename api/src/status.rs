//! `GET /v1/status`: what the caller's page shows before a call.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What the caller's page shows of this worker.
#[derive(Serialize, ToSchema)]
struct Status {
    /// A call would be taken now.
    ready: bool,
    /// The agent's name for dispatch; empty with automatic dispatch.
    agent_name: String,
    company_name: String,
    /// The model that recognises speech, such as `tiny.en`.
    speech_model: String,
    /// Null: answers come from the pack's documents alone.
    language_model: Option<String>,
    /// A caller can prove who they are.
    authentication: bool,
    /// Calls are recorded: the page says so before one begins.
    recording: bool,
    /// The worker's build.
    version: &'static str,
}

/// Whether a call would be taken, and by what
#[utoipa::path(
    get,
    path = "/status",
    tag = "callers",
    operation_id = "show_status",
    responses((status = 200, description = "The state of this worker.", body = Status))
)]
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
        recording: pages.recording,
        version: env!("CARGO_PKG_VERSION"),
    })
}
