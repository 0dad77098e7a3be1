//! The way to a person on the phone: a transfer. Callbacks are the dialogue's own.

use dialogue::Event;
use tools::Outcome;

use super::{End, FAREWELL, Phase, Report, Session, ledger::SpeechKind};

impl Session {
    /// Asks the carrier to transfer the call; the reply to `turn` that says so was heard.
    pub(super) fn transfer(&mut self, turn: Option<i32>) {
        let Some(seq) = turn.filter(|_| self.services.transfer_to.is_some()) else {
            return;
        };
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        self.phase = Phase::Transferring { leave_by: None };
        let transfer = self.dialogue.clone().transfer(seq);
        let reporter = self.reporter.clone();
        self.tasks.spawn(async move {
            let outcome = transfer.await;
            if reporter.send(Report::Transferred(outcome)).await.is_err() {
                tracing::debug!("the call ended during its transfer");
            }
        });
    }

    pub(super) async fn on_transferred(&mut self, outcome: Outcome) -> Option<End> {
        if outcome.is_success() {
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
        for text in self.dialogue.on(Event::TransferFailed(outcome)) {
            self.announce(SpeechKind::Announcement, &text, true).await;
        }
        None
    }
}
