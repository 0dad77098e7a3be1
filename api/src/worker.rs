//! How this worker stands, as whoever runs it reports it; and `GET /v1/worker`, which shows it
//! to supervisors.

use std::{fmt, sync::Arc};

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use prometheus_client::registry::Registry;
use record::{RecordHealth, RecordStatus};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{knowledge::KnowledgeView, state::AppState, words::Fullness};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The worker at one moment.
#[derive(Clone, Debug)]
pub struct WorkerStatus {
    /// Registered with the LiveKit server right now.
    pub registered: bool,
    /// Why it cannot be sent callers, in words for the operator; `None` while it can. An outage
    /// that has just begun does not count.
    pub failure: Option<String>,
    /// New calls are refused because it stops.
    pub draining: bool,
    /// New calls are refused because their record could not be kept.
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
    /// What calls are answered from.
    pub knowledge: KnowledgeView,
    /// Everything that Prometheus reads.
    pub metrics: Arc<Registry>,
}

impl fmt::Debug for WorkerView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerView")
    }
}

/// How the worker, its record and its upkeep stand.
#[derive(Serialize, ToSchema)]
pub(crate) struct WorkerState {
    status: Condition,
    /// What somebody should look at, in words.
    complaints: Vec<String>,
    takes_calls: bool,
    record: Option<RecordState>,
}

/// `degraded` while it talks and there is something to look at; `failing`: it cannot be sent
/// callers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Condition {
    Ok,
    Degraded,
    Failing,
}

/// How the record of calls stands.
#[derive(Serialize, ToSchema)]
struct RecordState {
    spool: Fullness,
    spool_used_bytes: u64,
    spool_budget_bytes: u64,
    /// Records on the worker's disk that the database does not have yet.
    waiting: u64,
    /// Damaged places in the spool, since the start.
    damaged: u64,
    /// Records that wait for an administrator.
    dead_letters: usize,
    /// Calls with turns that are in memory alone.
    unsafe_calls: usize,
    /// Those turns.
    unsafe_turns: usize,
    database: DatabaseState,
}

/// Whether rows reach the database; `unknown` until the first one was sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
enum DatabaseState {
    Unknown,
    Up,
    Down {
        since: DateTime<Utc>,
        /// In words, without values of rows.
        why: String,
    },
}

impl From<RecordStatus> for RecordState {
    fn from(record: RecordStatus) -> Self {
        Self {
            spool: record.spool.into(),
            spool_used_bytes: record.spool_used_bytes,
            spool_budget_bytes: record.spool_budget_bytes,
            waiting: record.waiting,
            damaged: record.damaged,
            dead_letters: record.dead_letters,
            unsafe_calls: record.unsafe_calls,
            unsafe_turns: record.unsafe_turns,
            database: match record.database {
                record::DatabaseState::Unknown => DatabaseState::Unknown,
                record::DatabaseState::Up => DatabaseState::Up,
                record::DatabaseState::Down { since, why } => DatabaseState::Down { since, why },
            },
        }
    }
}

/// The report, and whether the worker can be sent callers.
pub(crate) fn report(view: &WorkerView) -> (WorkerState, bool) {
    let record = view.record.as_ref().map(|record| record.status());
    let mut complaints = record
        .as_ref()
        .map_or_else(Vec::new, RecordStatus::complaints);
    complaints.extend((view.complaints)());
    let worker = (view.status)();
    let status = match (&worker.failure, complaints.is_empty()) {
        (Some(_), _) => Condition::Failing,
        (None, false) => Condition::Degraded,
        (None, true) => Condition::Ok,
    };
    let can_talk = worker.failure.is_none();
    complaints.extend(worker.failure);
    let report = WorkerState {
        status,
        complaints,
        takes_calls: can_talk && !worker.paused,
        record: record.map(RecordState::from),
    };
    (report, can_talk)
}

/// How this worker and its record stand
///
/// The same as `/health` of the operators' server, but 200 in any case: a page shows it, nobody is
/// restarted for it.
#[utoipa::path(
    get,
    path = "/worker",
    tag = "worker",
    operation_id = "show_worker",
    responses((status = 200, description = "The state of this worker.", body = WorkerState))
)]
async fn show(State(state): State<AppState>) -> Json<WorkerState> {
    let (report, _can_talk) = report(&state.worker);
    Json(report)
}
