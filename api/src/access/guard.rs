//! Who comes through to the routes that need a key.

use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::Response,
};

use super::{
    ClientAddress, is_https,
    keys::{KeyHolder, bearer},
    known_client::Guesser,
};
use crate::{ApiError, limit::Network, state::AppState};

/// Admits whoever shows one of the keys. The handler finds whose it was as
/// `Extension<KeyHolder>`.
pub(crate) async fn reading(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    admit(KeyHolder::Supervisor, &state, address.into(), request, next).await
}

/// Admits the administrator's key alone.
pub(crate) async fn changing(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    admit(
        KeyHolder::Administrator,
        &state,
        address.into(),
        request,
        next,
    )
    .await
}

/// While its client has no guess left a key is not even compared; otherwise trying would still find
/// the right one.
async fn admit(
    least: KeyHolder,
    state: &AppState,
    network: Network,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let keys = &state.keys;
    keys.configured(least)?;
    let shown = bearer(request.headers()).ok_or(ApiError::Unauthorized)?;
    let guesser = Guesser::new(network, request.headers(), keys);
    state.may_show_key(guesser)?;
    let Some(holder) = keys.holder(shown) else {
        return Err(state.wrong_key(guesser));
    };
    if holder < least {
        return Err(ApiError::NotAdministrator);
    }
    let https = is_https(request.headers(), state.config.trust_proxy);
    let cookie = guesser.cookie(holder, keys, https);
    request.extensions_mut().insert(holder);
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
