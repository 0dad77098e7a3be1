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

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        http::{HeaderMap, StatusCode, header::AUTHORIZATION},
        response::Redirect,
        routing::post,
    };

    use super::*;

    /// A webhook that takes one message with the key `secret` at `/codes`, and leads there from `/moved`.
    async fn webhook() -> String {
        let take = |headers: HeaderMap, body: String| async move {
            let is_ours = headers
                .get(AUTHORIZATION)
                .is_some_and(|key| key == "Bearer secret");
            match is_ours && body == r#"{"text":"12 \"34\"","to":"+263771234567"}"# {
                true => StatusCode::ACCEPTED,
                false => StatusCode::FORBIDDEN,
            }
        };
        let app = Router::new()
            .route("/codes", post(take))
            .route("/moved", post(|| async { Redirect::temporary("/codes") }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "the test's own server")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }

    async fn send(url: &str, key: Option<&str>) -> Result<(), SendError> {
        let sender = CodeSender::new(url, key.map(SecretString::from)).unwrap();
        sender.send("+263771234567", "12 \"34\"").await
    }

    #[tokio::test]
    async fn a_code_is_handed_to_the_address_that_was_set_and_to_no_other() {
        let url = webhook().await;
        send(&format!("{url}/codes"), Some("secret")).await.unwrap();
        for (path, key, status) in [
            ("/codes", None, StatusCode::FORBIDDEN),
            ("/moved", Some("secret"), StatusCode::TEMPORARY_REDIRECT),
            ("/nowhere", Some("secret"), StatusCode::NOT_FOUND),
        ] {
            let refused = send(&format!("{url}{path}"), key).await;
            assert!(
                matches!(refused, Err(SendError::Refused(told)) if told == status),
                "{path}: {refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_webhook_that_is_away_is_told_from_one_that_refuses() {
        let away = send("http://127.0.0.1:1/codes", None).await;
        assert!(matches!(away, Err(SendError::Unreachable(_))), "{away:?}");
        assert!(CodeSender::new("codes", None).is_err());
    }
}
