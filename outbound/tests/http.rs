//! The client against a server of the test's own.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    io,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use outbound::{
    Client, HeaderValue, HostList, Limits, Names, OutboundError, Request, Resolving, Settings, Url,
    header,
};

/// `shop.test` and `evil.test` have the address of this host; counts what was asked.
struct Hosts(Arc<AtomicUsize>);

impl Names for Hosts {
    fn addresses<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let found: io::Result<Vec<IpAddr>> = match host {
            "shop.test" | "evil.test" => Ok(vec!["127.0.0.1".parse().unwrap()]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Box::pin(async move { found })
    }
}

/// An endless body, or one that stops after its beginning.
fn endless(slow: bool) -> Response {
    let chunks = futures_util::stream::unfold(0_u32, move |sent| async move {
        if slow && sent > 0 {
            std::future::pending::<()>().await;
        }
        Some((Ok::<_, io::Error>(vec![b'x'; 1_000]), sent + 1))
    });
    Body::from_stream(chunks).into_response()
}

fn app(port: u16) -> Router {
    let to =
        move |host: &str, path: &str| Redirect::temporary(&format!("http://{host}:{port}/{path}"));
    let seen = |headers: HeaderMap| async move {
        let has = |name| headers.contains_key(name);
        format!("{} {}", has("authorization"), has("x-mine"))
    };
    Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/missing", get(|| async { (StatusCode::NOT_FOUND, "no") }))
        .route("/relative", get(|| async { Redirect::to("/") }))
        .route("/loop", get(|| async { Redirect::to("/loop") }))
        .route("/evil", get(move || async move { to("evil.test", "") }))
        .route("/address", get(move || async move { to("127.0.0.1", "") }))
        .route(
            "/hidden-address",
            get(move || async move { to("0x7f.1", "") }),
        )
        .route(
            "/evil-seen",
            get(move || async move { to("evil.test", "seen") }),
        )
        .route(
            "/file",
            get(|| async { Redirect::to("file:///etc/hostname") }),
        )
        .route(
            "/password",
            get(move || async move { to("name:word@shop.test", "seen") }),
        )
        .route("/seen", get(seen))
        .route("/endless", get(|| async { endless(false) }))
        .route("/slow", get(|| async { endless(true) }))
        .route(
            "/long",
            get(|| async {
                (
                    [("content-length", "99000000")],
                    Body::from_stream(futures_util::stream::pending::<io::Result<Vec<u8>>>()),
                )
            }),
        )
        .route(
            "/packed",
            get(|| async { ([("content-encoding", "gzip")], "x") }),
        )
        .route("/posted", post(|body: String| async move { body }))
        .route("/moved", post(|| async { Redirect::temporary("/posted") }))
}

struct Tried {
    client: Client,
    port: u16,
    lookups: Arc<AtomicUsize>,
}

/// A server, and a client that may ask these hosts though their addresses are private.
async fn server(private: &[&str]) -> Tried {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "the test's own server")]
    tokio::spawn(async move { axum::serve(listener, app(port)).await });
    let lookups = Arc::new(AtomicUsize::new(0));
    let client = Client::new(Settings {
        private_hosts: HostList::new(private).unwrap(),
        names: Arc::new(Hosts(Arc::clone(&lookups))),
        ..Settings::default()
    });
    Tried {
        client: client.unwrap(),
        port,
        lookups,
    }
}

impl Tried {
    fn url(&self, host: &str, path: &str) -> Url {
        Url::parse(&format!("http://{host}:{}{path}", self.port)).unwrap()
    }

    async fn get(&self, host: &str, path: &str) -> Result<String, OutboundError> {
        let limits = Limits {
            bytes: 100_000,
            time: Duration::from_secs(5),
        };
        self.send(Request::get(self.url(host, path)).limits(limits))
            .await
    }

    async fn send(&self, request: Request) -> Result<String, OutboundError> {
        let answer = self.client.send(request).await?;
        let body = String::from_utf8(answer.body).unwrap();
        Ok(format!("{} {body}", answer.status.as_u16()))
    }
}

#[tokio::test]
async fn a_host_with_a_private_address_is_asked_only_when_its_name_is_allowed() {
    let server = server(&["shop.test"]).await;
    assert_eq!(server.get("shop.test", "/").await.unwrap(), "200 hello");
    assert_eq!(server.get("shop.test", "/missing").await.unwrap(), "404 no");
    for host in [
        "evil.test",
        "127.0.0.1",
        "[::1]",
        "0x7f000001",
        "2130706433",
        "[::ffff:127.0.0.1]",
    ] {
        let error = server.get(host, "/").await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Private { .. }),
            "{host}: {error:?}"
        );
        assert!(error.is_refusal() && error.is_unsent());
    }
    let error = server.get("unknown.test", "/").await.unwrap_err();
    assert!(matches!(error, OutboundError::Unresolved(_)), "{error:?}");
}

