//! One direction of audio.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    audio_source::native::NativeAudioSource, engine::sink::SinkSet,
    media_stream_track::RtcTrackState,
};

/// Where a track's audio comes from.
pub(crate) enum AudioOrigin {
    Local(NativeAudioSource),
    /// A microphone, which this engine does not have.
    Device,
    Remote(Arc<SinkSet>),
}

impl AudioOrigin {
    pub(crate) fn remote() -> Self {
        Self::Remote(Arc::default())
    }
}

struct Inner {
    id: String,
    enabled: AtomicBool,
    origin: AudioOrigin,
}

/// A track of audio, local or remote.
#[derive(Clone)]
pub struct RtcAudioTrack {
    inner: Arc<Inner>,
}

impl RtcAudioTrack {
    pub(crate) fn new(id: String, origin: AudioOrigin) -> Self {
        Self {
            inner: Arc::new(Inner {
                id,
                enabled: AtomicBool::new(true),
                origin,
            }),
        }
    }

    /// Who hears this track; `None` for a device.
    pub(crate) fn sinks(&self) -> Option<Arc<SinkSet>> {
        match &self.inner.origin {
            AudioOrigin::Local(source) => Some(source.sinks()),
            AudioOrigin::Device => None,
            AudioOrigin::Remote(sinks) => Some(Arc::clone(sinks)),
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

    /// Mutes or unmutes; a muted local track sends silence. Returns whether that changed.
    pub fn set_enabled(&self, enabled: bool) -> bool {
        self.inner.enabled.swap(enabled, Ordering::AcqRel) != enabled
    }

    /// Always live: a track ends with its publication.
    pub fn state(&self) -> RtcTrackState {
        RtcTrackState::Live
    }
}

impl fmt::Debug for RtcAudioTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtcAudioTrack")
            .field("id", &self.inner.id)
            .field("enabled", &self.enabled())
            .finish()
    }
}
