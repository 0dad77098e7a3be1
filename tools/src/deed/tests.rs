use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Uri},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use call::SessionId;

use super::*;
use crate::{
    Intent, NotRecorded, Outcome, RecordedCall, Refusal, Registry, ToolCallLog, ToolCaller,
};

mod answers;
mod faults;
mod once;
mod requests;

const SESSION: SessionId = SessionId(Uuid::from_u128(1));
const KEY: Uuid = Uuid::from_u128(7);

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It is carried out, and no answer ever comes.
    DoneAndSilent,
    /// Nothing is done, and no answer ever comes.
    Silent,
    /// It is carried out, and the connection breaks in the middle of the answer.
    DoneAndCut,
    /// It is carried out, and this comes back.
    DoneAnd(u16, &'static str),
    /// Nothing is done, and this comes back.
    Undone(u16, &'static str),
    /// It is carried out, and 10 MB come back.
    DoneAndFlood,
    /// It is carried out, and the answer is another call's.
    DoneAndAnothers,
    /// Nothing is done; something else is named as the place to go to.
    LedElsewhere,
}

/// A company's systems that honour keys, over real HTTP, and what happened there; clones share it.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// Faults of the next requests by key, the next one last; without any they are answered as they should be.
    faults: HashMap<String, Vec<Fault>>,
    /// How often each key was carried out.
    done: HashMap<String, usize>,
    /// Each request: method, address, body.
    requests: Vec<(String, String, Value)>,
    headers: Vec<HeaderMap>,
}

impl Desk {
    async fn open() -> (Self, String) {
        let desk = Self::default();
        let app = Router::new()
            .route("/desk/{name}", post(perform).get(list))
            .route("/desk/{name}/calls/{key}", get(status))
            .route("/elsewhere", post(elsewhere).get(elsewhere))
            .with_state(desk.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "the test's own server")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        (desk, format!("http://{address}/desk"))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn done(&self, key: Uuid) -> usize {
        let seen = self.seen();
        seen.done.get(&key.to_string()).copied().unwrap_or_default()
    }

    fn requests(&self, method: &str) -> usize {
        let seen = self.seen();
        seen.requests.iter().filter(|(by, ..)| by == method).count()
    }

    fn note(&self, method: &str, uri: &Uri, headers: &HeaderMap, body: Value) {
        let mut seen = self.seen();
        let request = (method.to_owned(), uri.to_string(), body);
        seen.requests.push(request);
        seen.headers.push(headers.clone());
    }
}

fn key_of(headers: &HeaderMap) -> String {
    let key = headers.get("idempotency-key").map(|key| key.to_str());
    key.expect("each request has a key").unwrap().to_owned()
}

/// As a key that was carried out is answered, the first time and later.
fn answered(key: &str) -> Response {
    ([("idempotency-key", key)], Json(json!({"reference": key}))).into_response()
}

async fn perform(
    State(desk): State<Desk>,
    uri: Uri,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    desk.note("POST", &uri, &headers, body);
    let key = key_of(&headers);
    let fault = {
        let mut seen = desk.seen();
        let mut fault = seen.faults.get_mut(&key).and_then(Vec::pop);
        // Whoever honours keys does not decline what they did.
        if matches!(fault, Some(Fault::Undone(404 | 409, _))) && seen.done.contains_key(&key) {
            fault = None;
        }
        let leaves_it = matches!(
            fault,
            Some(Fault::Silent | Fault::Undone(..) | Fault::LedElsewhere)
        );
        if !leaves_it && !seen.done.contains_key(&key) {
            *seen.done.entry(key.clone()).or_default() += 1;
        }
        fault
    };
    let with = |status: u16, text: &'static str| {
        (StatusCode::from_u16(status).unwrap(), text).into_response()
    };
    match fault {
        None => answered(&key),
        Some(Fault::DoneAndSilent | Fault::Silent) => std::future::pending().await,
        Some(Fault::DoneAnd(status, text) | Fault::Undone(status, text)) => with(status, text),
        Some(Fault::DoneAndAnothers) => answered(&Uuid::from_u128(99).to_string()),
        Some(Fault::DoneAndCut) => {
            let broken = std::io::Error::other("cut");
            let parts = [Ok(Bytes::from_static(b"{\"refer")), Err(broken)];
            Body::from_stream(futures_util::stream::iter(parts)).into_response()
        }
        Some(Fault::DoneAndFlood) => {
            let part = Bytes::from(vec![b' '; 100_000]);
            let parts = (0..100).map(move |_| Ok::<_, std::io::Error>(part.clone()));
            Body::from_stream(futures_util::stream::iter(parts)).into_response()
        }
        Some(Fault::LedElsewhere) => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response()
        }
    }
}

