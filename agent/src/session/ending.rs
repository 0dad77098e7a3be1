//! The end of a call: the last words are written down before anything else is let go.

use std::time::Duration;

use call::CallEnding;
use dialogue::Event;
use futures_util::StreamExt as _;
use record::SessionEnd;
use tokio::time::timeout;
use tools::{CallbackTool, TransferTool};
use voice::{
    listen::Heard,
    speak::VoiceEvent,
    turn::{AgentState, TurnAction, TurnEvent},
};

use super::{AgentVoice, End, FAREWELL, Leaving, Phase, Session, ledger::SpeechKind};
use crate::{line::Caller, worker::StopReason};

/// The server closes the room three seconds after it ended a job.
const HURRIED: Duration = Duration::from_millis(1_500);
/// A deed that is being recorded takes milliseconds; one that hangs is given up with the call.
const DEED_PATIENCE: Duration = Duration::from_millis(500);
/// What of the recording waits for its words takes a tenth of its length to encode at most.
const SEGMENT_PATIENCE: Duration = Duration::from_secs(5);
/// A cancelled voice reports within a frame; a second covers a busy machine.
const VOICE_PATIENCE: Duration = Duration::from_secs(1);

/// What the caller of a session needs to know when it is over.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Why.
    pub ending: CallEnding,
    /// The agent ends the call: the caller has to be disconnected.
    pub hang_up: bool,
    /// The call goes on with somebody else in the room, as a session of its own.
    pub goes_on_with: Option<Caller>,
    /// How long the call was.
    pub duration: Duration,
}

impl Session {
    /// Writes down what is unfinished, on both sides, then closes the record.
    pub(super) async fn close(mut self, end: End) -> Ended {
        // The call ends now; what follows is bookkeeping.
        let (duration, ended_at) = (self.now(), chrono::Utc::now());
        let ending = end.ending();
        // Before anything else: nobody's phone rings on, nobody listens.
        self.end_consultation(matches!(end, End::Terminated)).await;
        self.microphone = None;
        while let Some(heard) = self.listener.finish() {
            if let Heard::SpeechEnded(utterance) = heard {
                self.recognise(utterance);
            }
        }
        self.cancel_reply().await;
        if !self.settle_voice(VOICE_PATIENCE).await {
            tracing::warn!(
                "the voice did not report in time; what was heard last is not on record"
            );
        }
        self.keep_last_words(&end, duration).await;
        // What came of them is on record before the end, with which the session's key goes.
        self.dialogue.close(DEED_PATIENCE).await;
        let patience = match end {
            End::Terminated => HURRIED,
            _ => SEGMENT_PATIENCE,
        };
        if !self.taped.tape.finish(duration, patience).await {
            tracing::warn!(session.id = %self.id, "the recording was not finished in time; its last seconds are lost");
        }
        self.outputs.set_state(AgentState::Idle);
        self.ledger.close(SessionEnd {
            session: self.id,
            ending,
            ended_at,
            duration,
            transferred: end == End::Transferred || self.dialogue.has_done(TransferTool::NAME),
            callback_requested: self.dialogue.has_done(CallbackTool::NAME),
            authentication_attempted: self.authentication.attempted(),
            line: *self.quality.borrow(),
        });
        tracing::info!(session.id = %self.id, ?ending, duration_s = duration.as_secs(), "the call ended");
        Ended {
            ending,
            hang_up: matches!(end, End::HangUp(_)),
            goes_on_with: match end {
                End::CallerIs(caller) => Some(*caller),
                _ => None,
            },
            duration,
        }
    }

