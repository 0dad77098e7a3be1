//! `GET /api/status`, `GET /api/topics` and `GET /api/worker`: what the pages
//! show before a call, and what supervisors see of this worker.

use axum::extract::State;
use axum::{Json, http::HeaderMap};
use serde::Serialize;

use super::health::{Told, told};
use super::{ApiError, Site, Topic};

/// What the caller's page says of this worker.
#[derive(Serialize)]
pub(super) struct Status {
    ready: bool,
    agent_name: String,
    bank_name: String,
    speech_model: String,
    language_model: Option<String>,
    authentication: bool,
    version: &'static str,
}

/// Answers whether a call would be taken, and by what.
pub(super) async fn show(State(site): State<Site>) -> Json<Status> {
    let pages = &site.pages;
    Json(Status {
        ready: site.health.is_registered()
            && !site.is_draining()
            && !site.health.slots().is_paused(),
        agent_name: pages.agent_name.clone(),
        bank_name: pages.bank_name.clone(),
        speech_model: pages.speech_model.clone(),
        language_model: pages.language_model.clone(),
        authentication: pages.authentication,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The bank's taxonomy, for the filter's menu.
#[derive(Serialize)]
pub(super) struct Topics {
    topics: Vec<Topic>,
}

/// Answers the topics that a call can have.
pub(super) async fn topics(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Json<Topics>, ApiError> {
    site.keys().reader(&headers)?;
    let topics = site.pages.topics.clone();
    Ok(Json(Topics { topics }))
}

/// Answers how this worker and its record stand, as `/health` tells operators. 200 in any case: the
/// page shows it, nobody is restarted for it.
pub(super) async fn worker(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Json<Told>, ApiError> {
    site.keys().reader(&headers)?;
    let (told, _link) = told(&site.health, &site.metrics, site.record.as_ref());
    Ok(Json(told))
}
