//! What a transceiver receives: `inbound-rtp` of W3C's webrtc-stats.
//!
//! Samples are counted at the track's clock, 48 kHz for Opus whatever rate the listener asks for,
//! as libwebrtc counts them.

use super::WallClock;
use crate::{
    engine::{
        negotiation::transceiver::Transceiver,
        receive::{TICKS_PER_SECOND, seconds},
    },
    types::stats::{InboundRtpStats, RtcStats},
};

impl Transceiver {
    /// No record before anything could be received.
    pub(crate) fn receiver_stats(&self, clock: WallClock) -> Vec<RtcStats> {
        let Some(received) = self.receive_counters() else {
            return Vec::new();
        };
        let mut record = InboundRtpStats::default();
        record.rtc.id = format!("I{}", self.mid_text());
        record.stream.kind = self.kind_text();
        record.stream.ssrc = received.ssrc;
        record.received.packets_received = received.packets;
        record.received.packets_lost = received.lost;
        record.received.jitter = received.jitter / TICKS_PER_SECOND as f64;
        let inbound = &mut record.inbound;
        inbound.mid = self.mid_text();
        inbound.track_identifier = self.recv_track().id().to_owned();
        inbound.bytes_received = received.bytes;
        inbound.header_bytes_received = received.header_bytes;
        inbound.last_packet_received_timestamp =
            received.last_arrival.map_or(0.0, |at| clock.unix_ms(at));
        inbound.packets_discarded = received.discarded;
        inbound.fec_packets_received = received.copies + received.recovered;
        inbound.fec_packets_discarded = received.copies_discarded;
        inbound.fec_bytes_received = received.copy_bytes;
        inbound.frames_decoded = u32::try_from(received.decoded).unwrap_or(u32::MAX);
        inbound.concealed_samples = received.concealed;
        inbound.silent_concealed_samples = received.concealed_silent;
        inbound.concealment_events = received.concealment_events;
        inbound.inserted_samples_for_deceleration = received.inserted;
        inbound.removed_samples_for_acceleration = received.removed;
        inbound.jitter_buffer_delay = received.delay_seconds();
        inbound.jitter_buffer_target_delay = received.target_seconds();
        inbound.jitter_buffer_minimum_delay = received.target_seconds();
        inbound.jitter_buffer_emitted_count = received.emitted;
        inbound.total_samples_received = received.samples;
        inbound.total_samples_duration = seconds(received.samples.cast_signed());
        inbound.audio_level = received.level;
        inbound.total_audio_energy = received.energy;
        vec![RtcStats::InboundRtp(record)]
    }
}
