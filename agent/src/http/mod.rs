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
mod profiles;
mod record;
mod status;
mod summary;
mod token;
mod unmerge;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Router, middleware};
use database::Database;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tower_http::services::{ServeDir, ServeFile};

pub use error::ApiError;

use crate::config::HttpSettings;
use crate::metrics::Metrics;
use crate::record::{Opener, RecordHealth};
use crate::worker::{ApiKeys, Phase, Shutdown, WorkerHealth};
use access::{Keys, client_address};
use demo::Outbox;
use limit::Limiter;

/// No request of ours has a large body.
const BODY_BYTES: usize = 16 << 10;
/// A page polls for its summary every second or so, for a minute at most.
const SUMMARIES_PER_MINUTE: u32 = 120;

/// What the pages tell of this deployment.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The LiveKit server as browsers reach it.
    pub livekit_public_url: String,
    /// Signs callers' tokens.
    pub keys: ApiKeys,
    /// The agent that callers are dispatched to; empty with automatic dispatch.
    pub agent_name: String,
    /// Whose assistant this is.
    pub bank_name: String,
    /// The model that hears.
    pub speech_model: String,
    /// The model that answers; `None`: answers come from the documents.
    pub language_model: Option<String>,
    /// Whether a caller can authenticate.
    pub authentication: bool,
    /// The topics a call can have.
    pub topics: Vec<Topic>,
}

/// One topic of the bank's taxonomy.
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
    metrics: Arc<Metrics>,
}

impl Servers {
    /// Opens both ports.
    ///
    /// # Errors
    /// When a port cannot be opened; the error names its address.
    pub async fn bind(
        settings: &HttpSettings,
        pages: Pages,
        health: WorkerHealth,
        metrics: Arc<Metrics>,
        database: &Database,
    ) -> std::io::Result<Self> {
        let site = Site {
            limits: Arc::new(Limits::new(settings.tokens_per_minute)),
            settings: Arc::new(settings.clone()),
            pages: Arc::new(pages),
            metrics: Arc::clone(&metrics),
            database: database.clone(),
            administration: None,
            health,
            record: None,
            shutdown: None,
        };
        Ok(Self {
            pages: bind(settings.bind).await?,
            health: bind(settings.health_bind).await?,
            site,
            metrics,
        })
    }

    /// Health and status tell how the record stands.
    #[must_use]
    pub fn telling_of(mut self, record: RecordHealth) -> Self {
        self.site.record = Some(record);
        self
    }

    /// What administrators change goes through a login of its own, which may more than the worker's.
    #[must_use]
    pub fn administered_through(mut self, database: Database) -> Self {
        self.site.administration = Some(database);
        self
    }

    /// The address of the pages; the real port when 0 was asked for.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn pages_address(&self) -> std::io::Result<SocketAddr> {
        self.pages.local_addr()
    }

    /// The address of the health server.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn health_address(&self) -> std::io::Result<SocketAddr> {
        self.health.local_addr()
    }

    /// Answers until the shutdown's last phase. While the worker drains, pages,
    /// summaries and health go on; new calls are refused.
    pub async fn run(self, shutdown: Shutdown) {
        let health = health::router(
            self.site.health.clone(),
            self.metrics,
            self.site.record.clone(),
        );
        let (mut one, mut two) = (shutdown.clone(), shutdown.clone());
        let site = Site {
            shutdown: Some(shutdown),
            ..self.site
        };
        let pages = router(site).into_make_service_with_connect_info::<SocketAddr>();
        let pages = axum::serve(self.pages, pages)
            .with_graceful_shutdown(async move { one.reached(Phase::Now).await });
        let health = axum::serve(self.health, health)
            .with_graceful_shutdown(async move { two.reached(Phase::Now).await });
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
    settings: Arc<HttpSettings>,
    pages: Arc<Pages>,
    limits: Arc<Limits>,
    health: WorkerHealth,
    metrics: Arc<Metrics>,
    database: Database,
    /// Where administrators' changes go; `None`: through `database`.
    administration: Option<Database>,
    record: Option<RecordHealth>,
    shutdown: Option<Shutdown>,
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
            supervisor: self.settings.supervisor_key.clone(),
            admin: self.settings.admin_key.clone(),
        }
    }

    /// The login for what administrators change.
    fn administration(&self) -> &Database {
        self.administration.as_ref().unwrap_or(&self.database)
    }

    /// Who opens something, for the audit log.
    fn opener<'a>(
        &self,
        actor: &'a str,
        through: &'static str,
        headers: &HeaderMap,
        peer: SocketAddr,
    ) -> Opener<'a> {
        Opener {
            actor,
            through,
            address: Some(client_address(headers, peer, self.settings.trust_proxy)),
        }
    }

    fn is_draining(&self) -> bool {
        let phase = self.shutdown.as_ref().map(Shutdown::phase);
        phase.is_some_and(|phase| phase > Phase::Running)
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
            self.metrics.http_request_limited();
            ApiError::Limited { retry_after }
        })
    }

    /// Demonstration messages hold codes: never beyond the developer's machine.
    fn shows_demo_messages(&self) -> bool {
        self.settings.demo_messages && self.settings.bind.ip().is_loopback()
    }
}

fn router(site: Site) -> Router {
    let policy = headers::content_security_policy(&site.pages.livekit_public_url);
    let mut router = Router::new()
        .route("/api/token", post(token::create))
        .route("/api/status", get(status::show))
        .route("/api/topics", get(status::topics))
        .route("/api/summary/{token}", get(summary::show))
        .route("/api/calls", get(calls::list))
        .route("/api/calls/{id}", get(calls::open))
        .route("/api/profiles/{id}", get(profiles::show))
        .route(
            "/api/profiles/{id}/unmerge",
            get(unmerge::preview).post(unmerge::create),
        )
        .route("/api/worker", get(status::worker))
        .route("/api/{*rest}", get(no_such_route).post(no_such_route));
    if site.shows_demo_messages() {
        let demo = get(demo::show).post(demo::receive);
        let demo = Router::new().route("/demo/messages", demo);
        router = router.merge(demo.with_state(Outbox::default()));
    }
    let files = ServeDir::new(&site.settings.web_dir);
    let supervisor = ServeFile::new(site.settings.web_dir.join("supervisor.html"));
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
