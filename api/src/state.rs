//! What every route may use.

use std::{net::IpAddr, sync::Arc};

use database::Database;
use tokio::sync::Semaphore;

use crate::{
    ApiError, HttpConfig, HttpMetrics, Pages, WorkerStatus, WorkerView,
    access::{Guesser, Keys},
    limit::{Limiter, Network},
};

/// A page polls for its summary every second or so, for a minute at most.
const SUMMARIES_PER_MINUTE: u32 = 120;
/// A person mistypes a few times. Ten a minute are 5 million guesses a year: too few for a long key.
const WRONG_KEYS_PER_MINUTE: u32 = 10;

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
    /// Whoever groups questions holds its one permit: it takes seconds of CPU beside the calls.
    pub(crate) groupings: Arc<Semaphore>,
}

#[derive(Debug)]
pub(crate) struct Limits {
    tokens: Limiter<Network>,
    summaries: Limiter<Network>,
    wrong_keys: Limiter<Guesser>,
}

impl Limits {
    pub(crate) fn new(tokens_per_minute: u32) -> Self {
        Self {
            tokens: Limiter::per_minute(tokens_per_minute),
            summaries: Limiter::per_minute(SUMMARIES_PER_MINUTE),
            wrong_keys: Limiter::per_minute(WRONG_KEYS_PER_MINUTE),
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

    /// Lets one request for a token through, or answers when to come again.
    pub(crate) fn limit_tokens(&self, address: IpAddr) -> Result<(), ApiError> {
        self.take(&self.limits.tokens, address)
    }

    /// The same for looks at a summary.
    pub(crate) fn limit_summaries(&self, address: IpAddr) -> Result<(), ApiError> {
        self.take(&self.limits.summaries, address)
    }

    fn take(&self, limiter: &Limiter<Network>, address: IpAddr) -> Result<(), ApiError> {
        limiter.take(address.into()).map_err(|retry_after| {
            self.metrics.limited.inc();
            ApiError::Limited { retry_after }
        })
    }

    /// Whether a key of this client's is looked at.
    pub(crate) fn may_show_key(&self, guesser: Guesser) -> Result<(), ApiError> {
        let look = self.limits.wrong_keys.look(guesser);
        look.map_err(|retry_after| {
            self.metrics.limited.inc();
            ApiError::KeysLimited { retry_after }
        })
    }

    /// Counts a wrong key, also against its client.
    pub(crate) fn wrong_key(&self, guesser: Guesser) -> ApiError {
        self.metrics.wrong_keys.inc();
        match self.limits.wrong_keys.take(guesser) {
            Ok(()) => ApiError::Unauthorized,
            // Requests of the same client came in between.
            Err(retry_after) => ApiError::KeysLimited { retry_after },
        }
    }

    /// Demonstration messages contain codes: they never leave the developer's machine.
    pub(crate) fn shows_demo_messages(&self) -> bool {
        self.config.demo_messages && self.config.bind.ip().is_loopback()
    }
}
