//! `POST /v1/token`.

use std::sync::atomic::Ordering;

use api::HttpConfig;
use livekit_api::access_token::{Claims, TokenVerifier};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::server::{LIVEKIT_URL, SECRET, away, error, serve, serve_without_agent_name, settings};

async fn claims(response: Response) -> Claims {
    assert_eq!(response.status(), StatusCode::CREATED);
    let body: Value = response.json().await.expect("JSON");
    assert_eq!(body["server_url"], LIVEKIT_URL);
    let token = body["participant_token"].as_str().expect("a token");
    let verifier = TokenVerifier::with_api_key("key", SECRET);
    verifier.verify(token).expect("signed by us")
}

fn cookie(response: &Response) -> String {
    let cookie = response.headers()["set-cookie"].to_str().expect("ASCII");
    cookie.to_owned()
}

#[tokio::test]
async fn a_token_opens_a_room_of_its_own_with_a_callers_rights_and_no_more() {
    let server = serve(settings(), &away()).await;
    let wishes = json!({"room_name": "somebody-elses", "participant_identity": "admin",
        "participant_attributes": {"sip.phoneNumber": "+1"}, "room_config": {"agents": []}});
    let response = server.token(&wishes.to_string(), &[]).await;
    let set = cookie(&response);
    let claims = claims(response).await;
    assert!(claims.sub.starts_with("web_"), "{}", claims.sub);
    assert!(
        claims.video.room.starts_with("call-"),
        "{}",
        claims.video.room
    );
    let grants = &claims.video;
    assert!(grants.room_join && !grants.room_admin && !grants.agent && !grants.hidden);
    assert_eq!(grants.can_publish_sources, ["microphone"]);
    assert_eq!(grants.can_update_own_metadata, Some(false));
    assert_eq!(
        (grants.can_subscribe, grants.can_publish_data),
        (Some(true), Some(true))
    );
    let config = claims.room_config.expect("the agent is dispatched");
    assert_eq!(config.agents.len(), 1);
    assert_eq!(config.agents[0].agent_name, "teller");
    let device = &claims.attributes["teller.device"];
    let address = &claims.attributes["teller.address"];
    assert!(
        address.len() == 16 && !address.contains('.'),
        "a mark, not the address: {address}"
    );
    assert_eq!(
        claims.attributes.len(),
        2,
        "and nothing that was wished for"
    );
    assert!(set.contains(&format!("teller_device={device};")), "{set}");
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Lax"),
        "{set}"
    );
    assert!(!set.contains("Secure"), "{set}");
    let lasts = claims.exp.saturating_sub(claims.nbf);
    assert!((590..=610).contains(&lasts), "the token lasts {lasts} s");
}

#[tokio::test]
async fn automatic_dispatch_asks_for_no_agent_by_name() {
    let server = serve_without_agent_name(settings()).await;
    let claims = claims(server.token("", &[]).await).await;
    assert!(claims.room_config.is_none());
}

#[tokio::test]
async fn a_device_is_recognised_and_a_made_up_one_is_replaced() {
    let server = serve(settings(), &away()).await;
    let mine = "0123456789abcdef0123456789abcdef";
    for (sent, kept) in [(mine, true), ("../../etc", false), ("ABCDEF", false)] {
        let cookie = format!("teller_device={sent}");
        let first = claims(server.token("{}", &[("cookie", &cookie)]).await).await;
        let second = claims(server.token("{}", &[("cookie", &cookie)]).await).await;
        let device = &first.attributes["teller.device"];
        assert_eq!(device == sent, kept, "{sent} became {device}");
        assert_ne!(first.sub, second.sub, "two calls share an identity");
        assert_ne!(
            first.video.room, second.video.room,
            "two calls share a room"
        );
    }
}

#[tokio::test]
async fn the_cookie_is_secure_behind_a_trusted_https_proxy_alone() {
    let https = [("x-forwarded-proto", "https")];
    for trust_proxy in [true, false] {
        let settings = HttpConfig {
            trust_proxy,
            ..settings()
        };
        let server = serve(settings, &away()).await;
        let set = cookie(&server.token("{}", &https).await);
        assert_eq!(set.contains("; Secure"), trust_proxy, "{set}");
    }
}

#[tokio::test]
async fn a_malformed_body_is_refused_with_a_reason() {
    let server = serve(settings(), &away()).await;
    for (body, reason) in [
        ("{", "not valid JSON"),
        ("[]", "JSON object"),
        ("\u{0}", "not valid JSON"),
    ] {
        let response = server.token(body, &[]).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        let text = error(response).await;
        assert!(text.contains(reason), "{body}: {text}");
    }
    let huge = format!("{{\"room_name\": \"{}\"}}", "x".repeat(20_000));
    let response = server.token(&huge, &[]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        server.get("/v1/token", "").await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn an_address_that_asks_too_often_gets_a_time_to_come_back() {
    let settings = HttpConfig {
        tokens_per_minute: 2,
        trust_proxy: true,
        ..settings()
    };
    let server = serve(settings, &away()).await;
    let from = |address| [("x-forwarded-for", address)];
    for _ in 0..2 {
        let response = server.token("{}", &from("192.0.2.1")).await;
        assert_eq!(response.status(), StatusCode::CREATED);
    }
    let refused = server.token("{}", &from("192.0.2.1")).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait = refused.headers()["retry-after"]
        .to_str()
        .expect("ASCII")
        .to_owned();
    assert!(matches!(wait.parse(), Ok(1..=30)), "Retry-After: {wait}");
    let other = server.token("{}", &from("192.0.2.1, 192.0.2.2")).await;
    assert_eq!(
        other.status(),
        StatusCode::CREATED,
        "another address was limited"
    );
    let (_, metrics) = server.health("/metrics").await;
    assert!(
        metrics.contains("teller_http_requests_limited_total 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_draining_worker_gives_no_tokens_and_keeps_its_pages() {
    let server = serve(settings(), &away()).await;
    server.draining.store(true, Ordering::Relaxed);
    let response = server.token("{}", &[]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(server.json("/v1/status").await["ready"], false);
}
