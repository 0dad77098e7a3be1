//! The dictionaries of <https://www.w3.org/TR/webrtc-stats/>, as far as this engine fills them.
#![expect(
    missing_docs,
    reason = "each field is the specification's, in snake case"
)]

use super::{
    DtlsTransportState, IceCandidatePairState, IceCandidateType, IceTcpCandidateType,
    IceTransportState,
};
use crate::types::data_channel::DataChannelState;

macro_rules! dictionaries {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Default, Clone)]
        pub struct $name {
            $(pub $field: $kind,)*
        }
    )* };
}

dictionaries! {
    /// What every record has.
    RtcStats {
        id: String,
    }

    /// A codec in use.
    CodecStats {
        payload_type: u32,
        transport_id: String,
        mime_type: String,
        clock_rate: u32,
        channels: u32,
    }

    /// What every RTP stream has.
    RtpStreamStats {
        ssrc: u32,
        kind: String,
        transport_id: String,
        codec_id: String,
    }

    /// What every received RTP stream has.
    ReceivedRtpStreamStats {
        packets_received: u64,
        packets_lost: i64,
        jitter: f64,
    }

    /// What every sent RTP stream has.
    SentRtpStreamStats {
        packets_sent: u64,
        bytes_sent: u64,
    }

    /// An RTP stream received here.
    InboundRtpStreamStats {
        track_identifier: String,
        mid: String,
        frames_decoded: u32,
        last_packet_received_timestamp: f64,
        header_bytes_received: u64,
        packets_discarded: u64,
        fec_bytes_received: u64,
        fec_packets_received: u64,
        fec_packets_discarded: u64,
        bytes_received: u64,
        jitter_buffer_delay: f64,
        jitter_buffer_target_delay: f64,
        jitter_buffer_emitted_count: u64,
        jitter_buffer_minimum_delay: f64,
        total_samples_received: u64,
        concealed_samples: u64,
        silent_concealed_samples: u64,
        concealment_events: u64,
        inserted_samples_for_deceleration: u64,
        removed_samples_for_acceleration: u64,
        audio_level: f64,
        total_audio_energy: f64,
        total_samples_duration: f64,
    }

    /// An RTP stream sent from here.
    OutboundRtpStreamStats {
        mid: String,
        media_source_id: String,
        remote_id: String,
        target_bitrate: f64,
        nack_count: u32,
        active: bool,
    }

    /// Our stream as the peer receives it.
    RemoteInboundRtpStreamStats {
        local_id: String,
        round_trip_time: f64,
        total_round_trip_time: f64,
        fraction_lost: f64,
        round_trip_time_measurements: u64,
    }

    /// The source behind a sender.
    MediaSourceStats {
        track_identifier: String,
        kind: String,
    }

    /// An audio source.
    AudioSourceStats {
        audio_level: f64,
        total_audio_energy: f64,
        total_samples_duration: f64,
    }

    /// Counts of a whole connection.
    PeerConnectionStats {
        data_channels_opened: u32,
        data_channels_closed: u32,
    }

    /// A data channel.
    DataChannelStats {
        label: String,
        protocol: String,
        data_channel_identifier: i32,
        state: Option<DataChannelState>,
        messages_sent: u32,
        bytes_sent: u64,
        messages_received: u32,
        bytes_received: u64,
    }

    /// The transport all sections share.
    TransportStats {
        packets_sent: u64,
        packets_received: u64,
        bytes_sent: u64,
        bytes_received: u64,
        dtls_state: Option<DtlsTransportState>,
        ice_state: Option<IceTransportState>,
        selected_candidate_pair_id: String,
        local_certificate_id: String,
        remote_certificate_id: String,
        selected_candidate_pair_changes: u32,
    }

    /// A pair of ICE candidates.
    CandidatePairStats {
        transport_id: String,
        local_candidate_id: String,
        remote_candidate_id: String,
        state: Option<IceCandidatePairState>,
        nominated: bool,
        packets_sent: u64,
        packets_received: u64,
        bytes_sent: u64,
        bytes_received: u64,
        total_round_trip_time: f64,
        current_round_trip_time: f64,
        responses_received: u64,
        packets_discarded_on_send: u32,
        bytes_discarded_on_send: u64,
    }

    /// An ICE candidate.
    IceCandidateStats {
        transport_id: String,
        address: String,
        port: i32,
        protocol: String,
        candidate_type: Option<IceCandidateType>,
        priority: i32,
        url: String,
        tcp_type: Option<IceTcpCandidateType>,
    }

    /// A DTLS certificate.
    CertificateStats {
        fingerprint: String,
        fingerprint_algorithm: String,
    }
}
