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
    /// Asks for these functions at the same time, each with its arguments, in pieces side by side.
    Calls(Vec<(String, String)>),
    /// Streams these pieces, asks for the functions, and ends.
    WritesAndCalls(Vec<String>, Vec<(String, String)>),
    /// As [`Self::Writes`], and says behind its end how many tokens it took.
    Reports(Vec<String>, u32),
    /// Tells so many words of its orders, from this one on, and ends.
    Quotes(usize, usize),
    /// Behaves to each request as the next of these, and to further ones as the last.
    InTurn(Vec<Self>),
}

impl Behaviour {
    /// To the request at this place.
    fn at(self, place: usize) -> Self {
        match self {
            Self::InTurn(mut each) => {
                let last = each.len() - 1;
                each.swap_remove(place.min(last))
            }
            one => one,
        }
    }

    /// Whoever quotes has something to quote.
    fn told(self, orders: &str) -> Self {
        match self {
            Self::Quotes(from, count) => {
                let words = orders.split_whitespace().skip(from).take(count);
                Self::Writes(words.map(|word| format!("{word} ")).collect())
            }
            one => one,
        }
    }
}

/// A running server.
pub(super) struct ModelServer {
    pub(super) url: String,
    /// The bodies of the requests so far.
    requests: watch::Sender<Vec<serde_json::Value>>,
}

impl ModelServer {
    pub(super) async fn start(behaviour: Behaviour) -> Self {
        Self::start_with(move |place, request| {
            let orders = request["messages"][0]["content"].as_str();
            behaviour.clone().at(place).told(orders.unwrap_or_default())
        })
        .await
    }

    /// One that decides at each request, by its place and what is in it, how to behave.
    pub(super) async fn start_with(
        decide: impl Fn(usize, &serde_json::Value) -> Behaviour + Clone + Send + Sync + 'static,
    ) -> Self {
        let requests = watch::Sender::<Vec<serde_json::Value>>::default();
        let seen = requests.clone();
        let answer = move |Json(body): Json<serde_json::Value>| {
            let place = seen.borrow().len();
            let behaviour = decide(place, &body);
            seen.send_modify(|requests| requests.push(body));
            respond(behaviour)
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
            tokens_per_minute: None,
            tokens_per_day: None,
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
        Behaviour::Calls(calls) => events(stream::iter(calling(&calls))),
        Behaviour::WritesAndCalls(pieces, calls) => {
            events(stream::iter([chunks(&pieces), calling(&calls)].concat()))
        }
        Behaviour::Reports(pieces, tokens) => {
            let mut all = chunks(&pieces);
            all.extend([
                chunk("", Some("stop")),
                usage(tokens),
                "data: [DONE]\n\n".to_owned(),
            ]);
            events(stream::iter(all))
        }
        Behaviour::InTurn(_) | Behaviour::Quotes(..) => unreachable!("one of them was chosen"),
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Fails(status) => {
            let error =
                serde_json::json!({ "error": { "message": "unwell", "type": "server_error" } });
            (status, Json(error)).into_response()
        }
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
    event(&serde_json::json!({
        "index": 0, "delta": { "content": content }, "finish_reason": finish_reason,
    }))
}

/// One server-sent event with this choice.
pub(super) fn event(choice: &serde_json::Value) -> String {
    let chunk = serde_json::json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small-model",
        "choices": [choice],
    });
    format!("data: {chunk}\n\n")
}

/// Calls side by side: first every name, then every first half of the arguments, then every second.
fn calling(calls: &[(String, String)]) -> Vec<String> {
    let piece = |index: usize, call: serde_json::Value| {
        let mut call = call;
        call["index"] = index.into();
        event(&serde_json::json!({
            "index": 0, "delta": { "tool_calls": [call] }, "finish_reason": null,
        }))
    };
    let names = calls.iter().enumerate().map(|(index, (name, _))| {
        let call = serde_json::json!({
            "id": format!("id{index}"), "type": "function",
            "function": { "name": name, "arguments": "" },
        });
        piece(index, call)
    });
    let half = |second: bool| {
        calls
            .iter()
            .enumerate()
            .map(move |(index, (_, arguments))| {
                let middle = arguments.floor_char_boundary(arguments.len() / 2);
                let (first, rest) = arguments.split_at(middle);
                let part = if second { rest } else { first };
                piece(
                    index,
                    serde_json::json!({ "function": { "arguments": part } }),
                )
            })
    };
    let end = [chunk("", Some("tool_calls")), "data: [DONE]\n\n".to_owned()];
    names
        .chain(half(false))
        .chain(half(true))
        .chain(end)
        .collect()
}

fn usage(tokens: u32) -> String {
    let chunk = serde_json::json!({
        "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "small-model", "choices": [],
        "usage": { "prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens },
    });
    format!("data: {chunk}\n\n")
}
