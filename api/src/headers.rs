//! The headers that every answer of the pages carries.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// A page asks for the microphone and for nothing else.
const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()";

/// The content security policy for pages that talk with this LiveKit server.
///
/// Falls back to the page's own origin when `livekit_url` is not a URL.
pub(crate) fn content_security_policy(livekit_url: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'self'; connect-src 'self'{}; media-src 'self' blob: mediastream:; \
         worker-src 'self' blob:; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
        connect_sources(livekit_url)
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'self'"))
}

/// The client opens a WebSocket and asks over http why it failed, so both
/// schemes are needed.
fn connect_sources(livekit_url: &str) -> String {
    let Some((scheme, rest)) = livekit_url.trim().split_once("://") else {
        return String::new();
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if host.is_empty() || !host.chars().all(is_host) {
        return String::new();
    }
    let (ws, http) = match scheme {
        "ws" | "http" => ("ws", "http"),
        _ => ("wss", "https"),
    };
    format!(" {ws}://{host} {http}://{host}")
}

/// Adds what is missing: security headers to all, caching rules by path.
pub(crate) async fn add(policy: HeaderValue, request: Request, next: Next) -> Response {
    let caching = caching(request.uri().path());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::X_FRAME_OPTIONS, "DENY");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(
        headers,
        HeaderName::from_static("permissions-policy"),
        PERMISSIONS,
    );
    let ok = response.status().is_success();
    let caching = if ok { caching } else { "no-store" };
    set(response.headers_mut(), header::CACHE_CONTROL, caching);
    response
}

/// Files below `assets/` are named by their content; pages are asked for again;
/// answers about calls and tokens are never stored.
fn caching(path: &str) -> &'static str {
    if path.starts_with("/v1/") {
        "no-store"
    } else if path.starts_with("/assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_the_page_reach_its_livekit_server_and_no_other() {
        for (url, expected) in [
            (
                "ws://127.0.0.1:7880",
                "connect-src 'self' ws://127.0.0.1:7880 http://127.0.0.1:7880;",
            ),
            (
                "wss://lk.example.org/prefix",
                "connect-src 'self' wss://lk.example.org https://lk.example.org;",
            ),
            (
                "https://lk.example.org",
                "connect-src 'self' wss://lk.example.org https://lk.example.org;",
            ),
            ("wss://x; script-src *", "connect-src 'self';"),
            ("not a URL", "connect-src 'self';"),
        ] {
            let policy = content_security_policy(url);
            let policy = policy.to_str().expect("ASCII");
            assert!(policy.contains(expected), "{url} gave {policy}");
        }
    }
}
