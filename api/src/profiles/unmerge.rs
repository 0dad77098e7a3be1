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
use database::{
    DatabaseError, ProfileId, ProfileRepository, Separation, UnmergeOutcome, WouldUnmerge,
};
use record::actor_name;
use serde::{Deserialize, Serialize};

use super::profile_id;
use crate::{ApiError, state::AppState};

/// Characters of a reason at most; it is kept for good.
const LONGEST_REASON: usize = 500;

/// What an administrator asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    reason: Option<String>,
    /// The merge that was shown: [`Separation::merge`].
    #[serde(default)]
    confirm: Option<i64>,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    outcome: UnmergeOutcome,
    merge: i64,
    source_id: ProfileId,
}

/// Answers what would come apart; changes nothing.
pub(super) async fn preview(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Separation>, ApiError> {
    let profiles = ProfileRepository::new(state.administration());
    let would = profiles.would_separate(profile_id(&id)?).await;
    match would.map_err(refused_login)? {
        WouldUnmerge::Parts(parts) => Ok(Json(parts)),
        WouldUnmerge::Refused(outcome) => Err(refusal(outcome)),
    }
}

/// Takes it apart. Every attempt that names who asks and what was confirmed is in the audit
/// chain, refused ones too.
pub(super) async fn create(
    State(state): State<AppState>,
    Path(id): Path<String>,
    body: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Done>, ApiError> {
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
    if outcome != UnmergeOutcome::Unmerged {
        return Err(refusal(outcome));
    }
    tracing::info!(profile.id = %id, merge, "unmerged by an administrator");
    Ok(Json(Done {
        outcome,
        merge,
        source_id: id,
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

fn reason(given: Option<String>) -> Result<Option<String>, ApiError> {
    let given = given.map(|reason| reason.trim().to_owned());
    let given = given.filter(|reason| !reason.is_empty());
    match &given {
        Some(reason) if reason.chars().count() > LONGEST_REASON => Err(ApiError::BadRequest(
            format!("reason: give at most {LONGEST_REASON} characters"),
        )),
        _ => Ok(given),
    }
}

fn refusal(outcome: UnmergeOutcome) -> ApiError {
    let words = match outcome {
        UnmergeOutcome::Unmerged => "it was unmerged",
        UnmergeOutcome::NotMerged => "this profile is not merged into another (any more)",
        UnmergeOutcome::NameTaken => "another customer has its user name by now",
        UnmergeOutcome::Erased => "this person was erased: nothing is left to separate",
        UnmergeOutcome::Changed => {
            "another merge holds this profile than the one that was confirmed: look again"
        }
    };
    ApiError::Refused {
        outcome: outcome.as_str(),
        words,
    }
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
