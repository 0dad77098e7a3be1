//! `GET` and `POST /v1/profiles/{id}/unmerge`: what would come apart, and
//! taking it apart, for administrators.
//!
//! ```text
//! GET  → {"merge": 17, "sessions": 12, …}       what the page asks to confirm
//! POST ← {"actor": "Ann Moyo", "reason": "…", "confirm": 17}
//!      → {"outcome": "unmerged", …}, or 409 {"outcome": "refused_…", "error": "…"}
//! ```
//!
//! An unmerge counts the sessions under the identity lock, and so does asking
//! what it would do: both are for the administrator's key alone.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
};
use database::{DatabaseError, ProfileId, ProfileRepository, WouldUnmerge};
use record::{action_reason, actor_name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::profile_id;
use crate::{
    ApiError,
    problems::{DatabaseProblems, Malformed, NoSuchThing, Refusal},
    state::AppState,
    words::UnmergeOutcome,
};

/// What an administrator asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UnmergeRequest {
    /// The name of who does this.
    #[serde(default)]
    #[schema(required, max_length = 100)]
    actor: String,
    /// Without personal data: it is kept for good.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// The merge that was shown: `merge` of a separation.
    #[serde(default)]
    #[schema(required, nullable = false)]
    confirm: Option<i64>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unmerged {
    outcome: UnmergeOutcome,
    merge: i64,
    source_id: Uuid,
}

/// What would come apart.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Separation {
    /// The merge that would be undone: what a confirmation names.
    merge: i64,
    /// The profile that would live again.
    source: Uuid,
    /// The live profile that would lose it.
    from: Uuid,
    /// That one's name, if it is a customer.
    from_username: Option<String>,
    /// Profiles that would go: the source and those merged into it before.
    profiles: i64,
    /// Calls that would go with them.
    sessions: i64,
    /// Messages of those calls.
    messages: i64,
}

impl From<database::Separation> for Separation {
    fn from(parts: database::Separation) -> Self {
        Self {
            merge: parts.merge,
            source: parts.source.0,
            from: parts.from.0,
            from_username: parts.from_username,
            profiles: parts.profiles,
            sessions: parts.sessions,
            messages: parts.messages,
        }
    }
}

/// What an unmerge of this profile would separate
///
/// Changes nothing.
#[utoipa::path(
    get,
    path = "/profiles/{id}/unmerge",
    tag = "profiles",
    operation_id = "preview_unmerge",
    params(("id" = Uuid, Path, description = "A profile that was merged into another.")),
    responses(
        (status = 200, description = "What would come apart.", body = Separation),
        (status = 409, description = "Nothing would, and why.", body = Refusal),
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn preview(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Separation>, ApiError> {
    let profiles = ProfileRepository::new(state.administration());
    let would = profiles.would_separate(profile_id(&id)?).await;
    match would.map_err(refused_login)? {
        WouldUnmerge::Parts(parts) => Ok(Json(parts.into())),
        WouldUnmerge::Refused(outcome) => Err(refusal(outcome)),
    }
}

/// Takes a merge apart
///
/// Undoes exactly the merge that is confirmed. Every attempt that names who asks and what was
/// confirmed is in the audit chain, refused ones too.
#[utoipa::path(
    post,
    path = "/profiles/{id}/unmerge",
    tag = "profiles",
    operation_id = "unmerge",
    params(("id" = Uuid, Path, description = "A profile that was merged into another.")),
    request_body = UnmergeRequest,
    responses(
        (status = 200, description = "It was done.", body = Unmerged),
        (status = 409, description = "It was not done, and why.", body = Refusal),
        Malformed,
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn create(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Result<Json<UnmergeRequest>, JsonRejection>,
) -> Result<Json<Unmerged>, ApiError> {
    let id = profile_id(&id)?;
    let Json(request) = body.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let actor = actor_name(&request.actor)
        .map_err(|why| ApiError::BadRequest(format!("actor: give who does this: {why}")))?;
    let reason = reason(request.reason)?;
    let profiles = ProfileRepository::new(state.administration());
    let Some(merge) = request.confirm else {
        return Err(unconfirmed(&profiles, id).await);
    };
    let outcome = profiles
        .unmerge_confirmed(id, merge, &actor, reason.as_deref())
        .await
        .map_err(refused_login)?;
    if outcome != database::UnmergeOutcome::Unmerged {
        return Err(refusal(outcome));
    }
    tracing::info!(profile.id = %id, merge, "unmerged by an administrator");
    Ok(Json(Unmerged {
        outcome: outcome.into(),
        merge,
        source_id: id.0,
    }))
}

/// Without a confirmation nothing is done, and what there is to confirm is named.
async fn unconfirmed(profiles: &ProfileRepository, id: ProfileId) -> ApiError {
    match profiles.would_separate(id).await {
        Ok(WouldUnmerge::Parts(parts)) => ApiError::BadRequest(format!(
            "confirm: {} profiles with {} calls and {} messages leave {}; give {} to confirm that",
            parts.profiles, parts.sessions, parts.messages, parts.from, parts.merge
        )),
        Ok(WouldUnmerge::Refused(outcome)) => refusal(outcome),
        Err(error) => refused_login(error),
    }
}

/// An empty one is none.
fn reason(given: Option<String>) -> Result<Option<String>, ApiError> {
    let given = given.filter(|reason| !reason.trim().is_empty());
    let reason = given.as_deref().map(action_reason).transpose();
    reason.map_err(|why| ApiError::BadRequest(format!("reason: {why}")))
}

fn refusal(outcome: database::UnmergeOutcome) -> ApiError {
    let outcome = outcome.into();
    let words = match outcome {
        UnmergeOutcome::Unmerged => "it was unmerged",
        UnmergeOutcome::NotMerged => "this profile is not merged into another (any more)",
        UnmergeOutcome::NameTaken => "another customer has its user name by now",
        UnmergeOutcome::Erased => "this person was erased: nothing is left to separate",
        UnmergeOutcome::Changed => {
            "another merge holds this profile than the one that was confirmed: look again"
        }
    };
    ApiError::Refused { outcome, words }
}

/// A worker's own login may not change who is who, and should not.
fn refused_login(error: DatabaseError) -> ApiError {
    if !error.is_forbidden() {
        return error.into();
    }
    tracing::warn!(%error, "an administrator's request needs another database login");
    ApiError::Disabled(
        "the worker's database login may not unmerge: set ADMIN_DATABASE_URL, or use teller profiles unmerge",
    )
}
