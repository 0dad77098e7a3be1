//! The transport under a connection.

use crate::{
    engine::core::Core,
    stats::{RtcStats, TransportStats},
};

impl Core {
    pub(super) fn transport_stats(&self) -> RtcStats {
        let mut record = TransportStats::default();
        "T0".clone_into(&mut record.rtc.id);
        record.transport.packets_sent = self.traffic.packets_sent;
        record.transport.bytes_sent = self.traffic.bytes_sent;
        record.transport.packets_received = self.traffic.packets_received;
        record.transport.bytes_received = self.traffic.bytes_received;
        RtcStats::Transport(record)
    }
}
