//! The back end over HTTP, as docs/backend.md describes it.

use std::{collections::HashMap, io::Write as _, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use chrono::{SecondsFormat, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::desk::{Answer, Asked, Desk, Ended};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// A deed's request has a few hundred bytes.
const MAX_BODY: usize = 64 * 1024;

#[derive(Clone)]
struct Shared {
    desk: Arc<Desk>,
    token: Option<Arc<SecretString>>,
}

/// Everything that is answered; with a token, to whoever has it.
pub(super) fn router(desk: Desk, token: Option<SecretString>) -> Router {
    let shared = Shared {
        desk: Arc::new(desk),
        token: token.map(Arc::new),
    };
    Router::new()
        .route("/{name}", get(read).post(carry_out))
        .route("/{name}/calls/{key}", get(status))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(shared.clone(), admit))
        .with_state(shared)
}

async fn admit(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let expected = shared
        .token
        .map(|token| format!("Bearer {}", token.expose_secret()));
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .map(|given| given.as_bytes());
    match expected {
        Some(expected) if given != Some(expected.as_bytes()) => answered(
            Answer::because(401, "the bearer token is missing or wrong"),
            None,
        ),
        _ => next.run(request).await,
    }
}

async fn read(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    answered(shared.desk.read(&name, &query, Utc::now()), None)
}

async fn carry_out(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok());
    let Some(key) = key.and_then(|key| Uuid::try_parse(key).ok()) else {
        let reason = "accepted is a request with the header Idempotency-Key, a UUID";
        return answered(Answer::because(400, reason), None);
    };
    let Ok(asked) = serde_json::from_slice::<Asked>(&body) else {
        let reason =
            "accepted is {\"customer\": \"…\", \"arguments\": {…}, \"session\": \"<uuid>\"}";
        return answered(Answer::because(400, reason), None);
    };
    // It waits for the disk.
    let deed = tokio::task::spawn_blocking(move || {
        let (answer, ended, held) = shared.desk.carry_out(&name, key, &asked, Utc::now());
        print(&name, key, ended);
        (answer, held)
    });
    let Ok((answer, held)) = deed.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    tokio::time::sleep(held).await;
    answered(answer, Some(key))
}

async fn status(
    State(shared): State<Shared>,
    Path((name, key)): Path<(String, String)>,
) -> Response {
    match Uuid::try_parse(&key) {
        Ok(key) => answered(shared.desk.status(&name, key), Some(key)),
        Err(_) => answered(
            Answer::because(400, "accepted is /{name}/calls/{key}, the key a UUID"),
            None,
        ),
    }
}

fn answered(answer: Answer, key: Option<Uuid>) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let key = key.map(|key| [(IDEMPOTENCY_KEY, key.to_string())]);
    (status, key, Json(answer.body)).into_response()
}

/// One line a deed, about nobody.
fn print(name: &str, key: Uuid, ended: Ended) {
    if ended == Ended::Unknown {
        // Its name could be anything.
        return;
    }
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let ended = match ended {
        Ended::Done => "done",
        Ended::Declined => "declined",
        Ended::Repeated => "answered again",
        Ended::NotKept => "not done: it could not be written down",
        Ended::Unknown => "unknown",
    };
    // Whoever reads along may be gone.
    writeln!(std::io::stdout(), "{now} {name} {key} {ended}").ok();
}
