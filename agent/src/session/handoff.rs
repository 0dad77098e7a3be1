//! The way to a person: a transfer. A cold one is the carrier's; a warm one goes on in `consult.rs`. Callbacks are the
//! dialogue's own.

use dialogue::Event;
use tools::Outcome;
use voice::turn::TurnEvent;

use super::{End, FAREWELL, Phase, Report, Session, ledger::SpeechKind};

impl Session {
    /// Asks for the transfer of the call; the reply to `turn` that says so was heard.
    pub(super) fn transfer(&mut self, turn: Option<i32>) {
        let Some(seq) = turn.filter(|_| self.services.transfer_to.is_some()) else {
            return;
        };
        if !matches!(self.phase, Phase::Talking) {
            return;
        }
        // What they said over our last sentence answers nothing that is asked after a transfer that comes to nothing.
        let left = self.turns.pending_text().to_owned();
        self.turns.let_go();
        self.keep_unanswered(&TurnEvent::Transcript { text: left });
        self.phase = Phase::Transferring {
            leave_by: None,
            seq,
        };
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
        let Phase::Transferring { leave_by, .. } = self.phase else {
            // Of a warm one the session knows already.
            return None;
        };
        if outcome.is_success() {
            return Some(End::Transferred);
        }
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
