//! Tracks as the engine knows them: who hears them, and whether they are muted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{lock::LeafMutex, send::source::Source, sink::SinkSet};
use crate::types::packet_trailer::PacketTrailerHandler;

/// A track of either kind. Clones are the same track.
#[derive(Clone)]
pub(crate) enum Track {
    Audio(Arc<AudioTrack>),
    Video(Arc<VideoTrack>),
}

impl Track {
    /// The id in `a=msid`.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Audio(audio) => &audio.id,
            Self::Video(video) => &video.id,
        }
    }
}

/// Where a track's audio comes from.
pub(crate) enum AudioOrigin {
    Local(Arc<Source>),
    /// A microphone, which this engine does not have.
    Device,
    Remote(Arc<SinkSet>),
}

/// One direction of audio.
pub(crate) struct AudioTrack {
    pub(crate) id: String,
    pub(crate) enabled: Enabled,
    origin: AudioOrigin,
}

impl AudioTrack {
    pub(crate) fn new(id: String, origin: AudioOrigin) -> Arc<Self> {
        Arc::new(Self {
            id,
            enabled: Enabled::default(),
            origin,
        })
    }

    /// What a peer sends.
    pub(crate) fn remote(id: String) -> Arc<Self> {
        Self::new(id, AudioOrigin::Remote(Arc::default()))
    }

    /// Who hears this track; `None` for a device.
    pub(crate) fn sinks(&self) -> Option<&Arc<SinkSet>> {
        match &self.origin {
            AudioOrigin::Local(source) => Some(&source.sinks),
            AudioOrigin::Device => None,
            AudioOrigin::Remote(sinks) => Some(sinks),
        }
    }
}

/// A track of video, for negotiation alone.
pub(crate) struct VideoTrack {
    pub(crate) id: String,
    pub(crate) enabled: Enabled,
    /// What was last set; without effect.
    pub(crate) trailer: LeafMutex<Option<PacketTrailerHandler>>,
}

impl VideoTrack {
    pub(crate) fn new(id: String) -> Arc<Self> {
        Arc::new(Self {
            id,
            enabled: Enabled::default(),
            trailer: LeafMutex::default(),
        })
    }
}

/// Whether a track is unmuted, as it is at first.
pub(crate) struct Enabled(AtomicBool);

impl Default for Enabled {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Enabled {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Returns whether that changed something.
    pub(crate) fn set(&self, enabled: bool) -> bool {
        self.0.swap(enabled, Ordering::AcqRel) != enabled
    }
}
