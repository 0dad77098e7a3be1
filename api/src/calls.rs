//! `/v1/calls`: what supervisors read of calls.

mod list;
mod record;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// The list, and one call's record.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(record::open))
}
