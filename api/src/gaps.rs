//! `/v1/gaps`: what callers asked and nobody wrote down, and the draft of what is to be added to the pack for it.

mod draft;
mod list;

use database::DatabaseError;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiError, state::AppState};

/// What is read.
pub(crate) fn reading() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(draft::show))
}

/// What is changed.
pub(crate) fn changing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(draft::adopt))
        .routes(routes!(draft::withdraw))
}

/// A worker's own login reads drafts and changes none.
fn refused_login(error: DatabaseError) -> ApiError {
    if !error.is_forbidden() {
        return error.into();
    }
    tracing::warn!(%error, "an administrator's request needs another database login");
    ApiError::Disabled(
        "the worker's database login may not change drafts: set ADMIN_DATABASE_URL, or use teller knowledge adopt",
    )
}
