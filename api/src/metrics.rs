//! Series of the HTTP servers.

use prometheus_client::metrics::counter::Counter;
use record::series;

series! {
    /// What is counted of requests; clones count together.
    #[derive(Clone)]
    pub struct HttpMetrics {
        /// Requests refused by a rate limit
        pub(crate) limited: Counter = "http_requests_limited",
        /// Requests that showed a wrong supervisor's or administrator's key
        pub(crate) wrong_keys: Counter = "http_wrong_keys",
    }
}
