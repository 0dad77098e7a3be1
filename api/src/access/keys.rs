//! Who asks: the client's address, the scheme it used, the key it shows.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::ApiError;

/// The address of the client: the peer's, or what the proxy in front says.
///
/// A proxy appends the address it saw, so the last entry is the only one that
/// a client cannot write itself.
pub(crate) fn client_address(headers: &HeaderMap, peer: SocketAddr, trust_proxy: bool) -> IpAddr {
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

/// The keys that open the supervisor's interface.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) supervisor: Option<SecretString>,
    pub(crate) admin: Option<SecretString>,
}

impl Keys {
    /// Who shows one of the keys as bearer token: the actor of the audit log.
    ///
    /// # Errors
    /// [`ApiError::Disabled`] when no key is configured, else
    /// [`ApiError::Unauthorized`].
    pub(crate) fn reader(&self, headers: &HeaderMap) -> Result<&'static str, ApiError> {
        if self.supervisor.is_none() && self.admin.is_none() {
            return Err(ApiError::Disabled(
                "the supervisor's pages are off: SUPERVISOR_KEY is not set",
            ));
        }
        let shown = bearer(headers).ok_or(ApiError::Unauthorized)?;
        // Both comparisons always run, so that time tells nothing.
        let admin = is_key(self.admin.as_ref(), shown);
        let supervisor = is_key(self.supervisor.as_ref(), shown);
        match (admin, supervisor) {
            (true, _) => Ok("admin"),
            (false, true) => Ok("supervisor"),
            (false, false) => Err(ApiError::Unauthorized),
        }
    }

    /// Lets the administrator's key alone through.
    ///
    /// # Errors
    /// [`ApiError::Disabled`] when none is configured, [`ApiError::NotAdministrator`] for the
    /// supervisor's, else [`ApiError::Unauthorized`].
    pub(crate) fn administrator(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        if self.admin.is_none() {
            return Err(ApiError::Disabled(
                "changing things here is off: ADMIN_KEY is not set",
            ));
        }
        match self.reader(headers)? {
            "admin" => Ok(()),
            _ => Err(ApiError::NotAdministrator),
        }
    }
}

/// Whether `shown` is the bearer token of the request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares digests, all of their bytes: neither length nor common prefix shows.
pub(crate) fn is_key(key: Option<&SecretString>, shown: &str) -> bool {
    let expected = key.map_or("", |key| key.expose_secret());
    let (ours, theirs) = (Sha256::digest(expected), Sha256::digest(shown));
    let difference = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
    difference == 0 && !expected.is_empty()
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
    fn only_the_proxys_own_word_counts_and_only_when_it_is_trusted() {
        let peer: SocketAddr = "198.51.100.9:4000".parse().expect("an address");
        let spoofed = headers(&[("x-forwarded-for", "203.0.113.1, 192.0.2.7")]);
        let client = |trust| client_address(&spoofed, peer, trust).to_string();
        assert_eq!(client(true), "192.0.2.7");
        assert_eq!(client(false), "198.51.100.9");
        let rubbish = headers(&[("x-forwarded-for", "unknown")]);
        assert_eq!(client_address(&rubbish, peer, true), peer.ip());
    }

    #[test]
    fn https_is_believed_of_a_trusted_proxy_alone() {
        let https = headers(&[("x-forwarded-proto", "https")]);
        assert!(is_https(&https, true));
        assert!(!is_https(&https, false));
        assert!(!is_https(&headers(&[("x-forwarded-proto", "http")]), true));
    }

    #[test]
    fn each_key_opens_as_its_own_actor_and_nothing_else_opens() {
        let keys = Keys {
            supervisor: Some("reads".into()),
            admin: Some("changes".into()),
        };
        for (shown, expected) in [
            ("Bearer reads", Some("supervisor")),
            ("bearer changes", Some("admin")),
            ("Bearer read", None),
            ("Bearer reads2", None),
            ("Bearer ", None),
            ("Basic reads", None),
            ("reads", None),
        ] {
            let actor = keys.reader(&headers(&[("authorization", shown)]));
            assert_eq!(actor.ok(), expected, "for `{shown}`");
        }
    }

    #[test]
    fn only_the_administrators_key_changes_things() {
        let keys = Keys {
            supervisor: Some("reads".into()),
            admin: Some("changes".into()),
        };
        let shown = |key| keys.administrator(&headers(&[("authorization", key)]));
        assert!(shown("Bearer changes").is_ok());
        assert!(matches!(
            shown("Bearer reads"),
            Err(ApiError::NotAdministrator)
        ));
        assert!(matches!(shown("Bearer "), Err(ApiError::Unauthorized)));
        let off = Keys {
            admin: None,
            ..keys.clone()
        };
        let answer = off.administrator(&headers(&[("authorization", "Bearer reads")]));
        assert!(matches!(answer, Err(ApiError::Disabled(why)) if why.contains("ADMIN_KEY")));
    }

    #[test]
    fn an_unset_or_empty_key_opens_nothing() {
        let empty = headers(&[("authorization", "Bearer ")]);
        let unset = Keys::default();
        assert!(matches!(unset.reader(&empty), Err(ApiError::Disabled(_))));
        let keys = Keys {
            supervisor: Some("".into()),
            admin: None,
        };
        assert!(matches!(keys.reader(&empty), Err(ApiError::Unauthorized)));
    }
}
