//! `/v1/calls`: what supervisors read of calls.

mod list;
mod record;

use axum::{Router, routing::get};

use crate::state::AppState;

/// The list, and one call's record.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route("/calls", get(list::list))
        .route("/calls/{id}", get(record::open))
}
