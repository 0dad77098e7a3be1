//! The keys that open the supervisor's interface.

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::ApiError;

/// Whose key a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHolder {
    /// `SUPERVISOR_KEY`: reads.
    Supervisor,
    /// `ADMIN_KEY`: reads and changes.
    Administrator,
}

impl KeyHolder {
    /// The actor of the audit log.
    pub(crate) fn actor(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Administrator => "admin",
        }
    }
}

/// The keys that open the supervisor's interface.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) supervisor: Option<SecretString>,
    pub(crate) admin: Option<SecretString>,
}

impl Keys {
    /// Who shows one of the keys as bearer token.
    ///
    /// # Errors
    /// [`ApiError::Disabled`] when no key is configured, else
    /// [`ApiError::Unauthorized`].
    pub(crate) fn reader(&self, headers: &HeaderMap) -> Result<KeyHolder, ApiError> {
        if self.supervisor.is_none() && self.admin.is_none() {
            return Err(ApiError::Disabled(
                "the supervisor's pages are off: SUPERVISOR_KEY is not set",
            ));
        }
        let shown = bearer(headers).ok_or(ApiError::Unauthorized)?;
        // Both comparisons always run, so that their time reveals nothing.
        let admin = is_key(self.admin.as_ref(), shown);
        let supervisor = is_key(self.supervisor.as_ref(), shown);
        match (admin, supervisor) {
            (true, _) => Ok(KeyHolder::Administrator),
            (false, true) => Ok(KeyHolder::Supervisor),
            (false, false) => Err(ApiError::Unauthorized),
        }
    }

    /// Lets the administrator's key alone through.
    ///
    /// # Errors
    /// [`ApiError::Disabled`] when none is configured, [`ApiError::NotAdministrator`] for the
    /// supervisor's, else [`ApiError::Unauthorized`].
    pub(crate) fn administrator(&self, headers: &HeaderMap) -> Result<KeyHolder, ApiError> {
        if self.admin.is_none() {
            return Err(ApiError::Disabled(
                "changing things here is off: ADMIN_KEY is not set",
            ));
        }
        match self.reader(headers)? {
            KeyHolder::Administrator => Ok(KeyHolder::Administrator),
            KeyHolder::Supervisor => Err(ApiError::NotAdministrator),
        }
    }
}

/// The bearer token of the request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares digests, all of their bytes: neither length nor common prefix shows.
fn is_key(key: Option<&SecretString>, shown: &str) -> bool {
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
            assert_eq!(actor.ok().map(KeyHolder::actor), expected, "for `{shown}`");
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
