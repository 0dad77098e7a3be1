//! How this worker stands, as whoever runs it reports it; and `GET /v1/worker`, which shows it
//! to supervisors.

use std::{fmt, sync::Arc};

use axum::{Json, Router, extract::State, routing::get};
use prometheus_client::registry::Registry;
use record::{RecordHealth, RecordStatus};
use serde::Serialize;

use crate::state::AppState;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/worker", get(show))
}

/// The worker at one moment.
#[derive(Clone, Debug)]
pub struct WorkerStatus {
    /// Registered with the LiveKit server right now.
    pub registered: bool,
    /// Why it cannot be sent callers, in words for the operator; `None` while it can. An outage
    /// that just began is no reason.
    pub failure: Option<String>,
    /// New calls are refused because it stops.
    pub draining: bool,
    /// New calls are refused because what they say could not be kept.
    pub paused: bool,
    /// As reported to the LiveKit server, 0 to 1.
    pub load: f32,
    /// Calls held and promised.
    pub calls: usize,
    /// Calls it takes at most.
    pub max_calls: usize,
}

/// What the servers show of the process they run in; cheap to clone.
#[derive(Clone)]
pub struct WorkerView {
    /// Asked at each request.
    pub status: Arc<dyn Fn() -> WorkerStatus + Send + Sync>,
    /// What an operator should look at beside the record; empty when all is well.
    pub complaints: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
    /// How the record stands.
    pub record: Option<RecordHealth>,
    /// Everything that Prometheus reads.
    pub metrics: Arc<Registry>,
}

impl fmt::Debug for WorkerView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerView")
    }
}

/// How the worker, its record and its upkeep stand.
#[derive(Serialize)]
pub(crate) struct Report {
    /// `ok`; `degraded` while it talks and there is something to look at; `failing`.
    status: &'static str,
    complaints: Vec<String>,
    takes_calls: bool,
    record: Option<RecordStatus>,
}

/// The report, and whether the worker can be sent callers.
pub(crate) fn report(view: &WorkerView) -> (Report, bool) {
    let record = view.record.as_ref().map(|record| record.status());
    let mut complaints = record
        .as_ref()
        .map_or_else(Vec::new, RecordStatus::complaints);
    complaints.extend((view.complaints)());
    let worker = (view.status)();
    let status = match (&worker.failure, complaints.is_empty()) {
        (Some(_), _) => "failing",
        (None, false) => "degraded",
        (None, true) => "ok",
    };
    let can_talk = worker.failure.is_none();
    complaints.extend(worker.failure);
    let report = Report {
        status,
        complaints,
        takes_calls: can_talk && !worker.paused,
        record,
    };
    (report, can_talk)
}

/// Answers how this worker and its record stand, as `/health` shows operators. 200 in any case: the
/// page shows it, nobody is restarted for it.
async fn show(State(state): State<AppState>) -> Json<Report> {
    let (report, _can_talk) = report(&state.worker);
    Json(report)
}
