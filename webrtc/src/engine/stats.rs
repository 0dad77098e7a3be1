//! What the engine counted, in the records of the W3C statistics.

mod candidate;
mod channels;
mod inbound;
mod outbound;
mod transport;

use std::time::{Duration, Instant};

use super::{core::Core, negotiation::transceiver::Transceiver};
use crate::types::{
    media_type::MediaType,
    stats::{PeerConnectionStats, RtcStats},
};

/// A moment on the engine's clock and on the calendar's, which statistics use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    pub(crate) now: Instant,
    pub(crate) since_1970: Duration,
}

impl WallClock {
    /// A time of the engine's clock in milliseconds after 1970.
    pub(crate) fn unix_ms(self, at: Instant) -> f64 {
        let ago = self.now.saturating_duration_since(at);
        self.since_1970.saturating_sub(ago).as_secs_f64() * 1_000.0
    }
}

impl Core {
    /// The records of the connection and of each of its transceivers.
    pub(crate) fn stats(&self, clock: WallClock) -> Vec<RtcStats> {
        let mut records = vec![self.peer_connection_stats(), self.transport_stats()];
        records.extend(self.channel_stats());
        records.extend(self.candidate_stats());
        for transceiver in self.session.transceivers() {
            if transceiver.send_track().is_some() {
                records.extend(transceiver.sender_stats());
            }
            records.extend(transceiver.receiver_stats(clock));
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
