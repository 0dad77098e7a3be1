//! Connections and tracks are made here.

pub use crate::types::configuration::{
    ContinualGatheringPolicy, IceServer, IceTransportsType, RtcConfiguration,
};
use crate::{
    MediaType, RtcError,
    peer_connection::PeerConnection,
    rtp_parameters::{RtpCapabilities, RtpCodecCapability},
};

pub mod native;

/// Makes connections; tracks by [`native::PeerConnectionFactoryExt`]. Holds nothing: all
/// factories share the engine's threads.
#[derive(Clone, Debug, Default)]
pub struct PeerConnectionFactory {}

impl PeerConnectionFactory {
    /// As [`Self::default`]. `warp` asks for SNAP, which [`RtcConfiguration`] enables, and for
    /// DTLS within STUN, which is unsupported and negotiated away.
    pub fn with_options(_zero_playout_delay: bool, _warp: bool) -> Self {
        Self::default()
    }

    /// A new connection. No socket is opened before its first local description.
    ///
    /// # Errors
    ///
    /// None; the signature is the interface's.
    pub fn create_peer_connection(
        &self,
        config: RtcConfiguration,
    ) -> Result<PeerConnection, RtcError> {
        Ok(PeerConnection::new(config))
    }

    /// Opus for audio, nothing for video.
    pub fn get_rtp_sender_capabilities(&self, kind: MediaType) -> RtpCapabilities {
        capabilities(kind)
    }
}

fn capabilities(kind: MediaType) -> RtpCapabilities {
    let opus = RtpCodecCapability {
        channels: Some(2),
        clock_rate: Some(48_000),
        mime_type: "audio/opus".to_owned(),
        sdp_fmtp_line: Some("minptime=10;useinbandfec=1".to_owned()),
    };
    let codecs = if kind == MediaType::Audio {
        vec![opus]
    } else {
        Vec::new()
    };
    RtpCapabilities { codecs }
}
