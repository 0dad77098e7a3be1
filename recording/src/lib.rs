//! The sound of a call, kept in segments that are sealed elsewhere.
//!
//! ```text
//! caller's frames ─┐                                          ┌─ muted: secrets, keys, what nobody knows yet
//! agent's frames  ─┼─ bounded queue ─> thread ─> Timeline (pure) ─> Opus ─> Ogg pages ─> Segment ─> Keep
//! verdicts        ─┘
//! ```
//!
//! The left channel is the caller as heard, the right one the agent as played. The timeline counts
//! from the beginning of the session, as the turns of the record do. Nothing is handed out before
//! it is known which of its words are secrets; what never becomes known is silence.
//!
//! A call is never held up: a frame that finds the queue full is a gap of silence, and counted.

mod encoder;
mod metrics;
pub mod ogg;
mod recorder;
mod tape;
#[cfg(any(test, feature = "test-support"))]
pub mod test_support;
mod timeline;

pub use metrics::RecordingMetrics;
#[cfg(feature = "test-support")]
pub use recorder::Told;
pub use recorder::{Keep, Recordings, Segment, serial};
pub use tape::Tape;
pub use timeline::{RATE_HZ, Side, Timeline};
