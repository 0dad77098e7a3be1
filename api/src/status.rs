//! `GET /api/status`, `GET /api/topics` and `GET /api/worker`: what the pages
//! show before a call, and what supervisors see of this worker.

use axum::extract::State;
use axum::{Json, http::HeaderMap};
use serde::Serialize;

use super::health::{Report, report};
use super::{ApiError, Site, Topic};

/// What the caller's page says of this worker.
#[derive(Serialize)]
pub(crate) struct Status {
    ready: bool,
    agent_name: String,
    company_name: String,
    speech_model: String,
    language_model: Option<String>,
    authentication: bool,
    version: &'static str,
}

/// Answers whether a call would be taken, and by what.
pub(crate) async fn show(State(site): State<Site>) -> Json<Status> {
    let pages = &site.pages;
    let worker = site.worker();
    Json(Status {
        ready: worker.registered && !worker.draining && !worker.paused,
        agent_name: pages.agent_name.clone(),
        company_name: pages.company_name.clone(),
        speech_model: pages.speech_model.clone(),
        language_model: pages.language_model.clone(),
        authentication: pages.authentication,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The pack's taxonomy, for the filter's menu.
#[derive(Serialize)]
pub(crate) struct Topics {
    topics: Vec<Topic>,
}

/// Answers the topics that a call can have.
pub(crate) async fn topics(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Json<Topics>, ApiError> {
    site.keys().reader(&headers)?;
    let topics = site.pages.topics.clone();
    Ok(Json(Topics { topics }))
}

/// Answers how this worker and its record stand, as `/health` shows operators. 200 in any case: the
/// page shows it, nobody is restarted for it.
pub(crate) async fn worker(
    State(site): State<Site>,
    headers: HeaderMap,
) -> Result<Json<Report>, ApiError> {
    site.keys().reader(&headers)?;
    let (report, _can_talk) = report(&site.worker);
    Ok(Json(report))
}