async fn status(
    State(desk): State<Desk>,
    uri: Uri,
    headers: HeaderMap,
    Path((_, key)): Path<(String, String)>,
) -> Response {
    desk.note("GET", &uri, &headers, Value::Null);
    assert_eq!(key, key_of(&headers), "a status is asked for under its key");
    match desk.seen().done.contains_key(&key) {
        true => answered(&key),
        false => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn list(
    State(desk): State<Desk>,
    uri: Uri,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    desk.note("GET", &uri, &headers, Value::Null);
    let query = query.unwrap_or_default();
    let text = |text: &'static str| text.into_response();
    match query.split('=').next_back().unwrap_or_default() {
        "none" => StatusCode::NOT_FOUND.into_response(),
        "moved" => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        "rubbish" => text("<html>"),
        "flood" => "x".repeat(MAX_ANSWER * 2).into_response(),
        _ => text(
            r#"{"options": [{"value": "r12", "spoken": "the blue\nroom"}, {"value": "r14", "spoken": 3}, {"spoken": "?"}, 7], "more": [1]}"#,
        ),
    }
}

async fn elsewhere(State(desk): State<Desk>, uri: Uri, headers: HeaderMap) -> Response {
    desk.note("ELSEWHERE", &uri, &headers, Value::Null);
    "{}".into_response()
}

fn deeds(url: &str, time: Duration) -> Deeds {
    let config = DeedConfig {
        url: url.to_owned(),
        token: Some("secret".into()),
        time,
    };
    Deeds::new(config).unwrap()
}

/// A book's loan is renewed.
fn renewal(effect: Effect) -> DeclaredDeed {
    DeclaredDeed {
        name: "renew_book".to_owned(),
        description: "Renews the loan of a book.".to_owned(),
        needs_proof: true,
        consent: true,
        arguments: json!({
            "type": "object", "required": ["book"], "additionalProperties": false,
            "properties": { "book": { "type": "string" } },
        }),
        effect,
    }
}

fn ana() -> ToolCaller {
    ToolCaller {
        customer: Some("ana".to_owned()),
        level: AuthLevel::OneTimeCode,
        ..ToolCaller::default()
    }
}

/// One request of the deed itself, under [`KEY`].
async fn call(tool: &dyn Tool, caller: &ToolCaller, arguments: Value) -> Result<Value, ToolError> {
    let call = ToolCall {
        session: SESSION,
        seq: 0,
        arguments: &arguments,
        key: KEY,
        caller,
    };
    tool.call(call).await
}

/// The renewal that a turn asks for.
fn asked_in(seq: i32) -> crate::Request {
    crate::Request {
        tool: "renew_book".to_owned(),
        seq,
        round: 0,
        arguments: json!({"book": "4711"}),
        consent: true,
        caller: ana(),
    }
}

/// The rows of a conversation; clones share them.
#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<RecordedCall>>>);

impl Rows {
    fn all(&self) -> Vec<RecordedCall> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.clone()
    }
}

impl ToolCallLog for Rows {
    fn intend(&self, intent: Intent) -> BoxFuture<'static, Result<(), NotRecorded>> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.push(RecordedCall {
            key: intent.key,
            tool: intent.tool,
            outcome: None,
        });
        Box::pin(async { Ok(()) })
    }

    fn finish(
        &self,
        _: SessionId,
        key: Uuid,
        outcome: &Outcome,
    ) -> BoxFuture<'static, Result<(), NotRecorded>> {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.iter_mut().find(|row| row.key == key);
        row.expect("its intent is there").outcome = Some(outcome.clone());
        Box::pin(async { Ok(()) })
    }
}
