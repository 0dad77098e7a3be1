//! Both HTTP servers on free ports, for tests over real HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::{HttpConfig, HttpMetrics, Pages, Servers, TokenKeys, Topic, WorkerStatus, WorkerView};
use database::{Database, DatabaseConfig};
use jobs::JobMetrics;
use prometheus_client::registry::Registry;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) const LIVEKIT_URL: &str = "wss://lk.example.org";
pub(crate) const SECRET: &str = "a-secret-of-this-test-with-32-bytes";

/// Both servers, answering; they end with the test's runtime.
pub(crate) struct Site {
    pub(crate) pages: SocketAddr,
    health: SocketAddr,
    pub(crate) client: Client,
    pub(crate) jobs: Arc<JobMetrics>,
    /// Set: the worker drains.
    pub(crate) draining: Arc<AtomicBool>,
    _tasks: TaskTracker,
}

pub(crate) fn settings() -> HttpConfig {
    HttpConfig {
        bind: ([127, 0, 0, 1], 0).into(),
        health_bind: ([127, 0, 0, 1], 0).into(),
        web_dir: PathBuf::from("/nonexistent"),
        supervisor_key: Some("reads".into()),
        admin_key: Some("changes".into()),
        tokens_per_minute: 1_000,
        trust_proxy: false,
        demo_messages: false,
    }
}

/// A database that nobody listens for.
pub(crate) fn away() -> Database {
    let config = DatabaseConfig::new(
        "postgres://nobody@127.0.0.1:1/none",
        database::testing::ephemeral_keys(),
    );
    Database::new(config).expect("the address is well formed")
}

pub(crate) async fn site(settings: HttpConfig, agent_name: &str, database: &Database) -> Site {
    serve(settings, agent_name, database, None).await
}

/// A site whose administrators have a database login of their own.
pub(crate) async fn administered_site(
    settings: HttpConfig,
    database: &Database,
    administration: Database,
) -> Site {
    serve(settings, "teller", database, Some(administration)).await
}

async fn serve(
    settings: HttpConfig,
    agent_name: &str,
    database: &Database,
    administration: Option<Database>,
) -> Site {
    let draining = Arc::new(AtomicBool::new(false));
    let metrics = HttpMetrics::default();
    let pages = Pages {
        livekit_public_url: LIVEKIT_URL.to_owned(),
        keys: TokenKeys {
            key: "key".to_owned(),
            secret: SECRET.into(),
        },
        agent_name: agent_name.to_owned(),
        company_name: "Northwind Bank".to_owned(),
        speech_model: "tiny.en".to_owned(),
        language_model: None,
        authentication: true,
        topics: vec![Topic {
            id: "transfer".to_owned(),
            label: "Transfers".to_owned(),
        }],
    };
    let jobs = Arc::new(JobMetrics::default());
    let view = view(&metrics, draining.clone(), jobs.clone());
    let servers = Servers::bind(&settings, pages, view, metrics, database, administration).await;
    let servers = servers.expect("free ports");
    let (pages, health) = (servers.pages_address(), servers.health_address());
    let tasks = TaskTracker::new();
    tasks.spawn(servers.run(CancellationToken::new()));
    Site {
        pages: pages.expect("bound"),
        health: health.expect("bound"),
        client: Client::new(),
        jobs,
        draining,
        _tasks: tasks,
    }
}

/// A worker that never reached its LiveKit server.
fn view(http: &HttpMetrics, draining: Arc<AtomicBool>, jobs: Arc<JobMetrics>) -> WorkerView {
    let mut metrics = Registry::default();
    http.register(metrics.sub_registry_with_prefix("teller"));
    WorkerView {
        status: Arc::new(move || WorkerStatus {
            registered: false,
            failure: Some("not yet registered with the LiveKit server".to_owned()),
            draining: draining.load(Ordering::Relaxed),
            paused: false,
            load: 0.0,
            calls: 0,
            max_calls: 4,
        }),
        complaints: Arc::new(move || jobs.complaints()),
        record: None,
        metrics: Arc::new(metrics),
    }
}

impl Site {
    pub(crate) async fn get(&self, path: &str, key: &str) -> Response {
        let url = format!("http://{}{path}", self.pages);
        let request = self.client.get(url).bearer_auth(key);
        request.send().await.expect("the server answers")
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path, "reads").await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }

    pub(crate) async fn token(&self, body: &str, headers: &[(&str, &str)]) -> Response {
        let url = format!("http://{}/v1/token", self.pages);
        let mut request = self.client.post(url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }

    pub(crate) async fn health(&self, path: &str) -> (StatusCode, String) {
        let url = format!("http://{}{path}", self.health);
        let response = self.client.get(url).send().await.expect("answers");
        (response.status(), response.text().await.expect("text"))
    }
}

pub(crate) async fn error(response: Response) -> String {
    let body: Value = response.json().await.expect("errors are JSON");
    body["error"]
        .as_str()
        .expect("errors have a text")
        .to_owned()
}
