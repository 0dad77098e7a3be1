//! From frames to the words of a turn.

use std::future::pending;

use call::CallEnding;
use futures_util::StreamExt as _;
use livekit::webrtc::{audio_frame::AudioFrame, audio_stream::native::NativeAudioStream};

use super::Session;
use crate::{
    listen::{Heard, SttError, Transcript},
    metrics::Stage,
    turn::TurnEvent,
};

impl Session {
    pub(super) async fn on_frame(
        &mut self,
        frame: Option<AudioFrame<'static>>,
    ) -> Option<CallEnding> {
        let Some(frame) = frame else {
            self.microphone = None;
            return self.last_of_track().await;
        };
        let heard = self.listener.push(&frame.data, self.agent_speaking);
        self.on_heard(heard).await
    }

    /// The track ended: what was being said is complete.
    pub(super) async fn last_of_track(&mut self) -> Option<CallEnding> {
        while let Some(heard) = self.listener.finish() {
            let ending = self.on_heard(Some(heard)).await;
            if ending.is_some() {
                return ending;
            }
        }
        None
    }

    pub(super) async fn on_heard(&mut self, heard: Option<Heard>) -> Option<CallEnding> {
        match heard? {
            Heard::SpeechStarted { .. } => self.tell(TurnEvent::CallerStartedSpeaking).await,
            Heard::SpeechEnded(utterance) => {
                let stt = self.services.stt.clone();
                self.transcripts.push_back(
                    self.tasks
                        .spawn(async move { stt.transcribe(utterance).await }),
                );
                self.tell(TurnEvent::CallerStoppedSpeaking).await
            }
        }
    }

    pub(super) async fn on_transcript(
        &mut self,
        transcript: Result<Transcript, SttError>,
    ) -> Option<CallEnding> {
        match transcript {
            Ok(transcript) => {
                self.services.metrics.observe(Stage::Stt, transcript.stt);
                self.ledger.heard_in(transcript.stt);
                let text = self
                    .redactor
                    .redact(insight::Role::Caller, &transcript.text)
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
pub(super) async fn next_frame(
    microphone: &mut Option<NativeAudioStream>,
) -> Option<AudioFrame<'static>> {
    match microphone {
        Some(stream) => stream.next().await,
        None => pending().await,
    }
}
