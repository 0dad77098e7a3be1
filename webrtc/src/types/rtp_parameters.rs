//! Encodings, codecs and capabilities.

/// What video gives up first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DegradationPreference {
    /// Neither rate nor size.
    MaintainFramerateAndResolution,
    /// Size.
    MaintainFramerate,
    /// Rate.
    MaintainResolution,
    /// A bit of both.
    #[default]
    Balanced,
}

/// A negotiated codec.
#[derive(Debug, Clone, Default)]
pub struct RtpCodecParameters {
    /// RTP payload type.
    pub payload_type: u8,
    /// For example `audio/opus`.
    pub mime_type: String,
    /// RTP ticks per second.
    pub clock_rate: Option<u64>,
    /// Audio channels.
    pub channels: Option<u16>,
}

/// How a sender sends.
#[derive(Debug, Clone, Default)]
pub struct RtpParameters {
    /// Negotiated codecs. Left empty by this engine.
    pub codecs: Vec<RtpCodecParameters>,
    /// One for audio. Its `max_bitrate` is applied at once.
    pub encodings: Vec<RtpEncodingParameters>,
}

impl RtpParameters {
    /// Ignored: there is no video to apply it to.
    pub fn set_degradation_preference(&mut self, _preference: DegradationPreference) {}
}

/// One encoding of a track.
#[derive(Debug, Clone)]
pub struct RtpEncodingParameters {
    /// Whether it is sent.
    pub active: bool,
    /// Bits per second.
    pub max_bitrate: Option<u64>,
    /// Video only.
    pub max_framerate: Option<f64>,
    /// Name of a simulcast layer.
    pub rid: String,
    /// Video only.
    pub scale_resolution_down_by: Option<f64>,
    /// Video only.
    pub scalability_mode: Option<String>,
}

impl Default for RtpEncodingParameters {
    fn default() -> Self {
        Self {
            active: true,
            max_bitrate: None,
            max_framerate: None,
            rid: String::new(),
            scale_resolution_down_by: None,
            scalability_mode: None,
        }
    }
}

/// A codec this engine has.
#[derive(Debug, Clone)]
pub struct RtpCodecCapability {
    /// Audio channels.
    pub channels: Option<u16>,
    /// RTP ticks per second.
    pub clock_rate: Option<u64>,
    /// For example `audio/opus`.
    pub mime_type: String,
    /// Parameters, as in `a=fmtp`.
    pub sdp_fmtp_line: Option<String>,
}

/// What can be sent or received.
#[derive(Debug, Clone)]
pub struct RtpCapabilities {
    /// Codecs.
    pub codecs: Vec<RtpCodecCapability>,
}
