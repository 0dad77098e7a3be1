//! `/v1/profiles`: who a caller is, how their profiles came together, and taking that apart.

mod history;
mod unmerge;

use axum::{Router, routing::get};

use crate::{ApiError, state::AppState};
use database::ProfileId;

/// What is read of a person's profiles.
pub(crate) fn reading() -> Router<AppState> {
    Router::new().route("/profiles/{id}", get(history::show))
}

/// What is changed.
pub(crate) fn changing() -> Router<AppState> {
    Router::new().route(
        "/profiles/{id}/unmerge",
        get(unmerge::preview).post(unmerge::create),
    )
}

/// A text that is not an id names no profile.
fn profile_id(text: &str) -> Result<ProfileId, ApiError> {
    text.parse()
        .map_err(|_malformed| ApiError::NotFound("this profile"))
}
