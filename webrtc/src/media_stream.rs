//! Tracks that belong together.

use crate::{
    audio_track::RtcAudioTrack, engine::track::Track, media_stream_track::MediaStreamTrack,
    video_track::RtcVideoTrack,
};

/// A remote stream: its id is the first part of `a=msid`.
#[derive(Clone, Debug)]
pub struct MediaStream {
    pub(crate) id: String,
    pub(crate) tracks: Vec<MediaStreamTrack>,
}

impl MediaStream {
    /// The streams of these ids, all with this one track.
    pub(crate) fn of(ids: Vec<String>, track: &Track) -> Vec<Self> {
        let with_track = |id| Self {
            id,
            tracks: vec![track.clone().into()],
        };
        ids.into_iter().map(with_track).collect()
    }

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