    /// The worker or the server wants the call to end.
    pub(super) async fn on_stop(&mut self, reason: StopReason) -> Option<End> {
        let until = self.now() + FAREWELL;
        match (reason, &mut self.phase) {
            (StopReason::Terminated, _) => Some(End::Terminated),
            (StopReason::Draining, Phase::Opening { .. }) => Some(End::HangUp(CallEnding::Drained)),
            // The carrier is about to take the call: the caller is better off there.
            (StopReason::Draining, Phase::Transferring { leave_by, .. }) => {
                *leave_by = Some(until);
                None
            }
            (StopReason::Draining, Phase::Talking | Phase::Leaving(_) | Phase::Consulting(_)) => {
                tracing::info!(session.id = %self.id, "the worker stops; saying goodbye");
                self.end_consultation(true).await;
                self.cancel_reply().await;
                self.say_service_goodbye(until).await;
                None
            }
        }
    }

    /// The worker has to stop: its goodbye is heard whole, unless that takes until `until`.
    pub(super) async fn say_service_goodbye(&mut self, until: Duration) {
        self.phase = Phase::Leaving(Leaving::Drained { until });
        let text = self.services.lines.service_goodbye.clone();
        self.announce(SpeechKind::Goodbye, &text, false).await;
    }

    /// What the caller says while nobody may answer is kept.
    pub(super) fn keep_unanswered(&mut self, event: &TurnEvent) {
        if let TurnEvent::Transcript { text } | TurnEvent::CallerTyped { text } = event
            && !text.trim().is_empty()
        {
            let now = self.now();
            self.leave_unanswered(text.clone(), now);
        }
    }

    /// What `turn` decides while nobody may be spoken to: before a phone is answered, and during the
    /// worker's goodbye, which is heard whole. What the caller says meanwhile is kept, unanswered.
    pub(super) fn act_silently(&mut self, action: TurnAction) {
        match action {
            TurnAction::SetState(state) => self.outputs.set_state(state),
            TurnAction::Reply(turn) => {
                let now = self.now();
                let moment = self.ledger.caller_said(&turn, now).moment;
                self.services.metrics.moment(&moment);
                self.dialogue.on(Event::CallerUnanswered(turn.text));
            }
            _ => {}
        }
    }

    /// After a cancellation: what was heard of every speech becomes a row. `turn` knows already
    /// that they are over. `false` when the voice did not report in time.
    pub(super) async fn settle_voice(&mut self, patience: Duration) -> bool {
        let wait = async {
            while self.ledger.audible() > 0 {
                match self.voice_events.recv().await {
                    Some(VoiceEvent::Started { id, .. }) => {
                        let now = self.now();
                        self.taped.tape.begins(id.0, now);
                        if let Some(spoken) = self.ledger.spoken(id) {
                            spoken.started_at = Some(now);
                        }
                    }
                    Some(VoiceEvent::Finished {
                        id,
                        heard,
                        interrupted,
                    }) => {
                        self.agent = AgentVoice::Silent;
                        let now = self.now();
                        self.own.falls_silent(now);
                        self.finished(id, &heard, interrupted);
                    }
                    Some(VoiceEvent::Sentence { .. }) => {}
                    None => break,
                }
            }
        };
        timeout(patience, wait).await.is_ok()
    }

    /// What the caller said last, answered or not, becomes a row.
    async fn keep_last_words(&mut self, end: &End, ended: Duration) {
        let mut last_words = self.turns.pending_text().to_owned();
        let patience = if *end == End::Terminated {
            HURRIED
        } else {
            self.services.config.last_words
        };
        let wait = async {
            while let Some(recognised) = self.transcripts.next().await {
                let text = self.callers(recognised.unwrap_or_default());
                if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                    last_words = format!("{last_words} {}", text.trim());
                }
            }
        };
        if timeout(patience, wait).await.is_err() {
            tracing::warn!(session.id = %self.id, "recognition of the last words took too long");
        }
        let last_words = last_words.trim().to_owned();
        if !last_words.is_empty() {
            self.leave_unanswered(last_words, ended);
        }
    }

    /// Words that nobody answers become a row, and are remembered.
    fn leave_unanswered(&mut self, text: String, now: Duration) {
        let moment = self.ledger.caller_left_saying(text.clone(), now);
        self.services.metrics.moment(&moment);
        self.dialogue.on(Event::CallerUnanswered(text));
    }
}
