//! Who comes through to the routes that need a key.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use crate::{ApiError, state::AppState};

/// Admits whoever shows one of the keys. The handler finds whose it was as
/// `Extension<KeyHolder>`.
pub(crate) async fn reading(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let holder = state.keys.reader(request.headers())?;
    request.extensions_mut().insert(holder);
    Ok(next.run(request).await)
}

/// Admits the administrator's key alone.
pub(crate) async fn changing(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    state.keys.administrator(request.headers())?;
    Ok(next.run(request).await)
}
