//! The webhook that receives one-time codes: a real HTTP server of the test.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, http::StatusCode, routing::post};
use serde_json::Value;

/// Messages that were sent.
#[derive(Clone)]
pub(crate) struct CodeInbox {
    pub(crate) url: String,
    messages: Arc<Mutex<Vec<Value>>>,
}

impl CodeInbox {
    pub(crate) async fn open() -> Self {
        let messages: Arc<Mutex<Vec<Value>>> = Arc::default();
        let inbox = messages.clone();
        let app = Router::new().route(
            "/messages",
            post(move |Json(message): Json<Value>| async move {
                inbox.lock().unwrap().push(message);
                StatusCode::ACCEPTED
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/messages", listener.local_addr().unwrap());
        tokio::task::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, messages }
    }

    /// The first code sent to this number behind so many messages of before; waits for it up to a minute.
    pub(crate) async fn code_for(&self, number: &str, before: usize) -> Option<String> {
        for _ in 0..1_200 {
            let found = self
                .messages
                .lock()
                .unwrap()
                .iter()
                .skip(before)
                .find(|m| m["to"] == number)
                .cloned();
            if let Some(message) = found {
                let text = message["text"].as_str().unwrap_or_default();
                return text
                    .split(|c: char| !c.is_ascii_digit())
                    .find(|part| part.len() == 6)
                    .map(str::to_owned);
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        None
    }

    /// To whom the last message went, and what it says.
    pub(crate) fn last(&self) -> Option<(String, String)> {
        let messages = self.messages.lock().unwrap();
        let text = |message: &Value, key: &str| message[key].as_str().map(str::to_owned);
        let message = messages.last()?;
        Some((text(message, "to")?, text(message, "text")?))
    }

    pub(crate) fn count(&self) -> usize {
        self.messages.lock().unwrap().len()
    }
}
