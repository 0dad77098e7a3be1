//! `/v1/demo/messages`: stands in for the telephone of a demonstration customer.
//!
//! It is the receiver of the code webhook on a developer's machine: it keeps
//! what would have been sent and shows it on the page. Mounted on loopback
//! only, and it answers peers on loopback only.

use std::{
    collections::VecDeque,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{ConnectInfo, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiError,
    problems::{Malformed, NoSuchThing},
    state::AppState,
};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, receive))
        .with_state(Outbox::default())
}

/// Messages kept; the oldest goes first.
const MESSAGES: usize = 20;

/// One message that would have been sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct DemoMessage {
    /// A phone number, E.164.
    to: String,
    text: String,
    at: DateTime<Utc>,
}

/// The body that the code sender posts.
#[derive(Debug, Deserialize, ToSchema)]
struct SentMessage {
    /// A phone number, E.164.
    to: String,
    text: String,
}

/// The messages of this process.
#[derive(Clone, Debug, Default)]
struct Outbox(Arc<Mutex<VecDeque<DemoMessage>>>);

impl Outbox {
    fn messages(&self) -> std::sync::MutexGuard<'_, VecDeque<DemoMessage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a message in place of a sender
#[utoipa::path(
    post,
    path = "/demo/messages",
    tag = "demonstration",
    operation_id = "receive_demo_message",
    request_body = SentMessage,
    responses(
        (status = 204, description = "It is shown from now on."),
        Malformed,
        NoSuchThing
    )
)]
async fn receive(
    State(outbox): State<Outbox>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<SentMessage>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    only_here(peer, &headers)?;
    let Json(SentMessage { to, text }) =
        body.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let mut messages = outbox.messages();
    if messages.len() == MESSAGES {
        messages.pop_front();
    }
    let at = Utc::now();
    messages.push_back(DemoMessage { to, text, at });
    Ok(StatusCode::NO_CONTENT)
}

/// What would have been sent.
#[derive(Serialize, ToSchema)]
struct DemoMessages {
    /// Newest first; at most 20.
    messages: Vec<DemoMessage>,
}

/// The messages that would have been sent
///
/// On loopback only, and only where `DEMO_MESSAGES` is set; otherwise there is no such resource.
#[utoipa::path(
    get,
    path = "/demo/messages",
    tag = "demonstration",
    operation_id = "show_demo_messages",
    responses(
        (status = 200, description = "The messages.", body = DemoMessages),
        NoSuchThing
    )
)]
async fn show(
    State(outbox): State<Outbox>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<DemoMessages>, ApiError> {
    only_here(peer, &headers)?;
    let messages = outbox.messages().iter().rev().cloned().collect();
    Ok(Json(DemoMessages { messages }))
}

/// The peer alone proves little: a proxy on this machine is on loopback too, and
/// a foreign page may have its name resolve to it. So the name asked for must
/// be loopback's, and nothing may have been forwarded.
fn only_here(peer: SocketAddr, headers: &HeaderMap) -> Result<(), ApiError> {
    let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-proto"];
    let direct = !forwarded.iter().any(|name| headers.contains_key(*name));
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    if direct && peer.ip().to_canonical().is_loopback() && host.is_some_and(is_loopback_name) {
        Ok(())
    } else {
        Err(ApiError::NotFound("this page"))
    }
}

fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_a_page_on_this_very_machine_is_answered() {
        for (peer, host, forwarded, allowed) in [
            ("127.0.0.1:1", "127.0.0.1:8080", "", true),
            ("127.0.0.1:1", "localhost:8080", "", true),
            ("[::1]:1", "[::1]:8080", "", true),
            ("[::1]:1", "localhost", "", true),
            ("[::ffff:127.0.0.1]:1", "localhost", "", true),
            ("192.0.2.1:1", "localhost", "", false),
            ("127.0.0.1:1", "www.example.org", "", false),
            ("127.0.0.1:1", "127.0.0.1.example.org", "", false),
            ("127.0.0.1:1", "localhost", "x-forwarded-for", false),
            ("127.0.0.1:1", "localhost", "forwarded", false),
        ] {
            let mut headers = HeaderMap::new();
            let name = HeaderValue::try_from(host).expect("ASCII");
            headers.insert(header::HOST, name);
            if !forwarded.is_empty() {
                let name = HeaderName::from_static(forwarded);
                headers.insert(name, HeaderValue::from_static("192.0.2.1"));
            }
            let peer = peer.parse().expect("an address");
            let answer = only_here(peer, &headers);
            assert_eq!(answer.is_ok(), allowed, "{peer} {host} {forwarded}");
        }
    }
}
