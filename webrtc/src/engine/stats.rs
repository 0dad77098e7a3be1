//! What the engine counted, in the records of the W3C statistics.

use super::{core::Core, negotiation::transceiver::Transceiver};
use crate::{
    MediaType,
    stats::{InboundRtpStats, OutboundRtpStats, PeerConnectionStats, RtcStats, TransportStats},
};

impl Core {
    /// The records of the connection and of each of its transceivers.
    pub(crate) fn stats(&self) -> Vec<RtcStats> {
        let mut records = vec![self.peer_connection_stats(), self.transport_stats()];
        for transceiver in self.session.transceivers() {
            if transceiver.inner.send_track().is_some() {
                records.extend(transceiver.inner.sender_stats());
            }
            records.extend(transceiver.inner.receiver_stats());
        }
        records
    }

    fn peer_connection_stats(&self) -> RtcStats {
        let mut record = PeerConnectionStats::default();
        "P0".clone_into(&mut record.rtc.id);
        (
            record.pc.data_channels_opened,
            record.pc.data_channels_closed,
        ) = self.channels.counts();
        RtcStats::PeerConnection(record)
    }

    fn transport_stats(&self) -> RtcStats {
        let mut record = TransportStats::default();
        "T0".clone_into(&mut record.rtc.id);
        record.transport.packets_sent = self.traffic.packets_sent;
        record.transport.bytes_sent = self.traffic.bytes_sent;
        record.transport.packets_received = self.traffic.packets_received;
        record.transport.bytes_received = self.traffic.bytes_received;
        RtcStats::Transport(record)
    }
}

impl Transceiver {
    pub(crate) fn sender_stats(&self) -> Vec<RtcStats> {
        let sent = self.send_counters();
        let mut record = OutboundRtpStats::default();
        record.rtc.id = format!("O{}", self.mid_text());
        record.stream.kind = self.kind_text();
        record.sent.packets_sent = sent.packets;
        record.sent.bytes_sent = sent.bytes;
        record.outbound.mid = self.mid_text();
        vec![RtcStats::OutboundRtp(record)]
    }

    /// No record before anything could be received.
    pub(crate) fn receiver_stats(&self) -> Vec<RtcStats> {
        let Some(received) = self.receive_counters() else {
            return Vec::new();
        };
        let mut record = InboundRtpStats::default();
        record.rtc.id = format!("I{}", self.mid_text());
        record.stream.kind = self.kind_text();
        record.received.packets_received = received.packets;
        record.received.jitter = received.jitter_ms / 1e3;
        record.inbound.mid = self.mid_text();
        record.inbound.bytes_received = received.bytes;
        record.inbound.frames_decoded = u32::try_from(received.decoded).unwrap_or(u32::MAX);
        record.inbound.concealment_events = received.concealed;
        record.inbound.fec_packets_received = received.recovered;
        record.inbound.packets_discarded = received.late + received.dropped;
        vec![RtcStats::InboundRtp(record)]
    }

    pub(crate) fn mid_text(&self) -> String {
        self.mid().map(|mid| mid.to_string()).unwrap_or_default()
    }

    fn kind_text(&self) -> String {
        match self.kind {
            MediaType::Video => "video".to_owned(),
            MediaType::Audio | MediaType::Data | MediaType::Unsupported => "audio".to_owned(),
        }
    }
}
