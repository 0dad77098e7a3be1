//! All routes of the pages' server: the interface, and the files of the pages.

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::services::{ServeDir, ServeFile};

use crate::{
    ApiError, access, calls, demo, headers, profiles, state::AppState, status, summary, token,
    topics, worker,
};

/// Where the interface begins. A change that would break its users gets a version of its own.
const VERSION: &str = "/v1";
/// No request of ours has a large body.
const BODY_BYTES: usize = 16 << 10;

/// The interface, and the pages beside it.
pub(crate) fn router(state: AppState) -> Router {
    let policy = headers::content_security_policy(&state.pages.livekit_public_url);
    let files = ServeDir::new(&state.config.web_dir);
    let supervisor = ServeFile::new(state.config.web_dir.join("supervisor.html"));
    interface(&state)
        .route_service("/supervisor", supervisor)
        .with_state(state)
        .fallback_service(files)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn(move |request, next| {
            headers::add(policy.clone(), request, next)
        }))
}

fn interface(state: &AppState) -> Router<AppState> {
    let reading = middleware::from_fn_with_state(state.clone(), access::reading);
    let changing = middleware::from_fn_with_state(state.clone(), access::changing);
    let mut resources = for_everyone()
        .merge(for_readers().route_layer(reading))
        .merge(for_administrators().route_layer(changing))
        .route("/{*rest}", get(no_such_route).post(no_such_route));
    if state.shows_demo_messages() {
        resources = resources.merge(demo::router());
    }
    Router::new().nest(VERSION, resources)
}

/// What callers' pages ask, without a key.
fn for_everyone() -> Router<AppState> {
    Router::new()
        .merge(status::router())
        .merge(summary::router())
        .merge(token::router())
}

/// What either key opens.
fn for_readers() -> Router<AppState> {
    Router::new()
        .merge(calls::router())
        .merge(profiles::reading())
        .merge(topics::router())
        .merge(worker::router())
}

/// What the administrator's key alone opens.
fn for_administrators() -> Router<AppState> {
    profiles::changing()
}

async fn no_such_route() -> ApiError {
    ApiError::NotFound("this resource")
}
