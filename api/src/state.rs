//! What every route may use.

use std::{net::IpAddr, sync::Arc};

use database::Database;

use crate::{
    ApiError, HttpConfig, HttpMetrics, Pages, WorkerStatus, WorkerView,
    access::Keys,
    limit::{Limiter, Network},
};

/// A page polls for its summary every second or so, for a minute at most.
const SUMMARIES_PER_MINUTE: u32 = 120;

/// What every route may use; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    pub(crate) config: Arc<HttpConfig>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) worker: WorkerView,
    pub(crate) metrics: HttpMetrics,
    pub(crate) database: Database,
    /// Where administrators' changes go; `None`: through `database`.
    pub(crate) administration: Option<Database>,
}

#[derive(Debug)]
pub(crate) struct Limits {
    tokens: Limiter<Network>,
    summaries: Limiter<Network>,
}

impl Limits {
    pub(crate) fn new(tokens_per_minute: u32) -> Self {
        Self {
            tokens: Limiter::per_minute(tokens_per_minute),
            summaries: Limiter::per_minute(SUMMARIES_PER_MINUTE),
        }
    }
}

impl AppState {
    /// The login for what administrators change.
    pub(crate) fn administration(&self) -> &Database {
        self.administration.as_ref().unwrap_or(&self.database)
    }

    pub(crate) fn worker(&self) -> WorkerStatus {
        (self.worker.status)()
    }

    /// Lets one request for a token through, or returns when to come again.
    pub(crate) fn limit(&self, address: IpAddr) -> Result<(), ApiError> {
        self.take(&self.limits.tokens, address)
    }

    /// The same for looks at a summary.
    pub(crate) fn limit_summaries(&self, address: IpAddr) -> Result<(), ApiError> {
        self.take(&self.limits.summaries, address)
    }

    fn take(&self, limiter: &Limiter<Network>, address: IpAddr) -> Result<(), ApiError> {
        limiter.take(address.into()).map_err(|retry_after| {
            self.metrics.request_limited();
            ApiError::Limited { retry_after }
        })
    }

    /// Demonstration messages hold codes: never beyond the developer's machine.
    pub(crate) fn shows_demo_messages(&self) -> bool {
        self.config.demo_messages && self.config.bind.ip().is_loopback()
    }
}
