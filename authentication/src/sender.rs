//! How a one-time code reaches the number stored for a customer: an HTTP webhook.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

const TIMEOUT: Duration = Duration::from_secs(5);

/// `POST {url}` with `{"to": "+…", "text": "…"}`; any 2xx means accepted.
#[derive(Debug, Clone)]
pub struct CodeSender {
    client: reqwest::Client,
    url: String,
    key: Option<SecretString>,
}

/// The webhook did not accept the message.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection, a time-out, or a broken answer.
    #[error("the code webhook could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The webhook answered with an error status.
    #[error("the code webhook answered {0}")]
    Refused(reqwest::StatusCode),
}

#[derive(Serialize)]
struct Message<'a> {
    to: &'a str,
    text: &'a str,
}

impl CodeSender {
    /// A sender for this webhook.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(url: String, key: Option<SecretString>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: reqwest::Client::builder().timeout(TIMEOUT).build()?,
            url,
            key,
        })
    }

    /// Hands one message over; one retry when the connection failed.
    ///
    /// # Errors
    /// When the webhook is unreachable or refuses.
    pub async fn send(&self, to: &str, text: &str) -> Result<(), SendError> {
        match self.try_send(to, text).await {
            Err(SendError::Unreachable(error)) if error.is_connect() => {
                self.try_send(to, text).await
            }
            other => other,
        }
    }

    async fn try_send(&self, to: &str, text: &str) -> Result<(), SendError> {
        let mut request = self.client.post(&self.url).json(&Message { to, text });
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.expose_secret());
        }
        let response = request.send().await.map_err(SendError::Unreachable)?;
        if response.status().is_success() {
            Ok(())
        } else {
            Err(SendError::Refused(response.status()))
        }
    }
}
