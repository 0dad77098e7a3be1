//! Video tracks, for negotiation alone.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;

use crate::{
    media_stream_track::RtcTrackState,
    native::{packet_trailer::PacketTrailerHandler, unsupported},
};

struct Inner {
    id: String,
    enabled: AtomicBool,
    trailer: Mutex<Option<PacketTrailerHandler>>,
}

/// A track of video. It is published and announced as any other; no frame is ever encoded or
/// decoded.
#[derive(Clone)]
pub struct RtcVideoTrack {
    inner: Arc<Inner>,
}

impl RtcVideoTrack {
    pub(crate) fn new(id: String) -> Self {
        Self {
            inner: Arc::new(Inner {
                id,
                enabled: AtomicBool::new(true),
                trailer: Mutex::new(None),
            }),
        }
    }

    /// The id in `a=msid`.
    pub fn id(&self) -> String {
        self.inner.id.clone()
    }

    /// Whether it is unmuted.
    pub fn enabled(&self) -> bool {
        self.inner.enabled.load(Ordering::Acquire)
    }

    /// Mutes or unmutes. Returns whether that changed.
    pub fn set_enabled(&self, enabled: bool) -> bool {
        self.inner.enabled.swap(enabled, Ordering::AcqRel) != enabled
    }

    /// Always live: a track ends with its publication.
    pub fn state(&self) -> RtcTrackState {
        RtcTrackState::Live
    }

    /// Kept, without effect.
    pub fn set_packet_trailer_handler(&self, handler: PacketTrailerHandler) {
        unsupported("RtcVideoTrack::set_packet_trailer_handler");
        self.keep_packet_trailer_handler(handler);
    }

    pub(crate) fn keep_packet_trailer_handler(&self, handler: PacketTrailerHandler) {
        *self.inner.trailer.lock() = Some(handler);
    }

    /// What was last set.
    pub fn packet_trailer_handler(&self) -> Option<PacketTrailerHandler> {
        self.inner.trailer.lock().clone()
    }
}

impl fmt::Debug for RtcVideoTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtcVideoTrack")
            .field("id", &self.inner.id)
            .field("enabled", &self.enabled())
            .finish()
    }
}
