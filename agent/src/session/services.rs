//! What every call of a worker shares.

use std::{sync::Arc, time::Duration};

use authentication::Authenticator;
use dialogue::Replier;
use knowledge::Lines;
use record::{EarlierCalls, LiveSessions, Recorder};
use tools::{SipTransfer, TransferTarget};
use voice::{
    listen::{EndOfTurn, ListenConfig, Stt},
    speak::Tts,
    turn::TurnConfig,
};

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
    /// One-time codes; `None` while no sender is configured.
    pub authenticator: Option<Authenticator>,
    /// What earlier calls of a caller left; `None`: it is not looked at.
    pub earlier: Option<EarlierCalls>,
    /// The way to the carrier.
    pub transfers: Arc<dyn Transfers>,
    /// Where a phone call goes when a person is asked for.
    pub transfer_to: Option<TransferTarget>,
    /// The pack's fixed sentences.
    pub lines: Arc<Lines>,
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
