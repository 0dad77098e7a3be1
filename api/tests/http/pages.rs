//! Tokens, pages, demonstration messages and the operators' server, over real HTTP.

use std::sync::atomic::Ordering;

use crate::site::{LIVEKIT_URL, SECRET, away, error, settings, site};
use api::HttpConfig;
use livekit_api::access_token::{Claims, TokenVerifier};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

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
    let site = site(settings(), "teller", &away()).await;
    let wishes = json!({"room_name": "somebody-elses", "participant_identity": "admin",
        "participant_attributes": {"sip.phoneNumber": "+1"}, "room_config": {"agents": []}});
    let response = site.token(&wishes.to_string(), &[]).await;
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
    let site = site(settings(), "", &away()).await;
    let claims = claims(site.token("", &[]).await).await;
    assert!(claims.room_config.is_none());
}

#[tokio::test]
async fn a_device_is_recognised_and_a_made_up_one_is_replaced() {
    let site = site(settings(), "teller", &away()).await;
    let mine = "0123456789abcdef0123456789abcdef";
    for (sent, kept) in [(mine, true), ("../../etc", false), ("ABCDEF", false)] {
        let cookie = format!("teller_device={sent}");
        let first = claims(site.token("{}", &[("cookie", &cookie)]).await).await;
        let second = claims(site.token("{}", &[("cookie", &cookie)]).await).await;
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
        let site = site(settings, "teller", &away()).await;
        let set = cookie(&site.token("{}", &https).await);
        assert_eq!(set.contains("; Secure"), trust_proxy, "{set}");
    }
}

