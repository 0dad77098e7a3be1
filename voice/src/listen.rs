//! Audio frames in, utterances and transcripts out.
//!
//! ```text
//! 10 ms of 16 kHz -> Listener: level gate, tone veto, earshot -> SpeechStarted
//!                                                             -> SpeechEnded(Utterance)
//!                    EndOfTurn: whether the turn sounds finished, on its own threads
//!                    Stt: whisper.cpp on its own threads, or a server -> filter -> Transcript
//! ```
//! [`Listener`] is pure: its only clock is the count of samples it was given. It reports what it hears and
//! decides nothing; who may speak is `turn/`'s business.

mod end_of_turn;
mod fallback;
mod filter;
mod gate;
mod model;
mod remote;
mod stt;
mod tone;
mod utterance;
mod vad;
mod whisper;

pub use end_of_turn::{
    EndOfTurn, EndOfTurnConfig, EndOfTurnError, EndOfTurnPool, GivenUp, Judgement, SmartTurn,
    TURN_SEEN,
};
pub use fallback::SttWithFallback;
pub use model::{Family, ModelError, ModelFile};
pub use remote::{RemoteStt, RemoteSttConfig};
pub use stt::{LocalStt, Stt, SttConfig, SttError, Transcript};
pub use utterance::{Heard, Utterance};
pub use vad::Listener;
pub use whisper::{WhisperConfig, WhisperPool};

use std::time::Duration;

/// The rate of everything in this room, Hz.
pub const LISTEN_RATE_HZ: u32 = 16_000;

/// When speech counts as begun and ended. The defaults are measured ones.
#[derive(Debug, Clone)]
pub struct ListenConfig {
    /// Score of a frame that may begin speech, 0 to 1. No higher while the agent speaks: a sound makes the agent quieter
    /// first, within 150 ms, and its own echo is known as such.
    pub start_score: f32,
    /// Score of a frame that carries speech on.
    pub continue_score: f32,
    /// Speech must stand this far above the noise floor, dB.
    pub gate_db: f32,
    /// Voice shorter than this is a click or a cough and begins nothing.
    pub min_speech: Duration,
    /// Silence that ends an utterance. Short, because transcription begins here; the wait for more is `turn/`'s.
    pub end_silence: Duration,
    /// Kept from before the first frame of speech, so that no soft consonant is lost.
    pub pre_roll: Duration,
    /// Whisper reads 30 s at once; talk without a pause is cut before that, at its quietest place.
    pub max_utterance: Duration,
    /// How much of the track is kept for whoever judges whether the turn is over; zero where nobody does.
    pub turn_memory: Duration,
    /// Sound that [`crate::test_support::ScriptedStt`] knows is speech, and nothing else is.
    #[cfg(feature = "test-support")]
    pub scripted: bool,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            start_score: 0.7,
            continue_score: 0.45,
            gate_db: 7.0,
            min_speech: Duration::from_millis(80),
            end_silence: Duration::from_millis(200),
            pre_roll: Duration::from_millis(400),
            max_utterance: Duration::from_secs(28),
            turn_memory: Duration::ZERO,
            #[cfg(feature = "test-support")]
            scripted: false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
