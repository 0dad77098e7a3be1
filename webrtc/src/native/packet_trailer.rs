//! Trailers of video frames: kept for the interface, without video they carry nothing.

use std::sync::Arc;

use super::unsupported;
pub use crate::types::packet_trailer::PacketTrailerHandler;
use crate::{
    peer_connection_factory::PeerConnectionFactory, rtp_receiver::RtpReceiver,
    rtp_sender::RtpSender,
};

/// Where a sent frame was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PublishTimingStage {
    EncoderUpload,
    EncoderOutput,
    WebrtcPacketize,
}

/// Where a received frame was timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SubscribeTimingStage {
    WebrtcReceive,
    DecoderUpload,
    DecoderOutput,
}

/// When a sent frame passed a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PublishTimingEvent {
    pub stage: PublishTimingStage,
    pub timestamp_us: u64,
    pub capture_timestamp_us: u64,
    pub frame_id: Option<u32>,
}

/// When a received frame passed a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SubscribeTimingEvent {
    pub stage: SubscribeTimingStage,
    pub timestamp_us: u64,
    pub capture_timestamp_us: u64,
    pub frame_id: Option<u32>,
}

/// Called for sent frames; never by this engine.
pub type PublishTimingObserver = Arc<dyn Fn(PublishTimingEvent) + Send + Sync + 'static>;
/// Called for received frames; never by this engine.
pub type SubscribeTimingObserver = Arc<dyn Fn(SubscribeTimingEvent) + Send + Sync + 'static>;

impl PacketTrailerHandler {
    /// Ignored.
    pub fn set_enabled(&self, enabled: bool) {
        if enabled {
            unsupported("PacketTrailerHandler::set_enabled");
        }
    }

    /// Ignored.
    pub fn store_frame_metadata(
        &self,
        _capture_us: i64,
        _user_timestamp: u64,
        _frame_id: u32,
        _data: &[u8],
    ) {
        unsupported("PacketTrailerHandler::store_frame_metadata");
    }

    /// Ignored.
    pub fn set_publish_timing_observer(&self, _observer: Option<PublishTimingObserver>) {
        unsupported("PacketTrailerHandler::set_publish_timing_observer");
    }

    /// Ignored.
    pub fn set_subscribe_timing_observer(&self, _observer: Option<SubscribeTimingObserver>) {
        unsupported("PacketTrailerHandler::set_subscribe_timing_observer");
    }
}

/// A handler for what we send.
pub fn create_sender_handler(
    _factory: &PeerConnectionFactory,
    _sender: &RtpSender,
) -> PacketTrailerHandler {
    PacketTrailerHandler::default()
}

/// A handler for what we receive.
pub fn create_receiver_handler(
    _factory: &PeerConnectionFactory,
    _receiver: &RtpReceiver,
) -> PacketTrailerHandler {
    PacketTrailerHandler::default()
}
