//! Clients that have shown a right key before.
//!
//! Wrong keys are limited by address, and many people may share one. Whoever has shown a right key
//! gets a cookie and, from then on, a limit of their own: guesses of others behind the same address
//! do not lock them out. The cookie opens nothing. It depends on the key and the network alone, so
//! that a person with one key cannot collect cookies to get more guesses at the other.

use axum::http::{HeaderMap, HeaderValue};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{
    cookies,
    keys::{KeyHolder, Keys, is_same},
};
use crate::{limit::Network, router::VERSION};

const COOKIE: &str = "teller_known";
const COOKIE_SECONDS: u32 = 90 * 24 * 3_600;

/// Whose wrong keys are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Guesser {
    network: Network,
    known_as: Option<KeyHolder>,
}

impl Guesser {
    /// Of a request from this network.
    pub(super) fn new(network: Network, headers: &HeaderMap, keys: &Keys) -> Self {
        let marks = cookies(headers, COOKIE).collect::<Vec<_>>();
        let is_known = |holder: &KeyHolder| {
            let expected = mark(keys, *holder, network);
            expected.is_some_and(|expected| marks.iter().any(|mark| is_same(&expected, mark)))
        };
        let holders = [KeyHolder::Administrator, KeyHolder::Supervisor];
        let known_as = holders.into_iter().find(is_known);
        Self { network, known_as }
    }

    /// The cookie for one who has shown this holder's key; `None`: they have it.
    pub(super) fn cookie(self, holder: KeyHolder, keys: &Keys, https: bool) -> Option<HeaderValue> {
        if self.known_as == Some(holder) {
            return None;
        }
        let mark = mark(keys, holder, self.network)?;
        let secure = if https { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE}={mark}; Path={VERSION}; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}"
        );
        HeaderValue::try_from(cookie).ok()
    }
}

/// Nobody can make it without the key.
fn mark(keys: &Keys, holder: KeyHolder, network: Network) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(keys.key(holder)?.as_bytes()).ok()?;
    mac.update(format!("{COOKIE} {network}").as_bytes());
    Some(format!("{:x}", mac.finalize().into_bytes()))
}
