//! The pages and what they ask: tokens, status, summaries, the supervisor's
//! calls. A second server answers operators: health, worker, metrics.
//!
//! One file for each resource; `error.rs` maps failures to status codes.

mod access;
mod calls;
mod demo;
mod error;
mod headers;
mod health;
mod limit;
mod metrics;
mod profiles;
mod status;
mod summary;
mod token;

mod worker;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Router, middleware};
use database::Database;
use secrecy::SecretString;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower_http::services::{ServeDir, ServeFile};

pub use error::ApiError;
pub use metrics::HttpMetrics;
pub use token::TokenKeys;
pub use worker::{WorkerStatus, WorkerView};

use access::{Keys, client_address};
use demo::Outbox;
use limit::Limiter;
use record::AuditedReader;

/// No request of ours has a large body.
const BODY_BYTES: usize = 16 << 10;
/// A page polls for its summary every second or so, for a minute at most.
const SUMMARIES_PER_MINUTE: u32 = 120;

/// Bind addresses and keys of the HTTP servers.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Pages, tokens and the supervisor's interface.
    pub bind: SocketAddr,
    /// Health, worker state and metrics.
    pub health_bind: SocketAddr,
    /// Folder with the built pages.
    pub web_dir: PathBuf,
    /// Reads calls; unset closes the supervisor's interface.
    pub supervisor_key: Option<SecretString>,
    /// Changes things; every change carries a named actor.
    pub admin_key: Option<SecretString>,
    /// Requests for a token from one address in a minute.
    pub tokens_per_minute: u32,
    /// Believe `X-Forwarded-*` of the proxy in front.
    pub trust_proxy: bool,
    /// Keep messages that would have been sent and show them on the page; loopback only.
    pub demo_messages: bool,
}

/// What the pages show of this deployment.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The LiveKit server as browsers reach it.
    pub livekit_public_url: String,
    /// Signs callers' tokens.
    pub keys: TokenKeys,
    /// The agent that callers are dispatched to; empty with automatic dispatch.
    pub agent_name: String,
    /// Whose assistant this is.
    pub company_name: String,
    /// The model that hears.
    pub speech_model: String,
    /// The model that answers; `None`: answers come from the documents.
    pub language_model: Option<String>,
    /// Whether a caller can authenticate.
    pub authentication: bool,
    /// The topics a call can have.
    pub topics: Vec<Topic>,
}

/// One topic of the pack's taxonomy.
#[derive(Clone, Debug, Serialize)]
pub struct Topic {
    /// What a summary carries.
    pub id: String,
    /// What people read.
    pub label: String,
}

/// Both servers, bound and not yet answering.
#[derive(Debug)]
pub struct Servers {
    pages: TcpListener,
    health: TcpListener,
    site: Site,
}

impl Servers {
    /// Opens both ports. `administration` is the login for what administrators change, which may
    /// do more than the worker's; without one their changes go through `database` too.
    ///
    /// # Errors
    /// When a port cannot be opened; the error names its address.
    pub async fn bind(
        config: &HttpConfig,
        pages: Pages,
        worker: WorkerView,
        metrics: HttpMetrics,
        database: &Database,
        administration: Option<Database>,
    ) -> std::io::Result<Self> {
        let site = Site {
            limits: Arc::new(Limits::new(config.tokens_per_minute)),
            config: Arc::new(config.clone()),
            pages: Arc::new(pages),
            metrics,
            database: database.clone(),
            administration,
            worker,
        };
        Ok(Self {
            pages: bind(config.bind).await?,
            health: bind(config.health_bind).await?,
            site,
        })
    }

    /// The address of the pages; the real port when 0 was asked for.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn pages_address(&self) -> std::io::Result<SocketAddr> {
        self.pages.local_addr()
    }

    /// The address of the health server.
    ///
    /// # Errors
    /// When the system does not know it.
    pub fn health_address(&self) -> std::io::Result<SocketAddr> {
        self.health.local_addr()
    }

    /// Answers until `stop`. While the worker drains, pages, summaries and health go on; new calls
    /// are refused.
    pub async fn run(self, stop: CancellationToken) {
        let agent_name = self.site.pages.agent_name.clone();
        let health = health::router(self.site.worker.clone(), agent_name);
        let pages = router(self.site).into_make_service_with_connect_info::<SocketAddr>();
        let pages =
            axum::serve(self.pages, pages).with_graceful_shutdown(stop.clone().cancelled_owned());
        let health =
            axum::serve(self.health, health).with_graceful_shutdown(stop.cancelled_owned());
        let (pages, health) = tokio::join!(pages, health);
        for (server, outcome) in [("pages", pages), ("health", health)] {
            if let Err(error) = outcome {
                tracing::error!(server, %error, "an HTTP server ended");
            }
        }
    }
}

