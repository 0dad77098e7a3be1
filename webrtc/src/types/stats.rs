//! Statistics in the shape of <https://www.w3.org/TR/webrtc-stats/>.
//!
//! The engine fills transport, sent and received RTP and channel counts; every other record
//! exists so that code written for it compiles.

pub mod dictionaries;

use serde::Deserialize;

macro_rules! text_enums {
    ($($(#[$meta:meta])* $name:ident { $($(#[$on:meta])* $variant:ident,)* })*) => { $(
        #[derive(Debug, Copy, Clone, PartialEq, Eq, Deserialize)]
        $(#[$meta])*
        #[expect(missing_docs, reason = "the variants are the specification's")]
        pub enum $name {
            $($(#[$on])* $variant,)*
        }
    )* };
}

text_enums! {
    /// Why a sender sends less than it could.
    #[derive(Default)] #[serde(rename_all = "lowercase")]
    QualityLimitationReason { #[default] None, Cpu, Bandwidth, Other, }
    /// Which side decides on the ICE pair.
    #[derive(Default)] #[serde(rename_all = "lowercase")]
    IceRole { #[default] Unknown, Controlling, Controlled, }
    /// Which side began DTLS.
    #[derive(Default)] #[serde(rename_all = "lowercase")]
    DtlsRole { Client, Server, #[default] Unknown, }
    /// How far DTLS is.
    #[serde(rename_all = "lowercase")]
    DtlsTransportState { New, Connecting, Connected, Closed, Failed, }
    /// How far ICE is.
    #[serde(rename_all = "lowercase")]
    IceTransportState { New, Checking, Connected, Completed, Disconnected, Failed, Closed, }
    /// How an address was learnt.
    #[serde(rename_all = "lowercase")]
    IceCandidateType { Host, Srflx, Prflx, Relay, }
    /// How a relay is reached.
    #[serde(rename_all = "lowercase")]
    IceServerTransportProtocol { Udp, Tcp, Tls, }
    /// Who opens an ICE-TCP connection.
    #[serde(rename_all = "lowercase")]
    IceTcpCandidateType { Active, Passive, So, }
    /// How far the check of a pair is.
    #[serde(rename_all = "kebab-case")]
    IceCandidatePairState { Frozen, Waiting, InProgress, Failed, Succeeded, }
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $dictionary:ident,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Default, Clone, Deserialize)]
        #[expect(missing_docs, reason = "each field is the dictionary of its type")]
        pub struct $name {
            $(#[serde(flatten)] pub $field: dictionaries::$dictionary,)*
        }
    )* };
}

records! {
    /// A codec in use.
    CodecStats { rtc: RtcStats, codec: CodecStats, }
    /// An RTP stream received here.
    InboundRtpStats {
        rtc: RtcStats, stream: RtpStreamStats, received: ReceivedRtpStreamStats, inbound: InboundRtpStreamStats,
    }
    /// An RTP stream sent from here.
    OutboundRtpStats {
        rtc: RtcStats, stream: RtpStreamStats, sent: SentRtpStreamStats, outbound: OutboundRtpStreamStats,
    }
    /// Our stream as the peer receives it.
    RemoteInboundRtpStats {
        rtc: RtcStats, stream: RtpStreamStats, received: ReceivedRtpStreamStats,
        remote_inbound: RemoteInboundRtpStreamStats,
    }
    /// The peer's stream as it sends it.
    RemoteOutboundRtpStats {
        rtc: RtcStats, stream: RtpStreamStats, sent: SentRtpStreamStats,
        remote_outbound: RemoteOutboundRtpStreamStats,
    }
    /// The source behind a sender.
    MediaSourceStats { rtc: RtcStats, source: MediaSourceStats, audio: AudioSourceStats, video: VideoSourceStats, }
    /// Playout of audio.
    MediaPlayoutStats { rtc: RtcStats, audio_playout: AudioPlayoutStats, }
    /// Counts of a whole connection.
    PeerConnectionStats { rtc: RtcStats, pc: PeerConnectionStats, }
    /// A data channel.
    DataChannelStats { rtc: RtcStats, dc: DataChannelStats, }
    /// The transport all sections share.
    TransportStats { rtc: RtcStats, transport: TransportStats, }
    /// A pair of ICE candidates.
    CandidatePairStats { rtc: RtcStats, candidate_pair: CandidatePairStats, }
    /// An ICE candidate of ours.
    LocalCandidateStats { rtc: RtcStats, local_candidate: IceCandidateStats, }
    /// An ICE candidate of the peer.
    RemoteCandidateStats { rtc: RtcStats, remote_candidate: IceCandidateStats, }
    /// A DTLS certificate.
    CertificateStats { rtc: RtcStats, certificate: CertificateStats, }
    /// A media stream.
    StreamStats { rtc: RtcStats, stream: StreamStats, }
}

/// Deprecated by the specification; carries nothing.
#[derive(Debug, Default, Clone, Deserialize)]
pub struct TrackStats {}

/// One record of any kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "each variant is documented at the record it holds"
)]
pub enum RtcStats {
    Codec(CodecStats),
    InboundRtp(InboundRtpStats),
    OutboundRtp(OutboundRtpStats),
    RemoteInboundRtp(RemoteInboundRtpStats),
    RemoteOutboundRtp(RemoteOutboundRtpStats),
    MediaSource(MediaSourceStats),
    MediaPlayout(MediaPlayoutStats),
    PeerConnection(PeerConnectionStats),
    DataChannel(DataChannelStats),
    Transport(TransportStats),
    CandidatePair(CandidatePairStats),
    LocalCandidate(LocalCandidateStats),
    RemoteCandidate(RemoteCandidateStats),
    Certificate(CertificateStats),
    Stream(StreamStats),
    Track,
}
