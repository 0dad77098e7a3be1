//! How a message leaves: an HTTP webhook of whoever sends text messages and e-mail.

use std::time::Duration;

use outbound::{Client, HostList, Limits, OutboundError, Request, Settings, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

const TIMEOUT: Duration = Duration::from_secs(5);

/// `POST {url}` with `{"to": "+…", "text": "…"}`, where `to` may be an e-mail address too; any 2xx means accepted. A
/// redirect does not: what it says, such as a one-time code, is for that address alone.
#[derive(Debug, Clone)]
pub struct MessageGateway {
    client: Client,
    url: Url,
    key: Option<SecretString>,
}

/// The webhook did not accept the message.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No connection, a time-out, or a broken answer.
    #[error("the message webhook could not be reached")]
    Unreachable(#[source] OutboundError),
    /// The webhook answered with an error status.
    #[error("the message webhook answered {0}")]
    Refused(StatusCode),
}

impl MessageGateway {
    /// Messages leave by this webhook.
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
    pub async fn send(&self, to: &str, text: &str) -> Result<(), GatewayError> {
        match self.try_send(to, text).await {
            Err(GatewayError::Unreachable(error)) if error.is_unsent() => {
                self.try_send(to, text).await
            }
            other => other,
        }
    }

    async fn try_send(&self, to: &str, text: &str) -> Result<(), GatewayError> {
        let message = serde_json::json!({ "to": to, "text": text }).to_string();
        let mut request = Request::post_json(self.url.clone(), message.into_bytes());
        request = request.limits(Limits {
            time: TIMEOUT,
            ..Limits::default()
        });
        if let Some(key) = &self.key {
            let key = key.expose_secret();
            request = request.bearer(key).map_err(GatewayError::Unreachable)?;
        }
        let sent = self.client.send(request).await;
        let status = sent.map_err(GatewayError::Unreachable)?.status;
        if status.is_success() {
            Ok(())
        } else {
            Err(GatewayError::Refused(status))
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

    async fn send(url: &str, key: Option<&str>) -> Result<(), GatewayError> {
        let sender = MessageGateway::new(url, key.map(SecretString::from)).unwrap();
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
                matches!(refused, Err(GatewayError::Refused(told)) if told == status),
                "{path}: {refused:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_webhook_that_is_away_is_told_from_one_that_refuses() {
        let away = send("http://127.0.0.1:1/codes", None).await;
        assert!(
            matches!(away, Err(GatewayError::Unreachable(_))),
            "{away:?}"
        );
        assert!(MessageGateway::new("codes", None).is_err());
    }
}
