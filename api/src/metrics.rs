//! Series of the HTTP servers.

use prometheus_client::{metrics::counter::Counter, registry::Registry};

/// What is counted of requests; clones count together.
#[derive(Clone, Debug, Default)]
pub struct HttpMetrics {
    limited: Counter,
}

impl HttpMetrics {
    /// Under the names that Prometheus reads.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "http_requests_limited",
            "Requests refused by the rate limit",
            self.limited.clone(),
        );
    }

    /// A request was refused by the rate limit.
    pub(crate) fn request_limited(&self) {
        self.limited.inc();
    }
}
