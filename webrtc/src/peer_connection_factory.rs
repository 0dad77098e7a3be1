//! Connections and tracks are made here.

use crate::{
    MediaType, RtcError,
    engine::driver::Connection,
    peer_connection::PeerConnection,
    rtp_parameters::{RtpCapabilities, RtpCodecCapability},
};

pub mod native;

/// STUN and TURN servers that share credentials.
#[derive(Clone, Debug)]
pub struct IceServer {
    /// `stun:`, `turn:` and `turns:` addresses (RFC 7064, RFC 7065), by UDP or TCP.
    pub urls: Vec<String>,
    /// For TURN.
    pub username: String,
    /// For TURN.
    pub password: String,
}

/// Whether changes of the network are followed. This engine gathers once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContinualGatheringPolicy {
    /// Addresses are those at the start.
    GatherOnce,
    /// New addresses are announced.
    GatherContinually,
}

/// Which addresses may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IceTransportsType {
    /// A relay's only.
    Relay,
    /// All but the machine's own.
    NoHost,
    /// All.
    All,
}

/// How a connection is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RtcConfiguration {
    /// Servers to learn addresses from.
    pub ice_servers: Vec<IceServer>,
    /// Whether changes of the network are followed.
    pub continual_gathering_policy: ContinualGatheringPolicy,
    /// Which addresses may be used.
    pub ice_transport_type: IceTransportsType,
    /// Set data channels up with the offer (`a=sctp-init`) and so save two round trips. Fixed
    /// for the life of a connection.
    pub enable_sctp_snap: bool,
}

impl Default for RtcConfiguration {
    fn default() -> Self {
        Self {
            ice_servers: Vec::new(),
            continual_gathering_policy: ContinualGatheringPolicy::GatherContinually,
            ice_transport_type: IceTransportsType::All,
            enable_sctp_snap: false,
        }
    }
}

/// Makes connections; tracks by [`native::PeerConnectionFactoryExt`]. Holds nothing: all
/// factories share the engine's threads.
#[derive(Clone, Debug, Default)]
pub struct PeerConnectionFactory {}

impl PeerConnectionFactory {
    /// As [`Self::default`]: playout starts as early as the network's jitter allows.
    pub fn with_zero_playout_delay() -> Self {
        Self::default()
    }

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
        Ok(PeerConnection {
            inner: Connection::new(config),
        })
    }

    /// Opus for audio, nothing for video.
    pub fn get_rtp_sender_capabilities(&self, kind: MediaType) -> RtpCapabilities {
        capabilities(kind)
    }

    /// Opus for audio, nothing for video.
    pub fn get_rtp_receiver_capabilities(&self, kind: MediaType) -> RtpCapabilities {
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
    RtpCapabilities {
        codecs,
        header_extensions: Vec::new(),
    }
}
