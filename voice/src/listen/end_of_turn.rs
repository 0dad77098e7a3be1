//! Whether the caller has finished, by how the turn sounds: the network Smart Turn v3.2 in plain Rust.
//!
//! ```text
//! the turn's last 8 s -> Features: 80 bands every 10 ms -> Network: Whisper tiny's encoder and a judge -> 0 to 1
//! ```
//! It is asked once in a pause, when the VAD has heard 200 ms of silence: the longer the silence it is shown, the surer it
//! is of an end, so that it must never be asked again later in the same pause. It judges human speech; synthetic callers
//! and digits read as a list mislead it. What follows from its answer is `turn/`'s business.
//!
//! The published file is quantised to 8 bits. Its weights are read as numbers and the rounding between the layers is left
//! out, which halves the turns that are cut off: docs/turn-taking.md.

mod features;
mod network;
mod onnx;
mod pool;
mod weights;

pub use pool::{EndOfTurnConfig, EndOfTurnPool};

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use features::Features;
use network::Network;

#[cfg(feature = "test-support")]
use crate::test_support::ScriptedEndOfTurn;

/// How much of a turn is looked at; what lies before counts no more.
pub const TURN_SEEN: Duration = Duration::from_secs(8);

/// What tells whether a turn is over; shared by all calls and cheap to clone.
#[derive(Clone)]
pub enum EndOfTurn {
    /// The network on threads of this process.
    Network(EndOfTurnPool),
    /// A script.
    #[cfg(feature = "test-support")]
    Scripted(ScriptedEndOfTurn),
}

/// What a turn sounds like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// How likely it is that the turn is over, 0 to 1.
    pub probability: f32,
    /// From the question to the answer, waiting included.
    pub took: Duration,
}

impl EndOfTurn {
    /// Whether this turn is over: mono, 16 kHz, from its first word (or eight seconds ago) to now. Takes seven
    /// billion sums, on a thread of the pool.
    ///
    /// # Errors
    /// When the answer would come too late to be of use; then silence decides.
    pub async fn judge(&self, turn: Vec<f32>) -> Result<Judgement, GivenUp> {
        match self {
            Self::Network(pool) => pool.judge(turn).await,
            #[cfg(feature = "test-support")]
            Self::Scripted(script) => script.judge(&turn).await,
        }
    }
}

/// The network with what it needs to look at sound. Immutable: one serves all threads.
pub struct SmartTurn {
    features: Features,
    network: Network,
}

impl SmartTurn {
    /// Reads `smart-turn-v3.2-cpu.onnx`, 8.7 MB; it takes four times that in memory.
    ///
    /// # Errors
    /// Names the file and says what is wrong with it.
    pub fn load(file: &Path) -> Result<Self, EndOfTurnError> {
        let bytes = std::fs::read(file).map_err(|source| EndOfTurnError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        let network = Network::read(&bytes).map_err(|message| EndOfTurnError::Malformed {
            file: file.to_owned(),
            message,
        })?;
        let features = Features::new();
        Ok(Self { features, network })
    }

    /// How likely it is that the turn is over, 0 to 1. Mono, 16 kHz, at any level; the last eight seconds count. Seven
    /// billion sums: not for a thread on which sound waits.
    #[must_use]
    pub fn probability(&self, turn: &[f32]) -> f32 {
        self.network.probability(&self.features.of(turn))
    }
}

/// Why the network cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndOfTurnError {
    /// The file is missing or cannot be read.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{file} is not Smart Turn v3.2: {message}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No thread can be had.
    #[error("no thread for the end of turns: {0}")]
    Thread(std::io::Error),
}

/// Why a pause was not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GivenUp {
    /// Too many pauses at once.
    #[error("too many pauses are being judged")]
    Full,
    /// The answer did not come while it was of use.
    #[error("the answer would come too late")]
    Late,
    /// The network failed, or the process stops.
    #[error("the pause could not be judged")]
    Failed,
}

impl GivenUp {
    /// For a metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests;
