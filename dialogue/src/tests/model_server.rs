//! A server with the OpenAI chat completion API, over real HTTP, that behaves as told.

use super::super::LlmConfig;
use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::{StreamExt, stream};
use secrecy::SecretString;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the server answers.
#[derive(Debug, Clone)]
pub(super) enum Behaviour {
    /// Streams these pieces, this far apart, and says that it is done.
    Tells(Vec<String>, Duration),
    /// Streams these pieces and closes the connection.
    BreaksOffAfter(Vec<String>),
    /// Streams these pieces and then nothing more, for ever.
    StallsAfter(Vec<String>),
    /// Never answers.
    Hangs,
    /// Answers with this status.
    Fails(StatusCode),
    /// Answers 200 with this body.
    Sends(String),
}

/// A running server.
pub(super) struct ModelServer {
    pub(super) url: String,
    /// The bodies of the requests so far.
    pub(super) asked: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl ModelServer {
    pub(super) async fn start(behaviour: Behaviour) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let answer = move |Json(body): Json<serde_json::Value>| {
            seen.lock().unwrap().push(body);
            respond(behaviour.clone())
        };
        let url = serve(Router::new().route("/v1/chat/completions", post(answer))).await;
        Self { url, asked }
    }

    /// A configuration that asks this server, impatiently.
    pub(super) fn config(&self) -> LlmConfig {
        LlmConfig {
            first_token_timeout: Duration::from_millis(400),
            total_timeout: Duration::from_millis(1_500),
            ..LlmConfig::new(
                format!("{}v1/", self.url),
                SecretString::from("key"),
                "small-model".to_owned(),
            )
        }
    }

    pub(super) fn requests(&self) -> Vec<serde_json::Value> {
        self.asked.lock().unwrap().clone()
    }
}

/// Serves until the test's runtime ends; `http://127.0.0.1:PORT/`.
pub(super) async fn serve(app: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    #[expect(
        clippy::disallowed_methods,
        reason = "a server that ends with the test's runtime"
    )]
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}/")
}

async fn respond(behaviour: Behaviour) -> Response {
    match behaviour {
        Behaviour::Tells(pieces, apart) => {
            let end = [chunk("", Some("stop")), "data: [DONE]\n\n".to_owned()];
            let all = pieces
                .iter()
                .map(|piece| chunk(piece, None))
                .chain(end)
                .collect::<Vec<_>>();
            events(stream::iter(all).then(move |event| async move {
                tokio::time::sleep(apart).await;
                event
            }))
        }
        Behaviour::BreaksOffAfter(pieces) => events(stream::iter(chunks(&pieces))),
        Behaviour::StallsAfter(pieces) => {
            events(stream::iter(chunks(&pieces)).chain(stream::pending()))
        }
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Fails(status) => (status, "the model is unwell").into_response(),
        Behaviour::Sends(body) => {
            ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
        }
    }
}

fn events(events: impl futures_util::Stream<Item = String> + Send + 'static) -> Response {
    let body = Body::from_stream(events.map(|event| Ok::<_, Infallible>(Bytes::from(event))));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn chunks(pieces: &[String]) -> Vec<String> {
    pieces.iter().map(|piece| chunk(piece, None)).collect()
}

/// One server-sent event with a piece of text.
pub(super) fn chunk(content: &str, finish_reason: Option<&str>) -> String {
    let chunk = serde_json::json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small-model",
        "choices": [{ "index": 0, "delta": { "content": content }, "finish_reason": finish_reason }],
    });
    format!("data: {chunk}\n\n")
}
