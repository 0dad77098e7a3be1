//! How a one-time code reaches the number stored for a customer: an HTTP webhook.

use std::time::Duration;

use outbound::{Client, HostList, Limits, OutboundError, Request, Settings, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

const TIMEOUT: Duration = Duration::from_secs(5);

/// `POST {url}` with `{"to": "+…", "text": "…"}`; any 2xx means accepted. A redirect does not: the code is for that
/// address alone.
#[derive(Debug, Clone)]
pub struct CodeSender {
    client: Client,
    url: Url,
    key: Option<SecretString>,
}

/// The webhook did not accept the message.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection, a time-out, or a broken answer.
    #[error("the code webhook could not be reached")]
    Unreachable(#[source] OutboundError),
    /// The webhook answered with an error status.
    #[error("the code webhook answered {0}")]
    Refused(StatusCode),
}

impl CodeSender {
    /// A sender for this webhook.
    ///
    /// # Errors
    /// When the URL is none or the HTTP client cannot be built.
    pub fn new(url: &str, key: Option<SecretString>) -> Result<Self, OutboundError> {
        let url = Url::parse(url).map_err(|_| OutboundError::Address)?;
        // Whoever set this URL allowed its host by name, in this network too.
        let private_hosts = HostList::new(url.host_str()).map_err(|_| OutboundError::Address)?;
        let client = Client::new(Settings {
            private_hosts,
            ..Settings::default()
        })?;
        Ok(Self { client, url, key })
    }

    /// Hands one message over; one retry when it cannot have arrived.
    ///
    /// # Errors
    /// When the webhook is unreachable or refuses.
    pub async fn send(&self, to: &str, text: &str) -> Result<(), SendError> {
        match self.try_send(to, text).await {
            Err(SendError::Unreachable(error)) if error.is_unsent() => {
                self.try_send(to, text).await
            }
            other => other,
        }
    }

    async fn try_send(&self, to: &str, text: &str) -> Result<(), SendError> {
        let message = serde_json::json!({ "to": to, "text": text }).to_string();
        let mut request = Request::post_json(self.url.clone(), message.into_bytes());
        request = request.limits(Limits {
            time: TIMEOUT,
            ..Limits::default()
        });
        if let Some(key) = &self.key {
            let key = key.expose_secret();
            request = request.bearer(key).map_err(SendError::Unreachable)?;
        }
        let sent = self.client.send(request).await;
        let status = sent.map_err(SendError::Unreachable)?.status;
        if status.is_success() {
            Ok(())
        } else {
            Err(SendError::Refused(status))
        }
    }
}
