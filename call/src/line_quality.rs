use serde::{Deserialize, Serialize};

/// How well a caller's sound came through, over a whole call.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LineQuality {
    /// Packets of sound that arrived.
    pub packets: u64,
    /// The part of the packets that never arrived, 0 to 1.
    pub lost: f64,
    /// The part of the sound that was made up where none had arrived in time, 0 to 1.
    pub concealed: f64,
    /// How unevenly packets arrived at the end (RFC 3550), milliseconds.
    pub jitter_ms: f64,
    /// Mean opinion score, estimated: 1, nothing is understood, to 4.4, as good as a telephone can be.
    pub mos: f64,
}
