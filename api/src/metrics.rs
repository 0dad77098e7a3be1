//! Series of the HTTP servers.

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// What is counted of requests; clones count together.
#[derive(Clone, Debug, Default)]
pub struct HttpMetrics {
    limited: Counter,
    wrong_keys: Counter,
}

impl HttpMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_requests_limited",
            "Requests refused by a rate limit",
            self.limited.clone(),
        );
        registry.register(
            "http_wrong_keys",
            "Requests that showed a wrong supervisor's or administrator's key",
            self.wrong_keys.clone(),
        );
    }

    /// A request was refused by a rate limit.
    pub(crate) fn request_limited(&self) {
        self.limited.inc();
    }

    /// A request showed a wrong key.
    pub(crate) fn wrong_key(&self) {
        self.wrong_keys.inc();
    }
}
