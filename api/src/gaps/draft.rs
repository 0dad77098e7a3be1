//! The draft: what is to be added to the pack, beside the pack. Nothing here changes what callers are answered.
//!
//! ```text
//! POST /v1/gaps/adopt     ← {"actor": "Ann Moyo", "document": "library/printing", "phrasing": "…", "session_id": "…"}
//! GET  /v1/gaps/draft     → {"lines": [{"line": 17, "document": "library/printing", "phrasing": "…", …}]}
//! POST /v1/gaps/withdraw  ← {"actor": "Ann Moyo", "line": 17}
//! ```
//!
//! `teller knowledge adopt-draft` puts the lines into the pack's folder and takes them out of the draft.

use axum::{
    Extension, Json,
    extract::{State, rejection::JsonRejection},
};
use call::input::phrasing;
use chrono::{DateTime, Utc};
use database::{Adoption, DraftAsk, DraftRepository, NewDraftAsk, SessionId};
use record::{AuditedReader, actor_name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::refused_login;
use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    problems::{DatabaseProblems, Malformed, NoSuchThing, Problem},
    state::AppState,
};

/// The draft of the pack.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Draft {
    /// By document, oldest first.
    lines: Vec<DraftLine>,
}

/// A way of asking that is to be added to a document.
#[derive(Debug, Serialize, ToSchema)]
struct DraftLine {
    line: i64,
    /// The document's source.
    document: String,
    phrasing: String,
    /// The call in which it was asked.
    session_id: Uuid,
    adopted_by: String,
    adopted_at: DateTime<Utc>,
}

impl From<DraftAsk> for DraftLine {
    fn from(ask: DraftAsk) -> Self {
        Self {
            line: ask.id,
            document: ask.document,
            phrasing: ask.phrasing,
            session_id: ask.session.0,
            adopted_by: ask.adopted_by,
            adopted_at: ask.adopted_at,
        }
    }
}

/// What is to be added to the pack
///
/// Opening it is in the audit log before anything is shown.
#[utoipa::path(
    get,
    path = "/gaps/draft",
    tag = "gaps",
    operation_id = "show_draft",
    responses((status = 200, description = "The draft.", body = Draft), DatabaseProblems)
)]
pub(super) async fn show(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
) -> Result<Json<Draft>, ApiError> {
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/gaps/draft",
        address: Some(address),
    };
    let pack = &state.worker.knowledge.pack;
    let lines = reader.draft(&state.database, pack).await?;
    let lines = lines.into_iter().map(DraftLine::from).collect();
    Ok(Json(Draft { lines }))
}

/// A phrasing that an administrator adopts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdoptRequest {
    /// The name of who does this.
    #[serde(default)]
    #[schema(required, max_length = 100)]
    actor: String,
    /// The source of the document that answers it.
    document: String,
    /// The question, without digits and square brackets.
    #[schema(max_length = 200)]
    phrasing: String,
    /// The call in which it was asked: while it is in the draft it is erased with its caller.
    session_id: Uuid,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Adopted {
    document: String,
    /// As it is in the draft.
    phrasing: String,
}

/// Makes a caller's phrasing a line of the draft
///
/// Who does it for which document is in the audit log first. Repeating changes nothing.
#[utoipa::path(
    post,
    path = "/gaps/adopt",
    tag = "gaps",
    operation_id = "adopt_phrasing",
    request_body = AdoptRequest,
    responses(
        (status = 200, description = "It is a line of the draft.", body = Adopted),
        (status = 409, description = "The draft is full.", body = Problem),
        Malformed,
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn adopt(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    body: Result<Json<AdoptRequest>, JsonRejection>,
) -> Result<Json<Adopted>, ApiError> {
    let Json(request) = body.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let actor = actor(&request.actor)?;
    let words = phrasing(&request.phrasing)
        .map_err(|why| ApiError::BadRequest(format!("phrasing: {why}")))?;
    let knowledge = &state.worker.knowledge;
    let mut documents = knowledge.documents.iter();
    let Some(document) = documents.find(|known| known.source == request.document) else {
        let accepted = "document: give the source of one of `documents` of GET /v1/gaps";
        return Err(ApiError::BadRequest(accepted.to_owned()));
    };
    let administration = state.administration();
    let by = AuditedReader {
        actor: &actor,
        through: "POST /v1/gaps/adopt",
        address: Some(address),
    };
    by.note(
        administration,
        "knowledge.adopt",
        ("document", &*document.source),
    )
    .await?;
    let new = NewDraftAsk {
        pack: &knowledge.pack,
        document: &document.source,
        phrasing: words,
        session: SessionId(request.session_id),
        adopted_by: &actor,
    };
    let drafts = DraftRepository::new(administration);
    match drafts.adopt(&new).await.map_err(refused_login)? {
        Adoption::Adopted | Adoption::Known => Ok(Json(Adopted {
            document: document.source.clone(),
            phrasing: words.to_owned(),
        })),
        Adoption::NoCall => Err(ApiError::NotFound("this call")),
        Adoption::Full => Err(ApiError::Conflict(
            "the draft is full: put its lines into the pack first, with teller knowledge adopt-draft"
                .into(),
        )),
    }
}

/// A line that an administrator takes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawRequest {
    /// The name of who does this.
    #[serde(default)]
    #[schema(required, max_length = 100)]
    actor: String,
    /// `line` of the draft.
    line: i64,
}

/// What was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Withdrawn {
    line: i64,
}

/// Takes a line out of the draft
///
/// Who does it is in the audit log first.
#[utoipa::path(
    post,
    path = "/gaps/withdraw",
    tag = "gaps",
    operation_id = "withdraw_phrasing",
    request_body = WithdrawRequest,
    responses(
        (status = 200, description = "It is in the draft no longer.", body = Withdrawn),
        Malformed,
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn withdraw(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    body: Result<Json<WithdrawRequest>, JsonRejection>,
) -> Result<Json<Withdrawn>, ApiError> {
    let Json(WithdrawRequest { actor: name, line }) =
        body.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let actor = actor(&name)?;
    let (administration, pack) = (state.administration(), &state.worker.knowledge.pack);
    let by = AuditedReader {
        actor: &actor,
        through: "POST /v1/gaps/withdraw",
        address: Some(address),
    };
    by.note(administration, "knowledge.withdraw", ("pack", &**pack))
        .await?;
    let drafts = DraftRepository::new(administration);
    let taken = drafts.take_out(pack, &[line]).await;
    match taken.map_err(refused_login)? {
        0 => Err(ApiError::NotFound("this line of the draft")),
        _ => Ok(Json(Withdrawn { line })),
    }
}

fn actor(given: &str) -> Result<String, ApiError> {
    actor_name(given)
        .map_err(|why| ApiError::BadRequest(format!("actor: give who does this: {why}")))
}
