//! Both HTTP servers, from an open port to the last answer.

use std::{net::SocketAddr, sync::Arc};

use database::Database;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    HttpConfig, HttpMetrics, Pages, WorkerView,
    access::Keys,
    health, router,
    state::{AppState, Limits},
};

/// Both servers, bound and not yet answering.
#[derive(Debug)]
pub struct Servers {
    pages: TcpListener,
    health: TcpListener,
    state: AppState,
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
        let state = AppState {
            limits: Arc::new(Limits::new(config.tokens_per_minute)),
            keys: Arc::new(Keys {
                supervisor: config.supervisor_key.clone(),
                admin: config.admin_key.clone(),
            }),
            config: Arc::new(config.clone()),
            pages: Arc::new(pages),
            metrics,
            database: database.clone(),
            administration,
            groupings: Arc::new(Semaphore::new(1)),
            worker,
        };
        Ok(Self {
            pages: bind(config.bind).await?,
            health: bind(config.health_bind).await?,
            state,
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
        let agent_name = self.state.pages.agent_name.clone();
        let health = health::router(self.state.worker.clone(), agent_name);
        let pages = router::router(self.state).into_make_service_with_connect_info::<SocketAddr>();
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
