//! Tracks that belong together.

use crate::{
    audio_track::RtcAudioTrack, media_stream_track::MediaStreamTrack, video_track::RtcVideoTrack,
};

/// A remote stream: its id is the first part of `a=msid`.
#[derive(Clone, Debug)]
pub struct MediaStream {
    pub(crate) id: String,
    pub(crate) tracks: Vec<MediaStreamTrack>,
}

impl MediaStream {
    /// The stream's id.
    pub fn id(&self) -> String {
        self.id.clone()
    }

    /// Its audio tracks.
    pub fn audio_tracks(&self) -> Vec<RtcAudioTrack> {
        let audio = |track: &MediaStreamTrack| match track {
            MediaStreamTrack::Audio(audio) => Some(audio.clone()),
            MediaStreamTrack::Video(_) => None,
        };
        self.tracks.iter().filter_map(audio).collect()
    }

    /// Its video tracks.
    pub fn video_tracks(&self) -> Vec<RtcVideoTrack> {
        let video = |track: &MediaStreamTrack| match track {
            MediaStreamTrack::Video(video) => Some(video.clone()),
            MediaStreamTrack::Audio(_) => None,
        };
        self.tracks.iter().filter_map(video).collect()
    }
}
