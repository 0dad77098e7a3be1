//! Who keeps a promise.
//!
//! ```text
//! POST /v1/callbacks/{id}/take  ← {"actor": "Ann Moyo"}
//! POST /v1/callbacks/{id}/done  ← {"actor": "Ann Moyo", "note": "a new one is on its way"}
//!      → {"id": "…"}, or 409 {"error": "Bea Ndlovu has it since …"}
//! ```

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use call::input::strict_line;
use chrono::SecondsFormat;
use database::{CallbackChange, CallbackName, DatabaseError};
use record::{AuditedReader, actor_name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiError,
    access::ClientAddress,
    problems::{DatabaseProblems, Malformed, NoSuchThing, Problem},
    state::AppState,
};

/// Characters of a note at most.
const LONGEST_NOTE: usize = 500;

/// Somebody makes a promise theirs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TakeRequest {
    /// The name of who does this.
    #[serde(default)]
    #[schema(required, max_length = 100)]
    actor: String,
}

/// Somebody kept a promise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DoneRequest {
    /// The name of who does this.
    #[serde(default)]
    #[schema(required, max_length = 100)]
    actor: String,
    /// What there is to say of it. It is sealed, and goes with the caller's data.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallbackChanged {
    /// As it was named: its id or its reference.
    id: String,
}

/// Makes a promise this person's
///
/// Who does it is in the audit log first. What somebody else has is refused. Repeating changes nothing.
#[utoipa::path(
    post,
    path = "/callbacks/{id}/take",
    tag = "callbacks",
    operation_id = "take_callback",
    params(("id" = String, Path, description = "A promise's id or reference.")),
    request_body = TakeRequest,
    responses(
        (status = 200, description = "It is theirs.", body = CallbackChanged),
        (status = 409, description = "Who has it, or has kept it.", body = Problem),
        Malformed,
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn take(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Path(id): Path<String>,
    body: Result<Json<TakeRequest>, JsonRejection>,
) -> Result<Json<CallbackChanged>, ApiError> {
    let (name, request) = asked(&id, body)?;
    let actor = actor(&request.actor)?;
    let by = AuditedReader {
        actor: &actor,
        through: "POST /v1/callbacks/{id}/take",
        address: Some(address),
    };
    answer(id, by.take_callback(state.administration(), &name).await)
}

/// Notes that a promise was kept
///
/// Who does it is in the audit log first. It may be somebody else than has taken it.
#[utoipa::path(
    post,
    path = "/callbacks/{id}/done",
    tag = "callbacks",
    operation_id = "finish_callback",
    params(("id" = String, Path, description = "A promise's id or reference.")),
    request_body = DoneRequest,
    responses(
        (status = 200, description = "It is done.", body = CallbackChanged),
        (status = 409, description = "Who has kept it before.", body = Problem),
        Malformed,
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn done(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Path(id): Path<String>,
    body: Result<Json<DoneRequest>, JsonRejection>,
) -> Result<Json<CallbackChanged>, ApiError> {
    let (name, request) = asked(&id, body)?;
    let actor = actor(&request.actor)?;
    let note = request.note.filter(|note| !note.trim().is_empty());
    let note = note.as_deref().map(|note| strict_line(note, LONGEST_NOTE));
    let note = note
        .transpose()
        .map_err(|why| ApiError::BadRequest(format!("note: {why}")))?;
    let by = AuditedReader {
        actor: &actor,
        through: "POST /v1/callbacks/{id}/done",
        address: Some(address),
    };
    let changed = by.finish_callback(state.administration(), &name, note);
    answer(id, changed.await)
}

/// Of which promise what is asked. A text that names nothing is not found, as elsewhere.
fn asked<T>(id: &str, body: Result<Json<T>, JsonRejection>) -> Result<(CallbackName, T), ApiError> {
    let name = id.parse().map_err(|_| ApiError::NotFound("this promise"))?;
    let Json(request) = body.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    Ok((name, request))
}

fn actor(given: &str) -> Result<String, ApiError> {
    actor_name(given)
        .map_err(|why| ApiError::BadRequest(format!("actor: give who does this: {why}")))
}

fn answer(
    id: String,
    change: Result<CallbackChange, DatabaseError>,
) -> Result<Json<CallbackChanged>, ApiError> {
    let since = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    match change? {
        CallbackChange::Changed => Ok(Json(CallbackChanged { id })),
        CallbackChange::Taken { by, at } => Err(ApiError::Conflict(
            format!("{by} has it since {}", since(at)).into(),
        )),
        CallbackChange::Done { by, at } => Err(ApiError::Conflict(
            format!("{by} has done it, {}", since(at)).into(),
        )),
        CallbackChange::NotFound => Err(ApiError::NotFound("this promise")),
    }
}
