//! The second server, for operators: `/`, `/worker` and `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::worker::WorkerHealth;

#[derive(Clone)]
struct Health {
    worker: WorkerHealth,
    metrics: Arc<Metrics>,
}

/// The routes of the health server, as LiveKit's own agents have them.
pub(super) fn router(worker: WorkerHealth, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/", get(check))
        .route("/worker", get(show))
        .route("/metrics", get(render))
        .with_state(Health { worker, metrics })
}

async fn check(State(health): State<Health>) -> (StatusCode, String) {
    match health.worker.check(Instant::now()) {
        Ok(()) => (StatusCode::OK, "OK".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
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

async fn show(State(health): State<Health>) -> Json<WorkerInfo> {
    let slots = health.worker.slots();
    Json(WorkerInfo {
        agent_name: health.worker.agent_name().to_owned(),
        worker_type: "JT_ROOM",
        worker_load: slots.load(),
        active_jobs: slots.used(),
        max_jobs: slots.total(),
        sdk_version: env!("CARGO_PKG_VERSION"),
        project_type: "rust",
        complaints: health.metrics.upkeep.complaints(),
    })
}

async fn render(State(health): State<Health>) -> impl IntoResponse {
    let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, format)], health.metrics.render())
}
