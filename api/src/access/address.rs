//! From where a request comes, and how.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, request::Parts},
};

use crate::state::AppState;

/// The address of the client, as the configuration lets it be known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl FromRequestParts<AppState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let ConnectInfo(peer) = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .expect("the server is bound with connect info");
        let trust_proxy = state.config.trust_proxy;
        Ok(Self(client_address(&parts.headers, *peer, trust_proxy)))
    }
}

/// The address of the client: the peer's, or the one that the proxy in front reports.
///
/// A proxy appends the address it saw, so the last entry is the only one that
/// a client cannot write itself.
fn client_address(headers: &HeaderMap, peer: SocketAddr, trust_proxy: bool) -> IpAddr {
    let forwarded = || {
        let mut lists = headers.get_all("x-forwarded-for").into_iter();
        let last = lists.next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse::<IpAddr>().ok()
    };
    let address = if trust_proxy { forwarded() } else { None };
    address.unwrap_or_else(|| peer.ip()).to_canonical()
}

/// Whether the browser talks https with the proxy in front.
pub(crate) fn is_https(headers: &HeaderMap, trust_proxy: bool) -> bool {
    let scheme = headers.get("x-forwarded-proto");
    trust_proxy && scheme.is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_the_proxys_own_entry_counts_and_only_when_it_is_trusted() {
        let peer: SocketAddr = "198.51.100.9:4000".parse().expect("an address");
        let spoofed = headers(&[("x-forwarded-for", "203.0.113.1, 192.0.2.7")]);
        let client = |trust| client_address(&spoofed, peer, trust).to_string();
        assert_eq!(client(true), "192.0.2.7");
        assert_eq!(client(false), "198.51.100.9");
        let malformed = headers(&[("x-forwarded-for", "unknown")]);
        assert_eq!(client_address(&malformed, peer, true), peer.ip());
    }

    #[test]
    fn https_is_believed_of_a_trusted_proxy_alone() {
        let https = headers(&[("x-forwarded-proto", "https")]);
        assert!(is_https(&https, true));
        assert!(!is_https(&https, false));
        assert!(!is_https(&headers(&[("x-forwarded-proto", "http")]), true));
    }
}
