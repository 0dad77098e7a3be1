//! The second server, for operators: `/`, `/health`, `/worker` and `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::record::{RecordHealth, RecordStatus};
use crate::worker::WorkerHealth;

#[derive(Clone)]
struct Health {
    worker: WorkerHealth,
    metrics: Arc<Metrics>,
    record: Option<RecordHealth>,
}

/// The routes of the health server, as LiveKit's own agents have them.
pub(super) fn router(
    worker: WorkerHealth,
    metrics: Arc<Metrics>,
    record: Option<RecordHealth>,
) -> Router {
    Router::new()
        .route("/", get(check))
        .route("/health", get(tell))
        .route("/worker", get(show))
        .route("/metrics", get(render))
        .with_state(Health {
            worker,
            metrics,
            record,
        })
}

async fn check(State(health): State<Health>) -> (StatusCode, String) {
    match health.worker.check(Instant::now()) {
        Ok(()) => (StatusCode::OK, "OK".to_owned()),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
    }
}

/// All of it. The worker is `degraded` while it talks and there is something to look at.
#[derive(Serialize)]
pub(super) struct Told {
    status: &'static str,
    complaints: Vec<String>,
    takes_calls: bool,
    record: Option<RecordStatus>,
}

/// 503 only where a restart or another worker would help: a database that is away is no reason to
/// end calls, and neither is what a person has to look at.
async fn tell(State(health): State<Health>) -> (StatusCode, Json<Told>) {
    let (told, talks) = told(&health.worker, &health.metrics, health.record.as_ref());
    let code = if talks {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (code, Json(told))
}

/// How the worker, its record and the record's upkeep stand; and whether it can talk.
pub(super) fn told(
    worker: &WorkerHealth,
    metrics: &Metrics,
    record: Option<&RecordHealth>,
) -> (Told, bool) {
    let record = record.map(RecordHealth::status);
    let mut complaints = record
        .as_ref()
        .map_or_else(Vec::new, RecordStatus::complaints);
    complaints.extend(metrics.upkeep.complaints());
    let link = worker.check(Instant::now());
    let status = match (&link, complaints.is_empty()) {
        (Err(_), _) => "failing",
        (Ok(()), false) => "degraded",
        (Ok(()), true) => "ok",
    };
    let talks = link.is_ok();
    complaints.extend(link.err());
    let told = Told {
        status,
        complaints,
        takes_calls: talks && !worker.slots().is_paused(),
        record,
    };
    (told, talks)
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
