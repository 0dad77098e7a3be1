//! `/v1/profiles`: who a caller is, how their profiles came together, and taking that apart.

mod history;
mod unmerge;

use database::ProfileId;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiError, state::AppState};

/// What is read of a person's profiles.
pub(crate) fn reading() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(history::show))
}

/// What is changed.
pub(crate) fn changing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(unmerge::preview, unmerge::create))
}

/// A text that is not an id names no profile.
fn profile_id(text: &str) -> Result<ProfileId, ApiError> {
    text.parse()
        .map_err(|_malformed| ApiError::NotFound("this profile"))
}
