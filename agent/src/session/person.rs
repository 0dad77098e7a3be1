//! The way to a person: a transfer on the phone, a callback otherwise.

use super::{Ending, Report, Session, ledger::SpeechKind};

impl Session {
    /// Notes that a person shall call back; the reply has already promised it.
    pub(super) fn request_callback(&mut self) {
        self.callback_requested = true;
        self.services
            .recorder
            .callback_requested(self.id, self.caller.phone_hint.clone());
    }

    /// Asks the carrier to transfer the call, once the reply that says so was heard or not.
    pub(super) fn transfer(&mut self) {
        if std::mem::replace(&mut self.transferring, true) {
            return;
        }
        let (telephony, caller, room) = (
            self.services.telephony.clone(),
            self.caller.clone(),
            self.room.clone(),
        );
        let reporter = self.reporter.clone();
        self.tasks.spawn(async move {
            let transferred = telephony.transfer(&room, &caller).await;
            if let Err(error) = &transferred {
                tracing::warn!(%error, "a transfer failed");
            }
            if reporter
                .send(Report::Transferred(transferred.is_ok()))
                .await
                .is_err()
            {
                tracing::debug!("the call ended during its transfer");
            }
        });
    }

    pub(super) async fn on_transferred(&mut self, done: bool) -> Option<Ending> {
        self.transferring = false;
        if done {
            self.transferred = true;
            return Some(Ending::Transferred);
        }
        // The caller asked for a person and will get one: by a call back.
        self.request_callback();
        let text = self.services.lines.transfer_failed.clone();
        self.announce(SpeechKind::Announcement, &text, true).await;
        None
    }
}
