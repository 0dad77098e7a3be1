//! The transport under a connection.

use super::candidate::{LOCAL_CERTIFICATE_ID, REMOTE_CERTIFICATE_ID, selected_pair_id};
use crate::{
    engine::core::Core,
    types::{
        connection_state::PeerConnectionState,
        stats::{DtlsTransportState, RtcStats, TransportStats},
    },
};

impl Core {
    pub(super) fn transport_stats(&self) -> RtcStats {
        let mut record = TransportStats::default();
        "T0".clone_into(&mut record.rtc.id);
        let figures = &mut record.transport;
        figures.packets_sent = self.traffic.packets_sent;
        figures.bytes_sent = self.traffic.bytes_sent;
        figures.packets_received = self.traffic.packets_received;
        figures.bytes_received = self.traffic.bytes_received;
        figures.selected_candidate_pair_id = selected_pair_id(&self.paths);
        figures.selected_candidate_pair_changes = self.paths.pair_changes();
        LOCAL_CERTIFICATE_ID.clone_into(&mut figures.local_certificate_id);
        if self.paths.peer_fingerprint().is_some() {
            REMOTE_CERTIFICATE_ID.clone_into(&mut figures.remote_certificate_id);
        }
        figures.ice_state = Some(self.ice_state());
        figures.dtls_state = Some(match self.connection_state() {
            PeerConnectionState::New => DtlsTransportState::New,
            PeerConnectionState::Closed => DtlsTransportState::Closed,
            _ if self.health.can_send() => DtlsTransportState::Connected,
            _ => DtlsTransportState::Connecting,
        });
        RtcStats::Transport(record)
    }
}
