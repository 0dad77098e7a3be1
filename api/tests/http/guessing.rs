//! Guessing a key is limited by address, and keeps out nobody who knows it.

use api::HttpConfig;
use reqwest::{Response, StatusCode};

use crate::server::{Server, answer, away, error, serve, settings};

/// Wrong keys that one client may show at once.
const GUESSES: usize = 10;
const TOPICS: &str = "/v1/topics";

/// A server behind a proxy, so that a test has many addresses.
async fn proxied() -> Server {
    let settings = HttpConfig {
        trust_proxy: true,
        ..settings()
    };
    serve(settings, &away()).await
}

/// A client of one address, which keeps its cookie as a browser does.
struct Client<'a> {
    server: &'a Server,
    address: &'a str,
    cookie: String,
}

impl<'a> Client<'a> {
    fn at(server: &'a Server, address: &'a str) -> Self {
        let cookie = String::new();
        Self {
            server,
            address,
            cookie,
        }
    }

    async fn show(&mut self, key: &str) -> Response {
        let request = self.server.asking(TOPICS).bearer_auth(key);
        let request = request.header("x-forwarded-for", self.address);
        let request = request.header("cookie", &self.cookie);
        let response = answer(request).await;
        if let Some(set) = response.headers().get("set-cookie") {
            let set = set.to_str().expect("ASCII");
            self.cookie = set.split(';').next().unwrap_or_default().to_owned();
        }
        response
    }

    /// Shows wrong keys until there is no guess left.
    async fn guess_all(&mut self) {
        for n in 0..GUESSES {
            let refused = self.show(&format!("guess-{n}")).await;
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "guess {n}");
        }
    }
}

#[tokio::test]
async fn after_ten_wrong_keys_no_key_of_that_address_is_looked_at_for_a_while() {
    let server = proxied().await;
    let mut guesser = Client::at(&server, "192.0.2.1");
    guesser.guess_all().await;
    for key in ["guess-10", "reads", "changes"] {
        let refused = guesser.show(key).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS, "`{key}`");
        let wait = refused.headers()["retry-after"].to_str().expect("ASCII");
        assert!(matches!(wait.parse(), Ok(1..=6)), "Retry-After: {wait}");
        assert!(!refused.headers().contains_key("set-cookie"));
        assert!(error(refused).await.contains("too many wrong keys"));
    }
    let mut other = Client::at(&server, "192.0.2.2");
    assert_eq!(other.show("reads").await.status(), StatusCode::OK);
    let (_, metrics) = server.health("/metrics").await;
    for line in [
        "teller_http_wrong_keys_total 10",
        "teller_http_requests_limited_total 3",
    ] {
        assert!(metrics.contains(line), "`{line}` is missing: {metrics}");
    }
}

#[tokio::test]
async fn neighbours_of_an_ipv6_network_share_their_guesses() {
    let server = proxied().await;
    Client::at(&server, "2001:db8::1").guess_all().await;
    let mut neighbour = Client::at(&server, "2001:db8::2");
    let refused = neighbour.show("reads").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_request_without_a_key_is_not_a_guess() {
    let server = proxied().await;
    let mut client = Client::at(&server, "192.0.2.1");
    for _ in 0..=GUESSES {
        assert_eq!(client.show("").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(client.show("reads").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn who_has_shown_the_right_key_is_not_kept_out_by_others_at_the_same_address() {
    let server = proxied().await;
    for key in ["reads", "changes"] {
        let address = if key == "reads" {
            "192.0.2.1"
        } else {
            "192.0.2.2"
        };
        let mut known = Client::at(&server, address);
        let opened = known.show(key).await;
        let set = opened.headers()["set-cookie"].to_str().expect("ASCII");
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/v1"] {
            assert!(set.contains(attribute), "{set}");
        }
        Client::at(&server, address).guess_all().await;
        for _ in 0..=GUESSES {
            let opened = known.show(key).await;
            assert_eq!(opened.status(), StatusCode::OK, "`{key}`");
            assert!(!opened.headers().contains_key("set-cookie"), "it has one");
        }
        // Without the cookie nobody can tell them from who guesses.
        let mut new = Client::at(&server, address);
        let refused = new.show(key).await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn the_cookie_of_a_known_client_gives_no_more_guesses_than_one_limit_allows() {
    let server = proxied().await;
    let mut known = Client::at(&server, "192.0.2.1");
    assert_eq!(known.show("reads").await.status(), StatusCode::OK);
    let first = known.cookie.clone();
    // A second cookie is the same one: showing the right key again buys nothing.
    let mut again = Client::at(&server, "192.0.2.1");
    assert_eq!(again.show("reads").await.status(), StatusCode::OK);
    assert_eq!(again.cookie, first);
    known.guess_all().await;
    let refused = known.show("reads").await;
    assert_eq!(
        refused.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "it guessed itself"
    );

    // Neither a made-up cookie nor one of another address counts.
    Client::at(&server, "192.0.2.2").guess_all().await;
    for cookie in [first, format!("teller_known={}", "0".repeat(64))] {
        let mut stranger = Client::at(&server, "192.0.2.2");
        stranger.cookie = cookie;
        let refused = stranger.show("reads").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}
