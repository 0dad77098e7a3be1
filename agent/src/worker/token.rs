//! The worker's keys: tokens for the agent socket and for callers.

use std::time::Duration;

use livekit_api::access_token::{AccessToken, AccessTokenError, VideoGrants};
use secrecy::{ExposeSecret, SecretString};

/// How long a token that opens the agent socket holds; one is minted for each
/// attempt, so this covers clock skew and a slow handshake.
const WORKER_TOKEN_TTL: Duration = Duration::from_secs(600);

/// The API key and secret of the LiveKit server.
#[derive(Clone, Debug)]
pub struct ApiKeys {
    /// `LIVEKIT_API_KEY`.
    pub key: String,
    /// `LIVEKIT_API_SECRET`.
    pub secret: SecretString,
}

impl ApiKeys {
    /// An empty token signed with these keys; grants are added by the caller.
    #[must_use]
    pub fn token(&self) -> AccessToken {
        AccessToken::with_api_key(&self.key, self.secret.expose_secret())
    }

    /// The token that lets a worker register: the agent grant and nothing else.
    ///
    /// # Errors
    /// When the key or the secret is empty.
    pub fn worker_token(&self) -> Result<String, AccessTokenError> {
        self.token()
            .with_ttl(WORKER_TOKEN_TTL)
            .with_grants(VideoGrants {
                agent: true,
                ..Default::default()
            })
            .to_jwt()
    }
}

#[cfg(test)]
mod tests {
    use livekit_api::access_token::TokenVerifier;

    use super::*;

    #[test]
    fn the_worker_token_grants_the_agent_socket_and_no_room() {
        let keys = ApiKeys {
            key: "key".to_owned(),
            secret: "secret-of-this-test".into(),
        };
        let token = keys.worker_token().expect("the keys are set");
        let claims = TokenVerifier::with_api_key("key", "secret-of-this-test")
            .verify(&token)
            .expect("signed with our secret");
        let only_agent = VideoGrants {
            agent: true,
            ..Default::default()
        };
        assert_eq!(claims.video, only_agent);
    }

    #[test]
    fn empty_keys_are_refused() {
        let keys = ApiKeys {
            key: String::new(),
            secret: "x".into(),
        };
        assert!(keys.worker_token().is_err());
    }
}
