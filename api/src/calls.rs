//! `/v1/calls`: what supervisors read of calls.

mod list;
mod record;
mod recording;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// The list, one call's record, and its recording.
pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(record::open))
        .routes(routes!(recording::open))
}
