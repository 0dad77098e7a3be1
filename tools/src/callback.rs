//! Records that a person should call the caller back.

use std::{sync::Arc, time::Duration};

use call::{AuthLevel, SessionId};
use serde_json::Value;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec, tool::no_arguments};

/// The record takes milliseconds, or it does not take anything.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where callbacks go on record.
pub trait Callbacks: Send + Sync {
    /// Records the request, and resolves once it is kept; recording the same session twice leaves one
    /// request.
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>>;
}

/// Whom to call back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackRequest {
    /// The session it was asked for in; one request a session.
    pub session: SessionId,
    /// The customer, if they have authenticated: the company knows their number.
    pub customer: Option<String>,
    /// The number they called from; a hint, not proof of who they are.
    pub phone: Option<String>,
}

/// Records a callback for the caller.
pub struct CallbackTool {
    spec: ToolSpec,
    port: Arc<dyn Callbacks>,
}

impl CallbackTool {
    /// Its name.
    pub const NAME: &str = "callback";

    /// Records by way of `port`.
    #[must_use]
    pub fn new(port: Arc<dyn Callbacks>) -> Self {
        let spec = ToolSpec {
            name: Self::NAME.to_owned(),
            description: "Has a person of the company call the caller back.".to_owned(),
            arguments: no_arguments(),
            timeout: TIMEOUT,
            effect: Effect::Idempotent,
            consent: true,
        };
        Self { spec, port }
    }
}

impl Tool for CallbackTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::Anonymous
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            let request = CallbackRequest {
                session: call.session,
                customer: call.caller.customer.clone(),
                phone: call.caller.phone.clone(),
            };
            self.port.record(request).await?;
            Ok(Value::Null)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ToolCaller;

    #[derive(Default)]
    struct Book(Mutex<Vec<CallbackRequest>>);
    impl Callbacks for Book {
        fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
            self.0.lock().unwrap().push(request);
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test]
    async fn a_callback_says_whom_to_call() {
        let book = Arc::new(Book::default());
        let caller = ToolCaller {
            phone: Some("+14155550100".to_owned()),
            ..ToolCaller::default()
        };
        let session = SessionId::new();
        let call = ToolCall {
            session,
            seq: 3,
            arguments: &Value::Null,
            key: session.0,
            caller: &caller,
        };
        let result = CallbackTool::new(book.clone()).call(call).await;
        assert_eq!(result, Ok(Value::Null));
        let request = CallbackRequest {
            session,
            customer: None,
            phone: caller.phone,
        };
        assert_eq!(*book.0.lock().unwrap(), [request]);
    }
}
