//! From frames to the words of a turn.

use std::future::pending;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use voice::{
    listen::{Heard, SttError, Transcript, Utterance},
    turn::TurnEvent,
};

use super::{AgentVoice, End, Session};
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
        let heard = self.listener.push(&frame, self.agent != AgentVoice::Silent);
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
        let stt = self.services.stt.clone();
        // One that never comes would hold up those behind it.
        let patience = self.services.config.turn.transcript_timeout;
        let task = self.tasks.spawn(async move {
            let transcript = timeout(patience, stt.transcribe(utterance)).await;
            transcript.unwrap_or(Err(SttError::TimedOut(patience)))
        });
        self.transcripts.push_back(task);
    }

    pub(super) async fn on_transcript(
        &mut self,
        transcript: Result<Transcript, SttError>,
    ) -> Option<End> {
        match transcript {
            Ok(transcript) => {
                self.services.metrics.observe(Stage::Stt, transcript.stt);
                self.ledger.heard_in(transcript.stt, transcript.fallback);
                if transcript.fallback {
                    self.services.metrics.fallback(Stage::Stt);
                }
                let text = self
                    .redactor
                    .redact(call::Speaker::Caller, &transcript.text)
                    .text;
                self.tell(TurnEvent::Transcript { text }).await
            }
            Err(error) => {
                tracing::warn!(%error, "an utterance was not recognised");
                self.tell(TurnEvent::TranscriptFailed).await
            }
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
