//! Both HTTP servers on free ports, for tests over real HTTP.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use database::{Database, DatabaseConfig};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use teller::config::HttpSettings;
use teller::http::{Pages, Servers, Topic};
use teller::metrics::Metrics;
use teller::worker::{
    ApiKeys, DrainConfig, NoLocks, ShutdownControl, Worker, WorkerConfig, shutdown,
};
use tokio_util::task::TaskTracker;

pub(crate) const LIVEKIT_URL: &str = "wss://lk.example.org";
pub(crate) const SECRET: &str = "a-secret-of-this-test-with-32-bytes";

/// Both servers, answering; they end with the test's runtime.
pub(crate) struct Site {
    pub(crate) pages: SocketAddr,
    health: SocketAddr,
    pub(crate) client: Client,
    pub(crate) control: ShutdownControl,
    pub(crate) metrics: Arc<Metrics>,
    _tasks: TaskTracker,
}

pub(crate) fn settings() -> HttpSettings {
    HttpSettings {
        bind: ([127, 0, 0, 1], 0).into(),
        health_bind: ([127, 0, 0, 1], 0).into(),
        web_dir: PathBuf::from("/nonexistent"),
        supervisor_key: Some("reads".into()),
        admin_key: Some("changes".into()),
        admin_database: None,
        tokens_per_minute: 1_000,
        trust_proxy: false,
        demo_messages: false,
    }
}

pub(crate) fn keys() -> ApiKeys {
    ApiKeys {
        key: "key".to_owned(),
        secret: SECRET.into(),
    }
}

/// A database that nobody listens for.
pub(crate) fn away() -> Database {
    let config = DatabaseConfig::new(
        "postgres://nobody@127.0.0.1:1/none",
        database::test_support::ephemeral_keys(),
    );
    Database::new(config).expect("the address is well formed")
}

pub(crate) async fn site(settings: HttpSettings, agent_name: &str, database: &Database) -> Site {
    serve(settings, agent_name, database, None).await
}

/// A site whose administrators have a database login of their own.
pub(crate) async fn administered_site(
    settings: HttpSettings,
    database: &Database,
    administration: Database,
) -> Site {
    serve(settings, "teller", database, Some(administration)).await
}

async fn serve(
    settings: HttpSettings,
    agent_name: &str,
    database: &Database,
    administration: Option<Database>,
) -> Site {
    let worker = WorkerConfig {
        url: LIVEKIT_URL.to_owned(),
        keys: keys(),
        agent_name: agent_name.to_owned(),
        slots: NonZeroUsize::MIN.saturating_add(3),
        drain: DrainConfig {
            grace: Duration::ZERO,
            farewell: Duration::ZERO,
        },
    };
    let metrics = Arc::new(Metrics::new());
    let worker = Worker::new(worker, Arc::clone(&metrics), NoLocks);
    let pages = Pages {
        livekit_public_url: LIVEKIT_URL.to_owned(),
        keys: keys(),
        agent_name: agent_name.to_owned(),
        bank_name: "Northwind Bank".to_owned(),
        speech_model: "tiny.en".to_owned(),
        language_model: None,
        authentication: true,
        topics: vec![Topic {
            id: "transfer".to_owned(),
            label: "Transfers".to_owned(),
        }],
    };
    let told = Arc::clone(&metrics);
    let servers = Servers::bind(&settings, pages, worker.health(), told, database).await;
    let mut servers = servers.expect("free ports");
    if let Some(administration) = administration {
        servers = servers.administered_through(administration);
    }
    let (pages, health) = (servers.pages_address(), servers.health_address());
    let (control, follower) = shutdown();
    let tasks = TaskTracker::new();
    tasks.spawn(servers.run(follower));
    Site {
        pages: pages.expect("bound"),
        health: health.expect("bound"),
        client: Client::new(),
        control,
        metrics,
        _tasks: tasks,
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
        let url = format!("http://{}/api/token", self.pages);
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