#[tokio::test]
async fn a_name_is_resolved_once_for_a_connection() {
    let server = server(&["shop.test"]).await;
    server.get("shop.test", "/").await.unwrap();
    assert_eq!(server.lookups.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_system_resolver_s_names_are_judged_too() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = Client::new(Settings::default()).unwrap();
    let url = Url::parse(&format!("http://localhost:{port}/")).unwrap();
    let error = client.send(Request::get(url)).await.unwrap_err();
    assert!(matches!(error, OutboundError::Private { .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_passes_the_same_checks() {
    let server = server(&["shop.test"]).await;
    assert_eq!(
        server.get("shop.test", "/relative").await.unwrap(),
        "200 hello"
    );
    for path in ["/evil", "/address", "/hidden-address"] {
        let error = server.get("shop.test", path).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::Private { .. }),
            "{path}: {error:?}"
        );
    }
    let error = server.get("shop.test", "/loop").await.unwrap_err();
    assert!(matches!(error, OutboundError::Redirect(_)), "{error:?}");
    let error = server.get("shop.test", "/file").await.unwrap_err();
    assert!(matches!(error, OutboundError::Address), "{error:?}");
}

#[tokio::test]
async fn a_request_s_list_of_hosts_holds_for_redirects() {
    let server = server(&["shop.test", "evil.test"]).await;
    let hosts = Arc::new(HostList::new(["shop.test"]).unwrap());
    let get = |host, path| Request::get(server.url(host, path)).only(Arc::clone(&hosts));
    assert!(server.send(get("shop.test", "/")).await.is_ok());
    for request in [get("evil.test", "/"), get("shop.test", "/evil")] {
        let error = server.send(request).await.unwrap_err();
        assert!(
            matches!(&error, OutboundError::Host(host) if host == "evil.test"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let server = server(&["shop.test", "evil.test"]).await;
    let mine = HeaderValue::from_static("1");
    for (path, seen) in [("/seen", "200 true true"), ("/evil-seen", "200 false true")] {
        let url = server.url("shop.test", path);
        let request =
            Request::get(url).header(header::HeaderName::from_static("x-mine"), mine.clone());
        let request = request.bearer("secret").unwrap();
        assert_eq!(server.send(request).await.unwrap(), seen);
    }
    // A name and password of the address itself are sent there, and none that a redirect holds.
    let url = Url::parse(&format!("http://name:word@shop.test:{}/seen", server.port)).unwrap();
    let seen = server.send(Request::get(url)).await.unwrap();
    assert_eq!(seen, "200 true false");
    let error = server.get("shop.test", "/password").await.unwrap_err();
    assert!(matches!(error, OutboundError::Address), "{error:?}");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = server(&["shop.test"]).await;
    for path in ["/endless", "/long"] {
        let error = server.get("shop.test", path).await.unwrap_err();
        assert!(
            matches!(error, OutboundError::TooLarge(100_000)),
            "{path}: {error:?}"
        );
    }
    let error = server.get("shop.test", "/packed").await.unwrap_err();
    assert!(matches!(error, OutboundError::Compressed), "{error:?}");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_not_waited_for() {
    let server = server(&["shop.test"]).await;
    let limits = Limits {
        time: Duration::from_millis(300),
        ..Limits::default()
    };
    let request = Request::get(server.url("shop.test", "/slow")).limits(limits);
    let error = server.send(request).await.unwrap_err();
    assert!(matches!(error, OutboundError::TimedOut(_)), "{error:?}");
    assert!(!error.is_refusal());
}

#[tokio::test]
async fn what_is_handed_over_is_not_handed_on() {
    let server = server(&["shop.test"]).await;
    let post = |path| Request::post_json(server.url("shop.test", path), b"{}".to_vec());
    assert_eq!(server.send(post("/posted")).await.unwrap(), "200 {}");
    assert_eq!(server.send(post("/moved")).await.unwrap(), "307 ");
}

#[tokio::test]
async fn nobody_there_is_told_from_a_connection_that_broke() {
    let server = server(&["shop.test"]).await;
    let url = Url::parse("http://shop.test:1/").unwrap();
    let error = server.send(Request::get(url)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Unreachable(_)) && error.is_unsent(),
        "{error:?}"
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "the test's own server")]
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            connection.readable().await.unwrap();
        }
    });
    let url = Url::parse(&format!("http://shop.test:{port}/")).unwrap();
    let error = server.send(Request::get(url)).await.unwrap_err();
    assert!(
        matches!(error, OutboundError::Connection(_)) && !error.is_unsent(),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stream_that_never_ends_is_left_once_what_was_waited_for_is_there() {
    let server = server(&["shop.test"]).await;
    let request = Request::get(server.url("shop.test", "/slow")).until(|body, seen| {
        assert!(seen < body.len(), "it is asked when something came");
        body.len() >= 1_000
    });
    let answer = server.send(request).await.unwrap();
    assert_eq!(answer.len(), "200 ".len() + 1_000);
}
