//! The keys that open the supervisor's interface.

use axum::http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::ApiError;

/// Whose key a request shows; who may do more comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Whether there is a key for what `least` may do.
    ///
    /// # Errors
    /// [`ApiError::Disabled`], which names the setting that is missing.
    pub(crate) fn configured(&self, least: KeyHolder) -> Result<(), ApiError> {
        match (least, &self.supervisor, &self.admin) {
            (KeyHolder::Administrator, _, None) => Err(ApiError::Disabled(
                "changing things here is off: ADMIN_KEY is not set",
            )),
            (KeyHolder::Supervisor, None, None) => Err(ApiError::Disabled(
                "the supervisor's pages are off: SUPERVISOR_KEY is not set",
            )),
            _ => Ok(()),
        }
    }

    /// Whose key this is; `None`: nobody's.
    pub(crate) fn holder(&self, shown: &str) -> Option<KeyHolder> {
        // Both comparisons always run, so that their time reveals nothing.
        let admin = self.key(KeyHolder::Administrator);
        let admin = admin.is_some_and(|key| is_same(key, shown));
        let supervisor = self.key(KeyHolder::Supervisor);
        let supervisor = supervisor.is_some_and(|key| is_same(key, shown));
        match (admin, supervisor) {
            (true, _) => Some(KeyHolder::Administrator),
            (false, true) => Some(KeyHolder::Supervisor),
            (false, false) => None,
        }
    }

    /// An unset or empty key opens nothing.
    pub(super) fn key(&self, holder: KeyHolder) -> Option<&str> {
        let key = match holder {
            KeyHolder::Supervisor => &self.supervisor,
            KeyHolder::Administrator => &self.admin,
        };
        let key = key.as_ref().map(ExposeSecret::expose_secret);
        key.filter(|key| !key.is_empty())
    }
}

/// The key that a request shows as its bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Compares digests, all of their bytes: neither length nor common prefix shows.
pub(super) fn is_same(expected: &str, shown: &str) -> bool {
    let (ours, theirs) = (Sha256::digest(expected), Sha256::digest(shown));
    let difference = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
    difference == 0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn keys() -> Keys {
        Keys {
            supervisor: Some("reads".into()),
            admin: Some("changes".into()),
        }
    }

    #[test]
    fn each_key_opens_as_its_own_holder_and_nothing_else_opens() {
        for (authorization, expected) in [
            ("Bearer reads", Some(KeyHolder::Supervisor)),
            ("bearer changes", Some(KeyHolder::Administrator)),
            ("Bearer read", None),
            ("Bearer reads2", None),
            ("Bearer ", None),
            ("Basic reads", None),
            ("reads", None),
        ] {
            let value = HeaderValue::from_static(authorization);
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
            let holder = bearer(&headers).and_then(|shown| keys().holder(shown));
            assert_eq!(holder, expected, "for `{authorization}`");
        }
    }

    #[test]
    fn an_unset_or_empty_key_opens_nothing() {
        let unset = Keys::default();
        let empty = Keys {
            supervisor: Some("".into()),
            admin: None,
        };
        assert_eq!((unset.holder(""), empty.holder("")), (None, None));
        let why = |keys: &Keys, least| keys.configured(least).map_err(|error| error.to_string());
        assert!(
            why(&unset, KeyHolder::Supervisor).is_err_and(|why| why.contains("SUPERVISOR_KEY"))
        );
        assert!(why(&empty, KeyHolder::Administrator).is_err_and(|why| why.contains("ADMIN_KEY")));
        assert_eq!(why(&keys(), KeyHolder::Administrator), Ok(()));
    }
}