#[tokio::test]
async fn a_malformed_body_is_refused_with_a_reason() {
    let site = site(settings(), "teller", &away()).await;
    for (body, reason) in [
        ("{", "not valid JSON"),
        ("[]", "JSON object"),
        ("\u{0}", "not valid JSON"),
    ] {
        let response = site.token(body, &[]).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        let text = error(response).await;
        assert!(text.contains(reason), "{body}: {text}");
    }
    let huge = format!("{{\"room_name\": \"{}\"}}", "x".repeat(20_000));
    let response = site.token(&huge, &[]).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        site.get("/v1/token", "").await.status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let settings = HttpConfig {
        tokens_per_minute: 2,
        trust_proxy: true,
        ..settings()
    };
    let site = site(settings, "teller", &away()).await;
    let from = |address| [("x-forwarded-for", address)];
    for _ in 0..2 {
        let response = site.token("{}", &from("192.0.2.1")).await;
        assert_eq!(response.status(), StatusCode::CREATED);
    }
    let refused = site.token("{}", &from("192.0.2.1")).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait = refused.headers()["retry-after"]
        .to_str()
        .expect("ASCII")
        .to_owned();
    assert!(matches!(wait.parse(), Ok(1..=30)), "Retry-After: {wait}");
    let other = site.token("{}", &from("192.0.2.1, 192.0.2.2")).await;
    assert_eq!(
        other.status(),
        StatusCode::CREATED,
        "another address was limited"
    );
    let (_, metrics) = site.health("/metrics").await;
    assert!(
        metrics.contains("teller_http_requests_limited_total 1"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_draining_worker_gives_no_tokens_and_keeps_its_pages() {
    let site = site(settings(), "teller", &away()).await;
    site.draining.store(true, Ordering::Relaxed);
    let response = site.token("{}", &[]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(site.json("/v1/status").await["ready"], false);
}

#[tokio::test]
async fn the_status_names_the_bank_and_the_models() {
    let site = site(settings(), "teller", &away()).await;
    let status = site.json("/v1/status").await;
    assert_eq!(status["company_name"], "Northwind Bank");
    assert_eq!(status["speech_model"], "tiny.en");
    assert_eq!(status["language_model"], Value::Null);
    assert_eq!(status["authentication"], true);
    assert_eq!(status["agent_name"], "teller");
    assert_eq!(status["ready"], false, "ready without a LiveKit server");
}

#[tokio::test]
async fn demonstration_messages_are_there_only_when_switched_on() {
    for demo_messages in [true, false] {
        let settings = HttpConfig {
            demo_messages,
            ..settings()
        };
        let site = site(settings, "teller", &away()).await;
        let url = format!("http://{}/v1/demo/messages", site.pages);
        let message = json!({"to": "+15550100", "text": "Your code is 123456."});
        let sent = site
            .client
            .post(&url)
            .json(&message)
            .send()
            .await
            .expect("answers");
        let shown = site.get("/v1/demo/messages", "").await;
        if !demo_messages {
            assert!(sent.status().is_client_error(), "{}", sent.status());
            assert_eq!(shown.status(), StatusCode::NOT_FOUND);
            continue;
        }
        assert_eq!(sent.status(), StatusCode::NO_CONTENT);
        let shown: Value = shown.json().await.expect("JSON");
        assert_eq!(shown["messages"][0]["to"], "+15550100");
        assert_eq!(shown["messages"][0]["text"], "Your code is 123456.");
        let bad = site.client.post(&url).json(&json!({"to": 1})).send().await;
        assert_eq!(bad.expect("answers").status(), StatusCode::BAD_REQUEST);
        for n in 0..25 {
            let message = json!({"to": "+15550100", "text": format!("{n}")});
            let sent = site.client.post(&url).json(&message).send().await;
            sent.expect("answers");
        }
        let shown: Value = site.json("/v1/demo/messages").await;
        let messages = shown["messages"].as_array().expect("a list");
        assert_eq!((messages.len(), &messages[0]["text"]), (20, &json!("24")));
    }
}

#[tokio::test]
async fn demonstration_messages_stay_off_where_others_could_reach_them() {
    let settings = HttpConfig {
        demo_messages: true,
        bind: ([0, 0, 0, 0], 0).into(),
        ..settings()
    };
    let site = site(settings, "teller", &away()).await;
    let port = site.pages.port();
    let url = format!("http://127.0.0.1:{port}/v1/demo/messages");
    let shown = site.client.get(url).send().await.expect("answers");
    assert_eq!(shown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_are_served_with_a_policy_that_reaches_livekit_and_nothing_outside_their_folder() {
    let folder = std::env::temp_dir().join(format!("teller-web-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(folder.join("web/assets")).expect("writable");
    for (file, text) in [
        ("web/index.html", "<p>caller"),
        ("web/supervisor.html", "<p>supervisor"),
        ("web/assets/a1b2.js", "1"),
        ("secret", "secret"),
    ] {
        std::fs::write(folder.join(file), text).expect("written");
    }
    let settings = HttpConfig {
        web_dir: folder.join("web"),
        ..settings()
    };
    let site = site(settings, "teller", &away()).await;
    let page = site.get("/", "").await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("ASCII");
    assert!(
        policy.contains("connect-src 'self' wss://lk.example.org https://lk.example.org"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert_eq!(page.text().await.expect("text"), "<p>caller");
    for path in ["/supervisor.html", "/supervisor"] {
        let page = site.get(path, "").await;
        assert_eq!(page.text().await.expect("text"), "<p>supervisor", "{path}");
    }
    let asset = site.get("/assets/a1b2.js", "").await;
    assert!(
        asset.headers()["cache-control"]
            .to_str()
            .expect("ASCII")
            .contains("immutable")
    );
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/assets/none.js",
        "/nothing",
    ] {
        let response = site.get(path, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    }
    let unknown = site.get("/v1/nothing", "reads").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert!(error(unknown).await.contains("not found"));
    std::fs::remove_dir_all(folder).expect("removed");
}

#[tokio::test]
async fn operators_see_health_worker_and_metrics() {
    let site = site(settings(), "teller", &away()).await;
    let (status, why) = site.health("/").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("not yet registered"), "{why}");
    let (status, worker) = site.health("/worker").await;
    assert_eq!(status, StatusCode::OK);
    let worker: Value = serde_json::from_str(&worker).expect("JSON");
    assert_eq!(worker["agent_name"], "teller");
    assert_eq!(worker["worker_type"], "JT_ROOM");
    assert_eq!(worker["active_jobs"], 0);
    assert_eq!(worker["project_type"], "rust");
    let (_, metrics) = site.health("/metrics").await;
    assert!(
        metrics.contains("# TYPE teller_http_requests_limited counter"),
        "{metrics}"
    );
}
