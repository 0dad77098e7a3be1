//! What a transceiver sends, where it comes from, and what the peer reports about it.

use crate::{
    engine::{negotiation::transceiver::Transceiver, send::AudioCodec},
    types::stats::{
        CodecStats, MediaSourceStats, OutboundRtpStats, RemoteInboundRtpStats, RtcStats,
    },
};

impl Transceiver {
    /// The stream; with it, once they exist, its codec, its source and the peer's report.
    pub(crate) fn sender_stats(&self) -> Vec<RtcStats> {
        let mut records = vec![self.outbound_stats()];
        records.extend(self.source_stats());
        records.extend(self.send_codec().map(|codec| self.codec_stats(codec)));
        records.extend(self.remote_inbound_stats());
        records
    }

    fn outbound_stats(&self) -> RtcStats {
        let sent = self.send_counters();
        let mut record = OutboundRtpStats::default();
        record.rtc.id = format!("O{}", self.mid_text());
        record.stream.ssrc = sent.ssrc;
        record.stream.kind = self.kind_text();
        "T0".clone_into(&mut record.stream.transport_id);
        if self.send_codec().is_some() {
            record.stream.codec_id = self.send_codec_id();
        }
        record.sent.packets_sent = sent.packets;
        record.sent.bytes_sent = sent.bytes;
        record.outbound.mid = self.mid_text();
        record.outbound.active = self.send_target().is_some();
        record.outbound.target_bitrate = f64::from(sent.target_bitrate);
        if self.send_track().is_some() {
            record.outbound.media_source_id = format!("S{}", self.mid_text());
        }
        if let Some(report) = self.peer_report() {
            record.outbound.remote_id = format!("RI{}", self.mid_text());
            record.outbound.nack_count = u32::try_from(report.nacks).unwrap_or(u32::MAX);
        }
        RtcStats::OutboundRtp(record)
    }

    fn source_stats(&self) -> Option<RtcStats> {
        let track = self.send_track()?;
        let source = self.send_counters().source;
        let mut record = MediaSourceStats::default();
        record.rtc.id = format!("S{}", self.mid_text());
        record.source.track_identifier = track.id().to_owned();
        record.source.kind = self.kind_text();
        record.audio.audio_level = source.level;
        record.audio.total_audio_energy = source.energy;
        record.audio.total_samples_duration = source.seconds;
        Some(RtcStats::MediaSource(record))
    }

    fn send_codec_id(&self) -> String {
        format!("CO{}", self.mid_text())
    }

    fn codec_stats(&self, codec: AudioCodec) -> RtcStats {
        let mut record = CodecStats::default();
        record.rtc.id = self.send_codec_id();
        "T0".clone_into(&mut record.codec.transport_id);
        let (payload_type, mime_type) = match codec.red_payload_type {
            Some(red) => (red, "audio/red"),
            None => (codec.payload_type, "audio/opus"),
        };
        record.codec.payload_type = u32::from(payload_type);
        mime_type.clone_into(&mut record.codec.mime_type);
        record.codec.clock_rate = 48_000;
        record.codec.channels = 2;
        RtcStats::Codec(record)
    }

    fn remote_inbound_stats(&self) -> Option<RtcStats> {
        let report = self.peer_report()?;
        let mut record = RemoteInboundRtpStats::default();
        record.rtc.id = format!("RI{}", self.mid_text());
        record.stream.ssrc = self.send_counters().ssrc;
        record.stream.kind = self.kind_text();
        "T0".clone_into(&mut record.stream.transport_id);
        record.received.packets_lost = report.packets_lost;
        record.received.jitter = f64::from(report.jitter) / 48_000.0;
        record.remote_inbound.local_id = format!("O{}", self.mid_text());
        record.remote_inbound.fraction_lost = f64::from(report.fraction_lost.unwrap_or(0.0));
        let round_trip = report.round_trip.unwrap_or_default();
        record.remote_inbound.round_trip_time = round_trip.as_secs_f64();
        record.remote_inbound.total_round_trip_time = report.round_trip_sum.as_secs_f64();
        record.remote_inbound.round_trip_time_measurements = report.round_trips;
        Some(RtcStats::RemoteInboundRtp(record))
    }
}
