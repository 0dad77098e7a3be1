//! What a transceiver sends.

use crate::{
    engine::negotiation::transceiver::Transceiver,
    stats::{OutboundRtpStats, RtcStats},
};

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
}
