//! Callbacks that tools ask for, on the way to the record.

use chrono::Utc;
use tools::{BoxFuture, CallbackRequest, Callbacks, ToolError};

use record::{NewCallback, Recorder};

/// The record as the port that the callback tool knows.
#[derive(Debug, Clone)]
pub(super) struct RecordedCallbacks(pub(super) Recorder);

impl Callbacks for RecordedCallbacks {
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        let session = request.session.parse::<call::SessionId>();
        Box::pin(async move {
            let session = session.map_err(|error| ToolError::Failed(error.to_string()))?;
            self.0.callback(NewCallback {
                // One callback a session, however often it is promised.
                id: session.0,
                session,
                phone_number: request.phone,
                reason: None,
                requested_at: Utc::now(),
            });
            Ok(())
        })
    }
}
