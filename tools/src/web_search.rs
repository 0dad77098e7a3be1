//! Asks a search engine of one's own (SearXNG's JSON interface) what listed sites say.

mod budget;
mod page;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use call::AuthLevel;
use outbound::{Client, HostList, Limits, OutboundError, Request, Settings, StatusCode, Url};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec};
use budget::Budget;
pub use page::WebPage;

/// Longest query, in characters: a question, not a text.
const MAX_QUERY: usize = 200;
/// Bytes of an answer; a page of results has some 50 KB.
const MAX_ANSWER: usize = 1_000_000;
/// The registry gives up after the request has, so that its reason is known.
const GRACE: Duration = Duration::from_millis(500);

/// Where and how often the web is searched.
#[derive(Debug, Clone)]
pub struct WebSearchConfig {
    /// Asked as `GET {url}/search?q=…&format=json`.
    pub url: String,
    /// Searches of this process in any hour.
    pub per_hour: usize,
    /// From the request to the last byte of the answer.
    pub time: Duration,
    /// Sites whose results may be used, besides those that a pack names.
    pub sites: HostList,
}

/// Searches the web; cheap to clone. All clones share one budget.
#[derive(Debug, Clone)]
pub struct WebSearch {
    url: Url,
    time: Duration,
    sites: HostList,
    http: Client,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    budget: Mutex<Budget>,
    counts: [AtomicU64; 4],
}

/// How searches ended since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebUsage {
    /// A listed site had something.
    pub found: u64,
    /// None had.
    pub nothing: u64,
    /// No usable answer came, or none in time.
    pub failed: u64,
    /// None left, as the hour's budget was spent.
    pub over_budget: u64,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Found,
    Nothing,
    Failed,
    OverBudget,
}

impl WebSearch {
    /// Asks the engine of `config`.
    ///
    /// # Errors
    /// When the URL cannot be used or no HTTP client can be made (no TLS roots).
    pub fn new(config: WebSearchConfig) -> Result<Self, ToolError> {
        let failed = |error: &dyn std::fmt::Display| ToolError::Failed(error.to_string());
        let mut url = Url::parse(&config.url).map_err(|error| failed(&error))?;
        let no_host = || ToolError::Failed("the search engine's URL has no host".to_owned());
        // An engine of one's own lies in one's own network, and whoever set its URL allowed its host by name.
        let host = HostList::new([url.host_str().ok_or_else(no_host)?]);
        let settings = Settings {
            private_hosts: host.map_err(|error| failed(&error))?,
            ..Settings::default()
        };
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("search");
        }
        Ok(Self {
            url,
            time: config.time,
            sites: config.sites,
            http: Client::new(settings).map_err(|error| failed(&error))?,
            shared: Arc::new(Shared {
                budget: Mutex::new(Budget::new(config.per_hour)),
                counts: Default::default(),
            }),
        })
    }

    /// How searches ended so far.
    #[must_use]
    pub fn usage(&self) -> WebUsage {
        let count = |end: End| self.shared.counts[end as usize].load(Ordering::Relaxed);
        WebUsage {
            found: count(End::Found),
            nothing: count(End::Nothing),
            failed: count(End::Failed),
            over_budget: count(End::OverBudget),
        }
    }

    /// The search as a tool. `sites` are those that the pack names; `None` where neither it nor the settings name one:
    /// nothing that was found could be used.
    ///
    /// # Errors
    /// When one of the sites is no host.
    pub fn tool(&self, sites: &[String]) -> Result<Option<WebSearchTool>, ToolError> {
        let sites = HostList::new(sites).map_err(|error| ToolError::Failed(error.to_string()))?;
        if sites.is_empty() && self.sites.is_empty() {
            return Ok(None);
        }
        let spec = ToolSpec {
            name: WebSearchTool::NAME.to_owned(),
            description: "Searches listed sites of the web.".to_owned(),
            arguments: json!({
                "type": "object",
                "properties": { "query": { "type": "string", "minLength": 1, "maxLength": MAX_QUERY } },
                "required": ["query"],
                "additionalProperties": false,
            }),
            timeout: self.time + GRACE,
            effect: Effect::Reads,
            consent: false,
        };
        Ok(Some(WebSearchTool {
            spec,
            search: self.clone(),
            sites,
        }))
    }

    fn count(&self, end: End) {
        self.shared.counts[end as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn may_ask(&self) -> bool {
        let budget = self.shared.budget.lock();
        let mut budget = budget.unwrap_or_else(PoisonError::into_inner);
        budget.take(Instant::now())
    }

    async fn answer(&self, query: &str) -> Result<Vec<u8>, ToolError> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("q", query)
            .append_pair("format", "json");
        let request = Request::get(url).no_redirects().limits(Limits {
            bytes: MAX_ANSWER,
            time: self.time,
        });
        // No error of these names what was asked: of a URL they show the host alone.
        let failed = |error: OutboundError| ToolError::Failed(error.to_string());
        let answer = self.http.send(request).await.map_err(failed)?;
        match answer.status {
            StatusCode::OK => Ok(answer.body),
            other => Err(ToolError::Failed(format!(
                "the search engine answered {other}"
            ))),
        }
    }
}

/// The search as one conversation uses it.
#[derive(Debug, Clone)]
pub struct WebSearchTool {
    spec: ToolSpec,
    search: WebSearch,
    /// Of the pack.
    sites: HostList,
}

impl WebSearchTool {
    /// Its name in the registry. Takes `{"query": …}` and returns `{"pages": […]}`, each a [`WebPage`].
    pub const NAME: &'static str = "web_search";

    async fn search(&self, query: &str) -> Result<Value, ToolError> {
        let search = &self.search;
        if !search.may_ask() {
            search.count(End::OverBudget);
            let reason = "the web was searched often enough this hour (WEB_SEARCH_PER_HOUR)";
            return Err(ToolError::Declined(reason.to_owned()));
        }
        // A conversation that ends takes its search with it: that one failed.
        let mut counted = Counted {
            search,
            end: End::Failed,
        };
        let body = search.answer(query).await?;
        let is_listed = |host: &str| self.sites.contains(host) || search.sites.contains(host);
        let not_results = || ToolError::Failed("the search engine sent no results".to_owned());
        let pages = page::pages(&body, is_listed).ok_or_else(not_results)?;
        counted.end = if pages.is_empty() {
            End::Nothing
        } else {
            End::Found
        };
        Ok(json!({ "pages": pages }))
    }
}

/// Counts a search when it is over, however it ends.
struct Counted<'a> {
    search: &'a WebSearch,
    end: End,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.search.count(self.end);
    }
}

impl Tool for WebSearchTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::Anonymous
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        let query = call.arguments.get("query").and_then(Value::as_str);
        Box::pin(self.search(query.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests;
