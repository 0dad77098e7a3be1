//! One direction of audio.

use std::{fmt, sync::Arc};

use crate::engine::{sink::SinkSet, track::AudioTrack};

/// A track of audio, local or remote.
#[derive(Clone)]
pub struct RtcAudioTrack {
    pub(crate) inner: Arc<AudioTrack>,
}

impl RtcAudioTrack {
    /// Who hears this track; `None` for a device.
    pub(crate) fn sinks(&self) -> Option<&Arc<SinkSet>> {
        self.inner.sinks()
    }

    /// The id in `a=msid`.
    pub fn id(&self) -> String {
        self.inner.id.clone()
    }

    /// Whether it is unmuted.
    pub fn enabled(&self) -> bool {
        self.inner.enabled.get()
    }

    /// Mutes or unmutes; a muted local track sends silence. Returns whether that changed.
    pub fn set_enabled(&self, enabled: bool) -> bool {
        self.inner.enabled.set(enabled)
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
