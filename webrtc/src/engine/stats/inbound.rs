//! What a transceiver receives.

use crate::{
    engine::negotiation::transceiver::Transceiver,
    stats::{InboundRtpStats, RtcStats},
};

impl Transceiver {
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
}
