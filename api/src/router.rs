//! All routes of the pages' server: the interface, and the files of the pages.

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::services::{ServeDir, ServeFile};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    ApiError, access, callbacks, calls, demo, gaps, headers, leads, profiles, state::AppState,
    status, summary, token, topics, worker,
};

/// Where the interface begins. A change that would break its users gets a version of its own.
pub(crate) const VERSION: &str = "/v1";
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
        .merge(for_administrators().route_layer(changing));
    if state.shows_demo_messages() {
        resources = resources.merge(demo::router());
    }
    let (resources, _description) = resources.split_for_parts();
    let unknown = get(no_such_route).post(no_such_route);
    Router::new().nest(VERSION, resources.route("/{*rest}", unknown))
}

/// What callers' pages ask, without a key.
pub(crate) fn for_everyone() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(status::router())
        .merge(summary::router())
        .merge(token::router())
}

/// What either key opens.
pub(crate) fn for_readers() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(callbacks::reading())
        .merge(calls::router())
        .merge(gaps::reading())
        .merge(leads::router())
        .merge(profiles::reading())
        .merge(topics::router())
        .merge(worker::router())
}

/// What the administrator's key alone opens.
pub(crate) fn for_administrators() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(callbacks::changing())
        .merge(gaps::changing())
        .merge(profiles::changing())
}

async fn no_such_route() -> ApiError {
    ApiError::NotFound("this resource")
}
