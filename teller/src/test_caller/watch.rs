//! What the caller's page would show: transcripts, the agent's state, the end.

use std::sync::{Arc, Mutex, PoisonError};

use livekit::{
    RoomEvent, StreamReader as _,
    participant::ParticipantKind,
    prelude::{Participant, RemoteTrack},
    webrtc::audio_stream::native::NativeAudioStream,
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{clip::PLAYER_RATE_HZ, listener::Listener};

/// What was shown so far.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Segments in the order they were first seen: id, side, text.
    pub(super) segments: Vec<(String, &'static str, String)>,
    pub(super) states: Vec<String>,
    pub(super) over: bool,
    /// How many segments there were when the caller last said something.
    pub(super) mark: usize,
}

/// Follows the room's events for the caller.
pub(super) struct Watch {
    pub(super) listener: Listener,
    pub(super) shown: Arc<Mutex<Shown>>,
    pub(super) own: String,
    pub(super) tasks: TaskTracker,
}

impl Watch {
    pub(super) async fn run(self, mut events: mpsc::UnboundedReceiver<RoomEvent>) {
        while let Some(event) = events.recv().await {
            match event {
                RoomEvent::TrackSubscribed {
                    track: RemoteTrack::Audio(track),
                    participant,
                    ..
                } if participant.kind() == ParticipantKind::Agent => {
                    let stream =
                        NativeAudioStream::new(track.rtc_track(), PLAYER_RATE_HZ.cast_signed(), 1);
                    self.tasks.spawn(self.listener.clone().listen(stream));
                }
                RoomEvent::TextStreamOpened {
                    reader,
                    topic,
                    participant_identity,
                } if topic == "lk.transcription" => {
                    let Some(reader) = reader.take() else {
                        continue;
                    };
                    let who = if participant_identity.as_str() == self.own {
                        "caller"
                    } else {
                        "agent"
                    };
                    let segment = reader
                        .info()
                        .attributes()
                        .get("lk.segment_id")
                        .cloned()
                        .unwrap_or_default();
                    self.tasks
                        .spawn(follow(reader, self.shown.clone(), segment, who));
                }
                RoomEvent::ParticipantAttributesChanged {
                    participant: Participant::Remote(_),
                    changed_attributes,
                } => {
                    if let Some(state) = changed_attributes.get("lk.agent.state") {
                        self.lock().states.push(state.clone());
                    }
                }
                RoomEvent::ParticipantDisconnected(p) if p.kind() == ParticipantKind::Agent => {
                    self.lock().over = true
                }
                RoomEvent::Disconnected { .. } => self.lock().over = true,
                _ => {}
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A later stream with the same segment id replaces the text of an earlier one.
async fn follow(
    mut reader: livekit::TextStreamReader,
    shown: Arc<Mutex<Shown>>,
    segment: String,
    who: &'static str,
) {
    use futures_util::StreamExt as _;
    let mut text = String::new();
    while let Some(Ok(chunk)) = reader.next().await {
        text.push_str(&chunk);
        let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
        match shown.segments.iter_mut().find(|(id, ..)| *id == segment) {
            Some((.., shown)) => shown.clone_from(&text),
            None => shown.segments.push((segment.clone(), who, text.clone())),
        }
    }
}
