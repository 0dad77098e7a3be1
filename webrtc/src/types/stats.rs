//! Statistics in the shape of <https://www.w3.org/TR/webrtc-stats/>: the records that the engine
//! fills, with the fields that it fills.

pub mod dictionaries;

macro_rules! enums {
    ($($(#[$meta:meta])* $name:ident { $($variant:ident,)* })*) => { $(
        #[derive(Debug, Copy, Clone, PartialEq, Eq)]
        $(#[$meta])*
        #[expect(missing_docs, reason = "the variants are the specification's")]
        pub enum $name {
            $($variant,)*
        }
    )* };
}

enums! {
    /// How far DTLS is.
    DtlsTransportState { New, Connecting, Connected, Closed, }
    /// How far ICE is.
    IceTransportState { New, Checking, Connected, Completed, Disconnected, Failed, Closed, }
    /// How an address was learnt.
    IceCandidateType { Host, Srflx, Prflx, Relay, }
    /// Who opens an ICE-TCP connection.
    IceTcpCandidateType { Active, Passive, So, }
    /// How far the check of a pair is; a pair in use has succeeded.
    IceCandidatePairState { Succeeded, }
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $dictionary:ident,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Default, Clone)]
        #[expect(missing_docs, reason = "each field is the dictionary of its type")]
        pub struct $name {
            $(pub $field: dictionaries::$dictionary,)*
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
    /// The source behind a sender.
    MediaSourceStats { rtc: RtcStats, source: MediaSourceStats, audio: AudioSourceStats, }
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
}

/// One record of any kind.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each variant is documented at the record it holds"
)]
pub enum RtcStats {
    Codec(CodecStats),
    InboundRtp(InboundRtpStats),
    OutboundRtp(OutboundRtpStats),
    RemoteInboundRtp(RemoteInboundRtpStats),
    MediaSource(MediaSourceStats),
    PeerConnection(PeerConnectionStats),
    DataChannel(DataChannelStats),
    Transport(TransportStats),
    CandidatePair(CandidatePairStats),
    LocalCandidate(LocalCandidateStats),
    RemoteCandidate(RemoteCandidateStats),
    Certificate(CertificateStats),
}
