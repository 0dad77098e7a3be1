//! `GET /v1/topics`: the topics that a call can have.

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;

use crate::{Topic, state::AppState};

pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/topics", get(list))
}

/// The pack's taxonomy, for the filter's menu.
#[derive(Serialize)]
struct Topics {
    topics: Vec<Topic>,
}

/// Answers the topics that a call can have.
async fn list(State(state): State<AppState>) -> Json<Topics> {
    let topics = state.pages.topics.clone();
    Json(Topics { topics })
}
