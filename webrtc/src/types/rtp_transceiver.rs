//! How media sections begin and which way they go.

use super::rtp_parameters::RtpEncodingParameters;

/// How a transceiver begins.
#[derive(Debug, Clone)]
pub struct RtpTransceiverInit {
    /// What is wanted of it.
    pub direction: RtpTransceiverDirection,
    /// The first one is announced in `a=msid`; none is `-`.
    pub stream_ids: Vec<String>,
    /// One for audio, or none for the default.
    pub send_encodings: Vec<RtpEncodingParameters>,
}

/// Which way media goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of a session description")]
pub enum RtpTransceiverDirection {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
    Stopped,
}
