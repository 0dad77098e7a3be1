//! `GET /v1/topics`: the topics that a call can have.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Topic, state::AppState};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The pack's taxonomy.
#[derive(Serialize, ToSchema)]
struct Topics {
    topics: Vec<Topic>,
}

/// The topics that a call can have
#[utoipa::path(
    get,
    path = "/topics",
    tag = "calls",
    operation_id = "list_topics",
    responses((status = 200, description = "In the pack's order.", body = Topics))
)]
async fn list(State(state): State<AppState>) -> Json<Topics> {
    let topics = state.pages.topics.clone();
    Json(Topics { topics })
}
