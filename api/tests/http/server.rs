//! Both HTTP servers on free ports. Every answer of the interface is compared with its description.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use api::{
    HttpConfig, HttpMetrics, KnowledgeView, LikeQuestions, PackDocument, Pages, Servers, TokenKeys,
    Topic, WorkerStatus, WorkerView,
};
use database::{Database, DatabaseConfig, test_support::ephemeral_keys};
use prometheus_client::registry::Registry;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::described;

pub(crate) const LIVEKIT_URL: &str = "wss://lk.example.org";
pub(crate) const SECRET: &str = "a-secret-of-this-test-with-32-bytes";

/// Both servers, answering; they end with the test's runtime.
pub(crate) struct Server {
    pages: SocketAddr,
    health: SocketAddr,
    client: Client,
    /// What an operator should look at.
    pub(crate) complaints: Arc<Mutex<Vec<String>>>,
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
    let config = DatabaseConfig::new("postgres://nobody@127.0.0.1:1/none", ephemeral_keys());
    Database::new(config).expect("the address is well formed")
}

pub(crate) async fn serve(settings: HttpConfig, database: &Database) -> Server {
    start(settings, "teller", database, None, knowledge()).await
}

/// A server whose rooms get an agent by automatic dispatch.
pub(crate) async fn serve_without_agent_name(settings: HttpConfig) -> Server {
    start(settings, "", &away(), None, knowledge()).await
}

/// A server whose administrators have a database login of their own.
pub(crate) async fn serve_administered(
    settings: HttpConfig,
    database: &Database,
    administration: Database,
) -> Server {
    let administration = Some(administration);
    start(settings, "teller", database, administration, knowledge()).await
}

/// A server that answers from something else than the library.
pub(crate) async fn serve_knowing(knowledge: KnowledgeView, database: &Database) -> Server {
    start(settings(), "teller", database, None, knowledge).await
}

/// A library with one document; questions that begin alike are one.
pub(crate) fn knowledge() -> KnowledgeView {
    let printing = PackDocument {
        source: "library/printing".to_owned(),
        title: "Printing and scanning".to_owned(),
    };
    KnowledgeView {
        pack: "library".to_owned(),
        documents: Arc::new([printing.clone()]),
        group: Arc::new(move |questions| {
            let begins = |with: &str| {
                let alike = |question: &str| question.to_lowercase().starts_with(with);
                let places = (0..).zip(questions);
                places
                    .filter_map(|(place, question)| alike(question).then_some(place))
                    .collect()
            };
            let like = |with, nearest| LikeQuestions {
                asked: begins(with),
                nearest,
            };
            let groups = [like("may", None), like("print", Some(printing.clone()))];
            groups
                .into_iter()
                .filter(|like| !like.asked.is_empty())
                .collect()
        }),
    }
}

async fn start(
    settings: HttpConfig,
    agent_name: &str,
    database: &Database,
    administration: Option<Database>,
    knowledge: KnowledgeView,
) -> Server {
    let metrics = HttpMetrics::default();
    let pages = Pages {
        livekit_public_url: LIVEKIT_URL.to_owned(),
        keys: TokenKeys {
            key: "key".to_owned(),
            secret: SECRET.into(),
        },
        agent_name: agent_name.to_owned(),
        company_name: "Harbour Library".to_owned(),
        speech_model: "tiny.en".to_owned(),
        language_model: None,
        authentication: true,
        recording: false,
        topics: vec![Topic {
            id: "opening_hours".to_owned(),
            label: "Opening hours".to_owned(),
        }],
    };
    let draining = Arc::new(AtomicBool::new(false));
    let complaints = Arc::new(Mutex::new(Vec::new()));
    let view = view(&metrics, knowledge, draining.clone(), complaints.clone());
    let servers = Servers::bind(&settings, pages, view, metrics, database, administration).await;
    let servers = servers.expect("free ports");
    let (pages, health) = (servers.pages_address(), servers.health_address());
    let tasks = TaskTracker::new();
    tasks.spawn(servers.run(CancellationToken::new()));
    Server {
        pages: pages.expect("bound"),
        health: health.expect("bound"),
        client: Client::new(),
        complaints,
        draining,
        _tasks: tasks,
    }
}

/// A worker that never reached its LiveKit server.
fn view(
    http: &HttpMetrics,
    knowledge: KnowledgeView,
    draining: Arc<AtomicBool>,
    complaints: Arc<Mutex<Vec<String>>>,
) -> WorkerView {
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
        complaints: Arc::new(move || complaints.lock().expect("nobody panicked").clone()),
        record: None,
        knowledge,
        metrics: Arc::new(metrics),
    }
}

impl Server {
    /// The port of the pages.
    pub(crate) fn port(&self) -> u16 {
        self.pages.port()
    }

    pub(crate) fn asking(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.pages))
    }

    pub(crate) fn posting(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.pages))
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> Response {
        answer(self.asking(path).bearer_auth(key)).await
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path, "reads").await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }

    pub(crate) async fn token(&self, body: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.posting("/v1/token").body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request).await
    }

    /// Asks the operators' server.
    pub(crate) async fn health(&self, path: &str) -> (StatusCode, String) {
        let url = format!("http://{}{path}", self.health);
        let response = self.client.get(url).send().await.expect("answers");
        (response.status(), response.text().await.expect("text"))
    }
}

/// Sends a request, and compares what is answered with the interface's description.
pub(crate) async fn answer(request: RequestBuilder) -> Response {
    let (client, request) = request.build_split();
    let request = request.expect("a well-formed request");
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.expect("the server answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.expect("the whole answer");
    described::check(method.as_str(), &path, status.as_u16(), &body);
    let mut answer = axum::http::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer.into()
}

pub(crate) async fn error(response: Response) -> String {
    let body: Value = response.json().await.expect("errors are JSON");
    body["error"]
        .as_str()
        .expect("errors have a text")
        .to_owned()
}