async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let named = |error: std::io::Error| {
        std::io::Error::new(error.kind(), format!("{address} cannot be opened: {error}"))
    };
    TcpListener::bind(address).await.map_err(named)
}

/// What every route may use; cheap to clone.
#[derive(Clone, Debug)]
struct Site {
    config: Arc<HttpConfig>,
    pages: Arc<Pages>,
    limits: Arc<Limits>,
    worker: WorkerView,
    metrics: HttpMetrics,
    database: Database,
    /// Where administrators' changes go; `None`: through `database`.
    administration: Option<Database>,
}

#[derive(Debug)]
struct Limits {
    tokens: Mutex<Limiter>,
    summaries: Mutex<Limiter>,
    since: Instant,
}

impl Limits {
    fn new(tokens_per_minute: u32) -> Self {
        Self {
            tokens: Mutex::new(Limiter::new(tokens_per_minute)),
            summaries: Mutex::new(Limiter::new(SUMMARIES_PER_MINUTE)),
            since: Instant::now(),
        }
    }
}

impl Site {
    fn keys(&self) -> Keys {
        Keys {
            supervisor: self.config.supervisor_key.clone(),
            admin: self.config.admin_key.clone(),
        }
    }

    /// The login for what administrators change.
    fn administration(&self) -> &Database {
        self.administration.as_ref().unwrap_or(&self.database)
    }

    /// Who opens something, for the audit log.
    fn audited<'a>(
        &self,
        actor: &'a str,
        through: &'static str,
        headers: &HeaderMap,
        peer: SocketAddr,
    ) -> AuditedReader<'a> {
        AuditedReader {
            actor,
            through,
            address: Some(client_address(headers, peer, self.config.trust_proxy)),
        }
    }

    fn worker(&self) -> WorkerStatus {
        (self.worker.status)()
    }

    /// Lets one request for a token through, or tells when to come again.
    fn limit(&self, address: IpAddr) -> Result<(), ApiError> {
        self.take(&self.limits.tokens, address)
    }

    /// The same for looks at a summary.
    fn limit_summaries(&self, address: IpAddr) -> Result<(), ApiError> {
        self.take(&self.limits.summaries, address)
    }

    fn take(&self, limiter: &Mutex<Limiter>, address: IpAddr) -> Result<(), ApiError> {
        let now = self.limits.since.elapsed();
        let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.take(address, now).map_err(|retry_after| {
            self.metrics.request_limited();
            ApiError::Limited { retry_after }
        })
    }

    /// Demonstration messages hold codes: never beyond the developer's machine.
    fn shows_demo_messages(&self) -> bool {
        self.config.demo_messages && self.config.bind.ip().is_loopback()
    }
}

fn router(site: Site) -> Router {
    let policy = headers::content_security_policy(&site.pages.livekit_public_url);
    let mut router = Router::new()
        .route("/api/token", post(token::create))
        .route("/api/status", get(status::show))
        .route("/api/topics", get(status::topics))
        .route("/api/summary/{token}", get(summary::show))
        .route("/api/calls", get(calls::list::list))
        .route("/api/calls/{id}", get(calls::list::open))
        .route("/api/profiles/{id}", get(profiles::history::show))
        .route(
            "/api/profiles/{id}/unmerge",
            get(profiles::unmerge::preview).post(profiles::unmerge::create),
        )
        .route("/api/worker", get(status::worker))
        .route("/api/{*rest}", get(no_such_route).post(no_such_route));
    if site.shows_demo_messages() {
        let demo = get(demo::show).post(demo::receive);
        let demo = Router::new().route("/demo/messages", demo);
        router = router.merge(demo.with_state(Outbox::default()));
    }
    let files = ServeDir::new(&site.config.web_dir);
    let supervisor = ServeFile::new(site.config.web_dir.join("supervisor.html"));
    router
        .route_service("/supervisor", supervisor)
        .with_state(site)
        .fallback_service(files)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn(move |request, next| {
            headers::add(policy.clone(), request, next)
        }))
}

async fn no_such_route() -> ApiError {
    ApiError::NotFound("this resource")
}
