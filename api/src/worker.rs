//! How this worker stands, as whoever runs it reports it.

use std::{fmt, sync::Arc};

use prometheus_client::registry::Registry;

use record::RecordHealth;

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
