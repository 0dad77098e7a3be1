//! What the engine counted, in the records of the W3C statistics.

mod candidate;
mod channels;
mod inbound;
mod outbound;
mod transport;

use super::{core::Core, negotiation::transceiver::Transceiver};
use crate::types::{
    media_type::MediaType,
    stats::{PeerConnectionStats, RtcStats},
};

impl Core {
    /// The records of the connection and of each of its transceivers.
    pub(crate) fn stats(&self) -> Vec<RtcStats> {
        let mut records = vec![self.peer_connection_stats(), self.transport_stats()];
        records.extend(self.channel_stats());
        records.extend(self.candidate_stats());
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
}

impl Transceiver {
    pub(crate) fn mid_text(&self) -> String {
        self.mid().map(|mid| mid.to_string()).unwrap_or_default()
    }

    pub(super) fn kind_text(&self) -> String {
        match self.kind {
            MediaType::Video => "video".to_owned(),
            MediaType::Audio | MediaType::Data | MediaType::Unsupported => "audio".to_owned(),
        }
    }
}
