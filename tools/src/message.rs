//! Sends the caller a text message or an e-mail: what was done for them, or what they asked to be sent.

mod gateway;

use std::{sync::Arc, time::Duration};

use call::{AuthLevel, SessionId, input::strict_line};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec, callback::arguments};
pub use gateway::{GatewayError, MessageGateway};

/// A gateway that takes longer keeps a caller waiting for something they will find on their phone.
const TIMEOUT: Duration = Duration::from_secs(6);
/// Characters of a message at most: four parts of a text message.
const LONGEST_TEXT: usize = 600;
/// Characters of a number or of an e-mail address at most.
const LONGEST_ADDRESS: usize = 254;

/// Who brings messages to people.
pub trait Messages: Send + Sync {
    /// Hands one message over, and resolves once it was taken.
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), ToolError>>;
}

/// A message to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The session it belongs to.
    pub session: SessionId,
    /// The idempotency key of the call that sends it.
    pub key: Uuid,
    /// To whom.
    pub to: Recipient,
    /// What it says.
    pub text: String,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// To the number that is stored for this customer, who proved who they are.
    Customer(String),
    /// To a telephone number or an e-mail address that the caller named.
    Address(String),
}

/// Sends messages. Its result is `{}`: it was taken by whoever delivers it, which does not say that it was read.
///
/// A message is never sent twice: gateways promise nothing about a request that comes again.
pub struct MessageTool {
    spec: ToolSpec,
    port: Arc<dyn Messages>,
}

impl MessageTool {
    /// Its name.
    pub const NAME: &str = "message";

    /// Sends by way of `port`.
    #[must_use]
    pub fn new(port: Arc<dyn Messages>) -> Self {
        let spec = ToolSpec {
            name: Self::NAME.to_owned(),
            description: "Sends the caller a text message or an e-mail.".to_owned(),
            arguments: json!({
                "type": "object",
                "properties": {
                    "to": {
                        "type": "string", "minLength": 3, "maxLength": LONGEST_ADDRESS,
                        "description": "A telephone number or an e-mail address; without it the customer's own number."
                    },
                    "text": { "type": "string", "minLength": 1, "maxLength": LONGEST_TEXT },
                    "kind": {
                        "type": "string", "minLength": 1, "maxLength": 60,
                        "description": "Tells messages of one kind from others, where so many a day are sent."
                    }
                },
                "required": ["text"],
                "additionalProperties": false
            }),
            timeout: TIMEOUT,
            effect: Effect::Once,
            // One of which nobody knows whether it left is no deed that a person has to look into.
            consent: false,
        };
        Self { spec, port }
    }
}

impl Tool for MessageTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::Anonymous
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            let Asked { to, text } = arguments(&call)?;
            let message = Message {
                session: call.session,
                key: call.key,
                to: recipient(to, &call)?,
                text,
            };
            self.port.send(message).await?;
            Ok(json!({}))
        })
    }
}

#[derive(Deserialize)]
struct Asked {
    to: Option<String>,
    text: String,
}

/// Whoever was named; else the customer, once there is proof.
fn recipient(to: Option<String>, call: &ToolCall<'_>) -> Result<Recipient, ToolError> {
    if let Some(to) = to {
        let address = strict_line(&to, LONGEST_ADDRESS);
        let address = address.map_err(|_| ToolError::Failed("no address".to_owned()))?;
        return Ok(Recipient::Address(address.to_owned()));
    }
    let is_proven = call.caller.level > AuthLevel::Anonymous;
    let customer = call.caller.customer.clone().filter(|_| is_proven);
    customer.map(Recipient::Customer).ok_or(ToolError::NotFound)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use crate::ToolCaller;

    use super::*;

    #[derive(Default)]
    struct Outbox(Mutex<Vec<Message>>);

    impl Messages for Outbox {
        fn send(&self, message: Message) -> BoxFuture<'_, Result<(), ToolError>> {
            self.0.lock().unwrap().push(message);
            Box::pin(std::future::ready(Ok(())))
        }
    }

    fn customer(level: AuthLevel) -> ToolCaller {
        ToolCaller {
            customer: Some("ana".to_owned()),
            level,
            ..ToolCaller::default()
        }
    }

    async fn sent(caller: &ToolCaller, arguments: Value) -> Result<Recipient, ToolError> {
        let outbox = Arc::new(Outbox::default());
        let tool = MessageTool::new(outbox.clone());
        let call = ToolCall {
            session: SessionId(Uuid::from_u128(1)),
            seq: 3,
            arguments: &arguments,
            key: Uuid::from_u128(2),
            caller,
        };
        tool.call(call).await?;
        let sent = outbox.0.lock().unwrap().pop().expect("a message was sent");
        assert_eq!((sent.key, &*sent.text), (Uuid::from_u128(2), "It is done."));
        Ok(sent.to)
    }

    #[tokio::test]
    async fn it_goes_to_whom_was_named_or_to_the_customer_who_proved_it() {
        let text = json!({ "text": "It is done." });
        let proven = customer(AuthLevel::OneTimeCode);
        assert_eq!(
            sent(&proven, text.clone()).await,
            Ok(Recipient::Customer("ana".to_owned()))
        );
        let named = json!({ "text": "It is done.", "to": "ana@library.example" });
        assert_eq!(
            sent(&ToolCaller::default(), named).await,
            Ok(Recipient::Address("ana@library.example".to_owned()))
        );
        for nobody in [ToolCaller::default(), customer(AuthLevel::Anonymous)] {
            assert_eq!(sent(&nobody, text.clone()).await, Err(ToolError::NotFound));
        }
        let broken = json!({ "text": "It is done.", "to": "a@b\r\nBcc: c@d" });
        let refused = sent(&proven, broken).await;
        assert!(matches!(refused, Err(ToolError::Failed(_))), "{refused:?}");
    }
}
