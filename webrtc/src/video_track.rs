//! Video tracks, for negotiation alone.

use std::{fmt, sync::Arc};

use crate::{
    engine::track::VideoTrack,
    native::{packet_trailer::PacketTrailerHandler, unsupported},
};

/// A track of video. It is published and announced as any other; no frame is ever encoded or
/// decoded.
#[derive(Clone)]
pub struct RtcVideoTrack {
    pub(crate) inner: Arc<VideoTrack>,
}

impl RtcVideoTrack {
    pub(crate) fn new(id: String) -> Self {
        Self {
            inner: VideoTrack::new(id),
        }
    }

    /// The id in `a=msid`.
    pub fn id(&self) -> String {
        self.inner.id.clone()
    }

    /// Whether it is unmuted.
    pub fn enabled(&self) -> bool {
        self.inner.enabled.get()
    }

    /// Mutes or unmutes. Returns whether that changed.
    pub fn set_enabled(&self, enabled: bool) -> bool {
        self.inner.enabled.set(enabled)
    }

    /// Kept, without effect.
    pub fn set_packet_trailer_handler(&self, handler: PacketTrailerHandler) {
        unsupported("RtcVideoTrack::set_packet_trailer_handler");
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
