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
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How the server answers.
#[derive(Debug, Clone)]
pub(super) enum Behaviour {
    /// Streams these pieces and reports that it is done.
    Writes(Vec<String>),
    /// Streams these pieces, waits until it is notified, and goes on as [`Self::Writes`].
    Gated(Vec<String>, Arc<Notify>, Vec<String>),
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
    requests: watch::Sender<Vec<serde_json::Value>>,
}

impl ModelServer {
    pub(super) async fn start(behaviour: Behaviour) -> Self {
        let requests = watch::Sender::default();
        let seen = requests.clone();
        let answer = move |Json(body): Json<serde_json::Value>| {
            seen.send_modify(|requests: &mut Vec<_>| requests.push(body));
            respond(behaviour.clone())
        };
        let url = serve(Router::new().route("/v1/chat/completions", post(answer))).await;
        Self { url, requests }
    }

    /// A configuration that asks this server, with more patience than any test takes.
    pub(super) fn config(&self) -> LlmConfig {
        self.config_with(Duration::from_secs(30), Duration::from_secs(60))
    }

    /// The same with limits of its own: to the first token, and to the last.
    pub(super) fn config_with(&self, first_token: Duration, total: Duration) -> LlmConfig {
        LlmConfig {
            first_token_timeout: first_token,
            total_timeout: total,
            base_url: format!("{}v1/", self.url),
            api_key: SecretString::from("key"),
            model: "small-model".to_owned(),
            max_concurrent: 8,
        }
    }

    pub(super) fn requests(&self) -> Vec<serde_json::Value> {
        self.requests.borrow().clone()
    }

    /// Resolves when so many requests have come.
    pub(super) async fn asked(&self, requests: usize) {
        let mut coming = self.requests.subscribe();
        let come = coming.wait_for(|come| come.len() >= requests).await;
        come.expect("the server lives as long as its requests");
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
        Behaviour::Writes(pieces) => events(stream::iter(complete(&pieces))),
        Behaviour::Gated(before, gate, after) => {
            let rest = async move {
                gate.notified().await;
                stream::iter(complete(&after))
            };
            events(stream::iter(chunks(&before)).chain(stream::once(rest).flatten()))
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

fn complete(pieces: &[String]) -> Vec<String> {
    let end = [chunk("", Some("stop")), "data: [DONE]\n\n".to_owned()];
    chunks(pieces).into_iter().chain(end).collect()
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
