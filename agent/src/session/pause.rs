//! What is found out in a pause of the caller: whether the turn sounds finished.

use std::future::pending;

use tokio_util::task::AbortOnDropHandle;
use voice::{
    listen::{GivenUp, Judgement},
    turn::TurnEvent,
};

use super::{End, Session};
use crate::metrics::Stage;

/// The question of this pause, and where the turn began.
#[derive(Debug, Default)]
pub(super) struct Pause {
    /// First voice of the turn, milliseconds of media time.
    turn_began_ms: u64,
    /// Dropped when the caller goes on: who judges then does not begin.
    asked: Option<AbortOnDropHandle<Result<Judgement, GivenUp>>>,
}

impl Pause {
    /// The answer of this pause; never, while nothing was asked.
    pub(super) async fn judged(&mut self) -> Result<Judgement, GivenUp> {
        let Some(asked) = &mut self.asked else {
            return pending().await;
        };
        let judged = asked.await.unwrap_or(Err(GivenUp::Failed));
        self.asked = None;
        judged
    }
}

impl Session {
    /// The caller's voice begins: whatever the pause before it sounded like, it is over.
    pub(super) fn pause_ends(&mut self, at_ms: u64) {
        self.pause.asked = None;
        if !self.turns.turn_is_open() {
            self.pause.turn_began_ms = at_ms;
        }
    }

    /// The caller fell silent: asks how the turn sounds, once, where that is of use.
    pub(super) fn pause_begins(&mut self) {
        let Some(judge) = &self.services.end_of_turn else {
            return;
        };
        if !self.turns.asks_for_end_of_turn() {
            return;
        }
        let turn = self.listener.turn_since(self.pause.turn_began_ms);
        let judge = judge.clone();
        let asked = self.tasks.spawn(async move { judge.judge(turn).await });
        self.pause.asked = Some(AbortOnDropHandle::new(asked));
    }

    pub(super) async fn on_judged(&mut self, judged: Result<Judgement, GivenUp>) -> Option<End> {
        let metrics = &self.services.metrics;
        match judged {
            Ok(judged) => {
                metrics.observe(Stage::EndOfTurn, judged.took);
                metrics.pause_judged("judged");
                let probability = judged.probability;
                self.tell(TurnEvent::EndOfTurn { probability }).await
            }
            // Silence alone decides.
            Err(reason) => {
                metrics.pause_judged(reason.as_str());
                None
            }
        }
    }
}
