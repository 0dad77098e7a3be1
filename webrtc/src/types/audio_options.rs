//! Options of audio sources.

/// Processing a microphone would need. Ignored: this engine's sources are programs.
#[derive(Clone, Debug, Default)]
pub struct AudioSourceOptions {
    /// Remove what the loudspeaker plays.
    pub echo_cancellation: bool,
    /// Remove steady noise.
    pub noise_suppression: bool,
    /// Even out the level.
    pub auto_gain_control: bool,
}
