//! `POST /v1/token`: a caller's way into a room of its own.
//!
//! The form is that of livekit-client's `TokenSource.endpoint`. What the
//! request asks for is ignored: identity, room, attributes and rights are ours.

use std::{net::IpAddr, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use livekit_api::access_token::{AccessToken, VideoGrants};
use livekit_protocol::{RoomAgentDispatch, RoomConfiguration};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    ApiError, Pages,
    access::{ClientAddress, cookies, is_https},
    problems::{Malformed, Problem, TooOften},
    state::AppState,
};

/// The cookie with the device's id: a hint at a returning caller, not a proof.
const DEVICE_COOKIE: &str = "teller_device";
/// The attribute under which the agent finds that id.
const DEVICE_ATTRIBUTE: &str = "teller.device";
/// The browser's address in a form that reveals nothing of it: attempts are limited by it.
const ADDRESS_ATTRIBUTE: &str = "teller.address";
const DEVICE_COOKIE_SECONDS: u32 = 365 * 24 * 3_600;
/// A page joins at once; a token that lies around is worth little.
const TOKEN_TTL: Duration = Duration::from_secs(600);

/// The key and secret of the LiveKit server, which sign callers' tokens.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    /// `LIVEKIT_API_KEY`.
    pub key: String,
    /// `LIVEKIT_API_SECRET`.
    pub secret: SecretString,
}

/// A way into a room, in the form of livekit-client's `TokenSource.endpoint`.
#[derive(Serialize, ToSchema)]
struct JoinToken {
    /// The LiveKit server as browsers reach it.
    server_url: String,
    /// Valid for ten minutes; names the room, the identity and the rights.
    participant_token: String,
}

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// A token for a new room
///
/// Identity, room, attributes and rights are chosen here; whatever the body asks for is ignored.
#[utoipa::path(
    post,
    path = "/token",
    tag = "callers",
    operation_id = "create_token",
    request_body(
        content = Option<HashMap<String, Value>>,
        description = "Nothing, or any JSON object of up to 16 KiB."
    ),
    responses(
        (
            status = 201,
            description = "The way into the room.",
            body = JoinToken,
            headers(("Set-Cookie" = String, description = "A random id of this device."))
        ),
        (status = 413, description = "The body is too large."),
        (
            status = 503,
            description = "No new calls are taken at the moment.",
            body = Problem,
            headers(("Retry-After" = u64, description = "Seconds to wait."))
        ),
        Malformed,
        TooOften
    )
)]
async fn create(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    state.limit_tokens(address)?;
    check(&body)?;
    if state.worker().draining {
        return Err(ApiError::Unavailable(
            "the assistant restarts; please call again in a moment",
        ));
    }
    let device = device_of(&headers).unwrap_or_else(random_id);
    let token =
        mint(&state.pages, &device, &address_mark(&state.pages, address)).map_err(|error| {
            tracing::error!(%error, "a caller's token could not be signed");
            ApiError::Internal
        })?;
    let cookie = cookie(&device, is_https(&headers, state.config.trust_proxy));
    let answer = JoinToken {
        server_url: state.pages.livekit_public_url.clone(),
        participant_token: token,
    };
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((StatusCode::CREATED, headers, Json(answer)))
}

/// No body, or a JSON object with whatever wishes.
fn check(body: &[u8]) -> Result<(), ApiError> {
    if body.is_empty() {
        return Ok(());
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(()),
        Ok(_) => Err(ApiError::BadRequest(
            "the body must be a JSON object, such as {}".to_owned(),
        )),
        Err(error) => Err(ApiError::BadRequest(format!(
            "the body is not valid JSON: {error}"
        ))),
    }
}

fn mint(
    pages: &Pages,
    device: &str,
    address: &str,
) -> Result<String, livekit_api::access_token::AccessTokenError> {
    let grants = VideoGrants {
        room_join: true,
        room: format!("call-{}", random_id()),
        can_publish: Some(true),
        can_publish_sources: vec!["microphone".to_owned()],
        can_subscribe: Some(true),
        can_publish_data: Some(true),
        can_update_own_metadata: Some(false),
        ..Default::default()
    };
    let keys = &pages.keys;
    let token = AccessToken::with_api_key(&keys.key, keys.secret.expose_secret())
        .with_ttl(TOKEN_TTL)
        .with_identity(&format!("web_{}", random_id()))
        .with_attributes([(DEVICE_ATTRIBUTE, device), (ADDRESS_ATTRIBUTE, address)])
        .with_grants(grants);
    if pages.agent_name.is_empty() {
        // Automatic dispatch: every new room gets an agent.
        return token.to_jwt();
    }
    let dispatch = RoomAgentDispatch {
        agent_name: pages.agent_name.clone(),
        ..Default::default()
    };
    let room = RoomConfiguration {
        agents: vec![dispatch],
        ..Default::default()
    };
    token.with_room_config(room).to_jwt()
}

/// Keyed, because everyone in the room can read attributes, and addresses are few enough to try.
fn address_mark(pages: &Pages, address: IpAddr) -> String {
    let keyed = Sha256::new()
        .chain_update(pages.keys.secret.expose_secret())
        .chain_update(address.to_string());
    let mut mark = format!("{:x}", keyed.finalize());
    mark.truncate(16);
    mark
}

fn cookie(device: &str, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{DEVICE_COOKIE}={device}; Path=/; Max-Age={DEVICE_COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}"
    );
    HeaderValue::try_from(cookie).expect("the device's id is hexadecimal")
}

/// The id that the browser brought, if it has the shape of one of ours.
fn device_of(headers: &HeaderMap) -> Option<String> {
    let id = cookies(headers, DEVICE_COOKIE).find(|id| is_device_id(id))?;
    Some(id.to_owned())
}

fn is_device_id(id: &str) -> bool {
    id.len() == 32
        && id
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// 122 random bits as 32 hexadecimal digits.
fn random_id() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_of_our_own_shape_is_taken_from_the_cookie() {
        let good = "0123456789abcdef0123456789abcdef";
        for (cookies, expected) in [
            (format!("teller_device={good}"), Some(good)),
            (format!("a=b; teller_device={good}; c=d"), Some(good)),
            (format!("teller_device=x; teller_device={good}"), Some(good)),
            ("teller_device=0123".to_owned(), None),
            (format!("teller_device={}", good.to_uppercase()), None),
            (format!("other={good}"), None),
            (format!("teller_device={good}0"), None),
        ] {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::try_from(&cookies).expect("ASCII");
            headers.insert(header::COOKIE, value);
            assert_eq!(device_of(&headers).as_deref(), expected, "for {cookies}");
        }
    }

    #[test]
    fn ids_are_of_the_shape_that_is_accepted_and_never_the_same() {
        let (one, two) = (random_id(), random_id());
        assert!(is_device_id(&one), "{one}");
        assert_ne!(one, two);
    }
}
