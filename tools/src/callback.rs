//! Records that a person should call the caller back.

use std::sync::Arc;

use crate::{BoxFuture, Outcome, Tool, ToolCaller, ToolError};

/// Where callbacks go on record.
pub trait Callbacks: Send + Sync {
    /// Records the request; recording the same session twice leaves one request.
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>>;
}

/// Whom to call back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackRequest {
    /// The session it was asked for in; one request a session.
    pub session: String,
    /// The customer, if they have authenticated: the company knows their number.
    pub customer: Option<String>,
    /// The number they called from; a hint, not proof of who they are.
    pub phone: Option<String>,
}

/// Records a callback for the caller.
pub struct CallbackTool {
    port: Arc<dyn Callbacks>,
}

impl CallbackTool {
    /// Records by way of `port`.
    #[must_use]
    pub fn new(port: Arc<dyn Callbacks>) -> Self {
        Self { port }
    }
}

impl Tool for CallbackTool {
    fn name(&self) -> &'static str {
        "callback"
    }

    fn description(&self) -> &'static str {
        "Has a person of the company call the caller back."
    }

    fn call<'a>(&'a self, caller: &'a ToolCaller) -> BoxFuture<'a, Result<Outcome, ToolError>> {
        Box::pin(async move {
            let request = CallbackRequest {
                session: caller.session.clone(),
                customer: caller.customer.clone(),
                phone: caller.phone.clone(),
            };
            self.port.record(request).await?;
            Ok(Outcome::CallbackRecorded)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

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
            session: "s1".to_owned(),
            participant: "sip_x".to_owned(),
            phone: Some("+14155550100".to_owned()),
            customer: None,
        };
        let outcome = CallbackTool::new(book.clone()).call(&caller).await;
        assert_eq!(outcome, Ok(Outcome::CallbackRecorded));
        let request = CallbackRequest {
            session: "s1".to_owned(),
            customer: None,
            phone: caller.phone,
        };
        assert_eq!(*book.0.lock().unwrap(), [request]);
    }
}
