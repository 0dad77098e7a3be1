//! The second server, for operators: `/`, `/health`, `/worker` and `/metrics`.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::encoding::text::encode;
use serde::Serialize;

use crate::{
    WorkerView,
    worker::{WorkerState, report},
};

#[derive(Clone)]
struct Health {
    worker: WorkerView,
    agent_name: String,
}

/// The routes of the health server, as LiveKit's own agents have them.
pub(crate) fn router(worker: WorkerView, agent_name: String) -> Router {
    Router::new()
        .route("/", get(check))
        .route("/health", get(show_report))
        .route("/worker", get(show_worker))
        .route("/metrics", get(render))
        .with_state(Health { worker, agent_name })
}

async fn check(State(health): State<Health>) -> (StatusCode, String) {
    match (health.worker.status)().failure {
        None => (StatusCode::OK, "OK".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// 503 only where a restart or another worker would help: a database that is away is not a
/// reason to end calls, and neither is what a person has to look at.
async fn show_report(State(health): State<Health>) -> (StatusCode, Json<WorkerState>) {
    let (report, can_talk) = report(&health.worker);
    let code = if can_talk {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(report))
}

#[derive(Serialize)]
struct WorkerInfo {
    agent_name: String,
    worker_type: &'static str,
    worker_load: f32,
    active_jobs: usize,
    max_jobs: usize,
    sdk_version: &'static str,
    project_type: &'static str,
    /// What an operator should look at; empty when all is well.
    complaints: Vec<String>,
}

async fn show_worker(State(health): State<Health>) -> Json<WorkerInfo> {
    let status = (health.worker.status)();
    Json(WorkerInfo {
        agent_name: health.agent_name,
        worker_type: "JT_ROOM",
        worker_load: status.load,
        active_jobs: status.calls,
        max_jobs: status.max_calls,
        sdk_version: env!("CARGO_PKG_VERSION"),
        project_type: "rust",
        complaints: (health.worker.complaints)(),
    })
}

async fn render(State(health): State<Health>) -> Response {
    let mut text = String::new();
    if encode(&mut text, &health.worker.metrics).is_err() {
        // Writing to a String fails only if a metric's own encoder does.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, format)], text).into_response()
}
