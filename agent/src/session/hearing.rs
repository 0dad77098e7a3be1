//! From frames to the words of a turn.

use std::future::pending;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use voice::{
    listen::{Heard, SttError, Transcript, Utterance},
    turn::TurnEvent,
};

use super::{End, Session, echo::SaidMeanwhile};
use crate::{
    line::{Frame, Frames},
    metrics::Stage,
};

impl Session {
    pub(super) async fn on_frame(&mut self, frame: Option<Frame>) -> Option<End> {
        let Some(frame) = frame else {
            self.microphone = None;
            return self.last_of_track().await;
        };
        let now = self.now();
        self.taped.tape.caller(now, &frame);
        self.pass_on(&frame);
        let is_own = self.own.is_heard_in(&frame, now);
        let heard = self.listener.push_judged(&frame, is_own);
        self.on_heard(heard).await
    }

    /// The track ended: what was being said is complete.
    pub(super) async fn last_of_track(&mut self) -> Option<End> {
        while let Some(heard) = self.listener.finish() {
            let end = self.on_heard(Some(heard)).await;
            if end.is_some() {
                return end;
            }
        }
        None
    }

    async fn on_heard(&mut self, heard: Option<Heard>) -> Option<End> {
        match heard? {
            Heard::SpeechStarted { at_ms } => {
                self.taped.tape.speaks(at_ms);
                self.to_person = self.phase.is_bridged();
                self.pause_ends(at_ms);
                self.tell(TurnEvent::CallerStartedSpeaking).await
            }
            Heard::SpeechEnded(utterance) => {
                self.recognise(utterance);
                self.pause_begins();
                self.tell(TurnEvent::CallerStoppedSpeaking).await
            }
        }
    }

    /// Begins to turn an utterance into words; they come in the order of the utterances.
    pub(super) fn recognise(&mut self, utterance: Utterance) {
        self.taped.understands(&utterance);
        let said = self.own.said_during(&utterance, self.now());
        let to_person = self.to_person || self.phase.is_bridged();
        let stt = self.services.stt.clone();
        // One that never comes would hold up those behind it.
        let patience = self.services.config.turn.transcript_timeout;
        let task = self.tasks.spawn(async move {
            let transcript = timeout(patience, stt.transcribe(utterance)).await;
            let transcript = transcript.unwrap_or(Err(SttError::TimedOut(patience)));
            Recognised {
                transcript,
                said,
                to_person,
            }
        });
        self.transcripts.push_back(task);
    }

    pub(super) async fn on_recognised(&mut self, recognised: Recognised) -> Option<End> {
        match &recognised.transcript {
            Ok(transcript) => {
                self.services.metrics.observe(Stage::Stt, transcript.stt);
                self.ledger.heard_in(transcript.stt, transcript.fallback);
                if transcript.fallback {
                    self.services.metrics.fallback(Stage::Stt);
                }
                let to_person = recognised.to_person;
                let text = self.callers(recognised);
                if to_person {
                    self.keep_unanswered(&TurnEvent::Transcript {
                        text: text.unwrap_or_default(),
                    });
                    return None;
                }
                let event = match text {
                    Some(text) => TurnEvent::Transcript { text },
                    None => TurnEvent::OwnVoice,
                };
                self.tell(event).await
            }
            Err(error) => {
                tracing::warn!(%error, "an utterance was not recognised");
                self.no_words();
                self.tell(TurnEvent::TranscriptFailed).await
            }
        }
    }

    /// What the caller said in an utterance, redacted; nothing where recognition failed or heard the agent itself.
    pub(super) fn callers(&mut self, recognised: Recognised) -> Option<String> {
        if recognised.to_person {
            self.redactor.asked_unheard();
        }
        let heard = recognised.transcript.ok().map(|transcript| transcript.text);
        let text = heard.and_then(|heard| match recognised.said {
            Some(said) => said.leaves(&heard, &self.services.config.turn),
            None => Some(heard),
        });
        if text.is_none() {
            self.no_words();
        }
        text.map(|text| self.words(&text))
    }
}

/// What came of an utterance.
pub(super) struct Recognised {
    transcript: Result<Transcript, SttError>,
    /// What the agent was saying meanwhile.
    said: Option<SaidMeanwhile>,
    /// It was said to a colleague, who may have gone before it was understood: it is no request to us.
    to_person: bool,
}

impl Default for Recognised {
    /// The task broke off.
    fn default() -> Self {
        Self {
            transcript: Err(SttError::Stopped),
            said: None,
            to_person: false,
        }
    }
}

/// The next frame of the caller's microphone; never, while there is none.
pub(super) async fn next_frame(microphone: &mut Option<Frames>) -> Option<Frame> {
    match microphone {
        Some(frames) => frames.next().await,
        None => pending().await,
    }
}
