//! `/v1/callbacks`: promises that a person gets back to a caller, and who keeps them.

mod change;
mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// What is read.
pub(crate) fn reading() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list::list))
}

/// What is changed.
pub(crate) fn changing() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(change::take))
        .routes(routes!(change::done))
}
