//! A track of either kind.

use crate::{
    audio_track::RtcAudioTrack, engine::track::Track, enum_dispatch, video_track::RtcVideoTrack,
};

/// A track of either kind.
#[derive(Debug, Clone)]
pub enum MediaStreamTrack {
    /// Negotiated only; see [`RtcVideoTrack`].
    Video(RtcVideoTrack),
    /// Audio.
    Audio(RtcAudioTrack),
}

impl MediaStreamTrack {
    enum_dispatch!(
        [Video, Audio];
        pub fn id(self: &Self) -> String;
        pub fn enabled(self: &Self) -> bool;
        pub fn set_enabled(self: &Self, enabled: bool) -> bool;
    );
}

impl From<Track> for MediaStreamTrack {
    fn from(track: Track) -> Self {
        match track {
            Track::Audio(inner) => Self::Audio(RtcAudioTrack { inner }),
            Track::Video(inner) => Self::Video(RtcVideoTrack { inner }),
        }
    }
}

impl From<MediaStreamTrack> for Track {
    fn from(track: MediaStreamTrack) -> Self {
        match track {
            MediaStreamTrack::Audio(audio) => Self::Audio(audio.inner),
            MediaStreamTrack::Video(video) => Self::Video(video.inner),
        }
    }
}

impl From<RtcAudioTrack> for MediaStreamTrack {
    fn from(track: RtcAudioTrack) -> Self {
        Self::Audio(track)
    }
}

impl From<RtcVideoTrack> for MediaStreamTrack {
    fn from(track: RtcVideoTrack) -> Self {
        Self::Video(track)
    }
}
