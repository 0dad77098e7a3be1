//! What every call of a worker shares.

use std::{sync::Arc, time::Duration};

use authentication::Authenticator;
use dialogue::Replier;
use insight::{facts::FactReader, moment::Trade};
use knowledge::Lines;
use record::{EarlierCalls, LiveSessions, Recorder};
use recording::Recordings;
use tools::{Messages, SipTransfer, TransferTarget};
use voice::{
    listen::{EndOfTurn, ListenConfig, Stt},
    speak::Tts,
    turn::TurnConfig,
};

use super::Consultations;
use crate::metrics::Metrics;

/// Shared by all calls; each part is cheap to clone or behind its own bounded queue.
#[derive(Clone)]
pub struct Services {
    /// Recognition.
    pub stt: Stt,
    /// What judges whether a turn sounds finished; `None`: silence and words alone decide.
    pub end_of_turn: Option<EndOfTurn>,
    /// Synthesis.
    pub tts: Tts,
    /// Answers.
    pub replier: Replier,
    /// The record.
    pub recorder: Recorder,
    /// Recordings of calls; `None`: no call is recorded.
    pub recordings: Option<Recordings>,
    /// One-time codes; `None` while no sender is configured.
    pub authenticator: Option<Authenticator>,
    /// What earlier calls of a caller left; `None`: it is not looked at.
    pub earlier: Option<EarlierCalls>,
    /// The way to the carrier.
    pub transfers: Arc<dyn Transfers>,
    /// How colleagues are spoken to first; `None`: calls are handed to the carrier.
    pub consultations: Option<Consultations>,
    /// Where a call goes when a person is asked for.
    pub transfer_to: Option<TransferTarget>,
    /// Who brings messages to callers; `None` while nobody does.
    pub messages: Option<Arc<dyn Messages>>,
    /// The pack's fixed sentences.
    pub lines: Arc<Lines>,
    /// The pack's words for how a caller's turn is read.
    pub trade: Arc<Trade>,
    /// What the pack remembers of callers.
    pub facts: Arc<FactReader>,
    /// The sessions this worker holds.
    pub live: LiveSessions,
    /// Limits of one session.
    pub config: SessionConfig,
    /// Counters and histograms.
    pub metrics: Arc<Metrics>,
}

/// Who can transfer phone calls.
pub trait Transfers: Send + Sync {
    /// Transfers the caller of this room.
    fn in_room(&self, room: &str) -> Arc<dyn SipTransfer>;
}

/// Limits of one session.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// VAD and utterances.
    pub listen: ListenConfig,
    /// Turn-taking.
    pub turn: TurnConfig,
    /// A browser that does not subscribe is greeted after this long all the same.
    pub greet_after: Duration,
    /// How long the end of a call waits for recognition that is under way.
    pub last_words: Duration,
    /// Name of the language model, if there is one.
    pub language_model: Option<String>,
    /// This worker, as the record names it.
    pub worker_id: String,
}
