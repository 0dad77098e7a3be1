//! Sentences in, paced frames out; reports what was heard.
//!
//! ```text
//! text -> speakable -> Tts: flite or espeak-ng as a child, a network (neural/), or a server -> Spoken, 24 kHz
//! Spoken -> Playout (pure) -> Voice (the task with the clock) -> FrameSink: the published track
//! ```
//! Several speeches queue in the order they began; what is heard while nothing is said, `beneath.rs` says. What the caller heard is what left the sink, not what was sent.

mod beneath;
mod cache;
mod engine;
mod fallback;
mod kept;
mod neural;
mod playout;
mod remote;
mod speech;
mod spoken;
mod tts;
mod voice;
mod wav;

pub use beneath::{Beneath, Live, LiveSource, live};
pub use kept::KeptConfig;
pub use neural::{NeuralConfig, NeuralVoice, OpenError};
pub use playout::{Playout, Step};
pub use remote::RemoteTtsConfig;
pub use speech::Speech;
pub use spoken::{More, Piece, Rest, Spoken};
pub use tts::{Ahead, LocalVoice, Provider, Tts, TtsConfig, TtsError};
pub use voice::{FrameSink, Voice};

/// The rate of everything this room gives out, Hz.
pub const SPEECH_RATE_HZ: u32 = 24_000;
/// Samples in one frame: 10 ms.
pub const FRAME_SAMPLES: usize = 240;

/// One reply or announcement within a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpeechId(pub u64);

/// What the voice did; the session hears of it in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoiceEvent {
    /// The first frame of a speech went out.
    Started {
        /// Which one.
        id: SpeechId,
        /// Whether the caller may cut it.
        interruptible: bool,
    },
    /// The first frame of a sentence went out.
    Sentence {
        /// Which speech it belongs to.
        id: SpeechId,
        /// As it was written, not as it was made speakable.
        text: String,
    },
    /// A speech is over. Also told of one that never started.
    Finished {
        /// Which one.
        id: SpeechId,
        /// The words that reached the caller; empty when none did.
        heard: String,
        /// Whether it was cut.
        interrupted: bool,
    },
}
