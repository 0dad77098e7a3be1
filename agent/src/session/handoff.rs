//! The way to a person: a transfer on the phone, a callback otherwise.

use std::{sync::Arc, time::Duration};

use dialogue::Awaiting;
use tokio::time::timeout;
use tools::{CallbackTool, Tool as _, ToolCaller, ToolError, TransferTool};

use super::{
    End, FAREWELL, Phase, Report, Session, callbacks::RecordedCallbacks, ledger::SpeechKind,
};

/// It rings for 30 s at the other end; a carrier that takes much longer to say what came of it has
/// failed, and the caller is talked with again.
const TRANSFER_PATIENCE: Duration = Duration::from_secs(45);

impl Session {
    /// Notes that a person shall call back; the reply has already promised it. Done before anything
    /// else happens, so that it comes before the end of the call; the record's queue does not wait.
    pub(super) async fn request_callback(&mut self) {
        self.callback_requested = true;
        let callback =
            CallbackTool::new(Arc::new(RecordedCallbacks(self.services.recorder.clone())));
        if let Err(error) = callback.call(&self.tool_caller()).await {
            tracing::error!(%error, "a promised callback is not on record");
        }
    }

    /// Asks the carrier to transfer the call; the reply that says so was heard.
    pub(super) fn transfer(&mut self) {
        let Some(to) = self.services.transfer_to.clone() else {
            return;
        };
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        self.phase = Phase::Transferring { leave_by: None };
        let port = self.services.transfers.in_room(&self.room);
        let (transfer, caller) = (TransferTool::new(port, to), self.tool_caller());
        let reporter = self.reporter.clone();
        self.tasks.spawn(async move {
            let transferred = timeout(TRANSFER_PATIENCE, transfer.call(&caller)).await;
            let late = |_| Err(ToolError::Failed("the carrier does not answer".to_owned()));
            let transferred = transferred.unwrap_or_else(late).map(drop);
            if let Err(error) = &transferred {
                tracing::warn!(%error, "a transfer failed");
            }
            if reporter
                .send(Report::Transferred(transferred))
                .await
                .is_err()
            {
                tracing::debug!("the call ended during its transfer");
            }
        });
    }

    fn tool_caller(&self) -> ToolCaller {
        ToolCaller {
            session: self.id.to_string(),
            participant: self.caller.identity.clone(),
            phone: self.caller.phone_hint.clone(),
            customer: self.authentication.customer().map(str::to_owned),
        }
    }

    pub(super) async fn on_transferred(&mut self, outcome: Result<(), ToolError>) -> Option<End> {
        if outcome.is_ok() {
            return Some(End::Transferred);
        }
        let Phase::Transferring { leave_by } = self.phase else {
            return None;
        };
        if leave_by.is_some() {
            // The worker waited for this answer alone.
            let until = self.now() + FAREWELL;
            self.say_service_goodbye(until).await;
            return None;
        }
        self.phase = Phase::Talking;
        self.turns.excuse_silence(self.now());
        // The caller asked for a person; the line offers a call back instead.
        self.awaiting = Awaiting::CallbackConsent;
        let text = self.services.lines.transfer_failed.clone();
        self.announce(SpeechKind::Announcement, &text, true).await;
        None
    }
}
