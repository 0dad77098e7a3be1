//! Encodings, codecs and capabilities.

use super::rtp_transceiver::RtpTransceiverDirection;

/// Importance relative to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "a scale")]
pub enum Priority {
    VeryLow,
    Low,
    Medium,
    High,
}

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

/// A negotiated RTP header extension.
#[derive(Debug, Clone)]
pub struct RtpHeaderExtensionParameters {
    /// Its name.
    pub uri: String,
    /// Its number in this session.
    pub id: i32,
    /// Whether it is encrypted.
    pub encrypted: bool,
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

/// RTCP of a stream.
#[derive(Debug, Clone, Default)]
pub struct RtcpParameters {
    /// Canonical name of the endpoint.
    pub cname: String,
    /// Whether reports may be sent alone.
    pub reduced_size: bool,
}

/// How a sender sends.
#[derive(Debug, Clone, Default)]
pub struct RtpParameters {
    /// Negotiated codecs. Left empty by this engine.
    pub codecs: Vec<RtpCodecParameters>,
    /// Negotiated header extensions. Left empty by this engine.
    pub header_extensions: Vec<RtpHeaderExtensionParameters>,
    /// One for audio. Its `max_bitrate` is applied at once.
    pub encodings: Vec<RtpEncodingParameters>,
    /// RTCP.
    pub rtcp: RtcpParameters,
    pub(crate) degradation: Option<DegradationPreference>,
}

impl RtpParameters {
    /// Keeps a preference; there is no video to apply it to.
    pub fn set_degradation_preference(&mut self, preference: DegradationPreference) {
        self.degradation = Some(preference);
    }

    /// The preference last set.
    pub fn degradation_preference(&self) -> Option<DegradationPreference> {
        self.degradation
    }
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
    /// Accepted, not applied.
    pub priority: Priority,
    /// Name of a simulcast layer.
    pub rid: String,
    /// Video only.
    pub scale_resolution_down_by: Option<f64>,
    /// Video only.
    pub scalability_mode: Option<String>,
    /// Whether `ssrc` is set.
    pub has_ssrc: bool,
    /// RTP synchronisation source.
    pub ssrc: u32,
}

impl Default for RtpEncodingParameters {
    fn default() -> Self {
        Self {
            active: true,
            max_bitrate: None,
            max_framerate: None,
            priority: Priority::Low,
            rid: String::new(),
            scale_resolution_down_by: None,
            scalability_mode: None,
            has_ssrc: false,
            ssrc: 0,
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

/// A header extension this engine has.
#[derive(Debug, Clone)]
pub struct RtpHeaderExtensionCapability {
    /// Its name.
    pub uri: String,
    /// Which way it goes.
    pub direction: RtpTransceiverDirection,
}

/// What can be sent or received.
#[derive(Debug, Clone)]
pub struct RtpCapabilities {
    /// Codecs.
    pub codecs: Vec<RtpCodecCapability>,
    /// Header extensions.
    pub header_extensions: Vec<RtpHeaderExtensionCapability>,
}
