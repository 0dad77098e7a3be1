//! One LiveKit room: joins it, finds the caller, and provides the caller's [`Line`].

mod outputs;
mod quality;
mod rpc;
mod signals;
mod sink;

use std::{collections::HashMap, sync::Arc, time::Duration};

use call::Channel;
use livekit::{
    Room, RoomError, RoomEvent, RoomOptions,
    options::TrackPublishOptions,
    participant::ParticipantKind,
    prelude::{LocalAudioTrack, LocalTrack, RemoteParticipant, TrackKind, TrackSource},
    webrtc::audio_source::{AudioSourceOptions, RtcAudioSource, native::NativeAudioSource},
};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::task::TaskTracker;
use voice::speak::SPEECH_RATE_HZ;

use crate::{
    line::{self, Caller, Candidate, Line, OBSERVED, Outputs},
    metrics::Metrics,
};

use quality::Microphones;
pub use sink::RoomSink;

/// Audio waiting in front of the encoder. Small, so that a cancelled reply falls silent at once.
const SINK_QUEUE_MS: u32 = 60;
/// Events kept until it is known who the caller is; when there are more, the later ones are lost: nobody types so much in
/// two seconds.
const EARLY: usize = 64;
/// Ten seconds is what the server itself gives a participant to join.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A joined room with a published audio track.
pub struct JoinedRoom {
    room: Room,
    events: signals::Events,
    /// What happened before it was known who the caller is, and counts once that is known.
    early: Vec<RoomEvent>,
    source: NativeAudioSource,
    track_sid: String,
}

/// Why a room could not be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server refused or the connection failed.
    #[error("joining the room failed: {0}")]
    Room(#[from] RoomError),
    /// No answer in time.
    #[error("joining the room took longer than {CONNECT_TIMEOUT:?}")]
    TimedOut,
}

impl JoinedRoom {
    /// Connects and publishes the agent's audio track at once: the track is what answers a phone call.
    ///
    /// # Errors
    /// When the room cannot be joined within ten seconds.
    pub async fn join(url: &str, token: &str) -> Result<Self, JoinError> {
        let connect = Room::connect(url, token, RoomOptions::default());
        let (room, events) = timeout(CONNECT_TIMEOUT, connect)
            .await
            .map_err(|_| JoinError::TimedOut)??;
        let source = NativeAudioSource::new(
            AudioSourceOptions::default(),
            SPEECH_RATE_HZ,
            1,
            SINK_QUEUE_MS,
        );
        let track =
            LocalAudioTrack::create_audio_track("agent", RtcAudioSource::Native(source.clone()));
        let options = TrackPublishOptions {
            source: TrackSource::Microphone,
            dtx: true,
            ..Default::default()
        };
        let local = room.local_participant();
        let publish = local.publish_track(LocalTrack::Audio(track), options);
        let track_sid = match timeout(CONNECT_TIMEOUT, publish).await {
            Ok(Ok(published)) => published.sid().to_string(),
            Ok(Err(error)) => {
                close(room).await;
                return Err(error.into());
            }
            Err(_) => {
                close(room).await;
                return Err(JoinError::TimedOut);
            }
        };
        Ok(Self {
            room,
            events,
            early: Vec::new(),
            source,
            track_sid,
        })
    }

    /// Waits for somebody to talk with, as [`line::choose`] says who that is.
    /// `None` when nobody came in time or the room ended.
    pub async fn caller(&mut self, patience: Duration) -> Option<Caller> {
        let wait = async {
            let mut seen_at = None;
            loop {
                let present: Vec<Candidate> = self
                    .room
                    .remote_participants()
                    .values()
                    .filter_map(candidate)
                    .collect();
                let better_comes = if present.is_empty() {
                    seen_at = None;
                    None
                } else {
                    let seen_at = *seen_at.get_or_insert_with(Instant::now);
                    Some(seen_at + OBSERVED)
                };
                let waited = seen_at.map_or(Duration::ZERO, |seen_at| seen_at.elapsed());
                if let Some(caller) = line::choose(present, waited) {
                    return Some(caller);
                }
                let event = match better_comes {
                    Some(at) => timeout_at(at, self.events.recv()).await,
                    None => Ok(self.events.recv().await),
                };
                match event {
                    Ok(None | Some(RoomEvent::Disconnected { .. })) => return None,
                    Ok(Some(event)) => keep_early(&mut self.early, event),
                    Err(_) => {}
                }
            }
        };
        timeout(patience, wait).await.ok().flatten()
    }

    /// Whether somebody is in the room.
    pub fn has(&self, caller: &Caller) -> bool {
        let identity = caller.identity.clone().into();
        self.room.remote_participants().contains_key(&identity)
    }

    /// The caller's line, and what keeps the connection while it is in use. For `has_spoken` see [`line::follow`].
    pub fn open(
        self,
        caller: Caller,
        has_spoken: bool,
        metrics: &Arc<Metrics>,
        tasks: &TaskTracker,
    ) -> (Line<RoomSink>, RoomHandle) {
        let (outputs, queue) = Outputs::new();
        let identity = caller.identity.clone();
        let track = self.track_sid.clone();
        outputs::start(&self.room, queue, track, identity.clone(), tasks);
        let rpc = rpc::register(&self.room, &identity);
        let microphones = Microphones::default();
        let quality = microphones.clone().watch(tasks);
        let events = (self.early, self.events);
        let (signals, events) = signals::start(
            &self.room,
            events,
            (identity, microphones),
            metrics.clone(),
            tasks,
        );
        let line = Line {
            inputs: line::follow(caller.clone(), has_spoken, signals, rpc, tasks),
            caller,
            room: self.room.name(),
            outputs,
            sink: RoomSink::new(self.source.clone()),
            quality,
        };
        let handle = RoomHandle {
            room: self.room,
            events,
            source: self.source,
            track_sid: self.track_sid,
        };
        (line, handle)
    }

    /// Leaves without a call.
    pub async fn leave(self) {
        close(self.room).await;
    }
}

/// Keeps the connection of a call alive until [`RoomHandle::leave`].
pub struct RoomHandle {
    room: Room,
    events: JoinHandle<signals::Events>,
    source: NativeAudioSource,
    track_sid: String,
}

impl RoomHandle {
    /// The room again, once the session on its line is over: for somebody else in it. `None`: nothing is heard of it any
    /// more, and it was left.
    pub async fn again(self) -> Option<JoinedRoom> {
        match timeout(CONNECT_TIMEOUT, self.events).await {
            Ok(Ok(events)) => Some(JoinedRoom {
                room: self.room,
                events,
                early: Vec::new(),
                source: self.source,
                track_sid: self.track_sid,
            }),
            _ => {
                close(self.room).await;
                None
            }
        }
    }

    /// Disconnects from the room.
    pub async fn leave(self) {
        close(self.room).await;
    }
}

/// That the agent is heard, keys and messages: of what else happened, where things stand is looked at later.
fn keep_early(early: &mut Vec<RoomEvent>, event: RoomEvent) {
    let counts = matches!(
        event,
        RoomEvent::LocalTrackSubscribed { .. }
            | RoomEvent::TextStreamOpened { .. }
            | RoomEvent::SipDTMFReceived { .. }
    );
    if counts && early.len() < EARLY {
        early.push(event);
    }
}

async fn close(room: Room) {
    if let Ok(Err(error)) = timeout(Duration::from_secs(3), room.close()).await {
        tracing::debug!(%error, "leaving the room");
    }
}

/// What makes a participant the caller, if it may be one.
fn candidate(participant: &RemoteParticipant) -> Option<Candidate> {
    let publications = participant.track_publications();
    let has_live_microphone = publications.values().any(|publication| {
        publication.kind() == TrackKind::Audio
            && publication.source() != TrackSource::ScreenshareAudio
            && !publication.is_muted()
    });
    Some(Candidate {
        caller: eligible(participant)?,
        has_live_microphone,
        joined_at: participant.joined_at(),
    })
}

/// The caller that a participant is, if it may be one.
fn eligible(participant: &RemoteParticipant) -> Option<Caller> {
    let attributes = participant.attributes();
    if attributes.contains_key("lk.publish_on_behalf") {
        return None;
    }
    caller_of(
        participant.kind(),
        participant.identity().to_string(),
        &attributes,
    )
}

fn caller_of(
    kind: ParticipantKind,
    identity: String,
    attributes: &HashMap<String, String>,
) -> Option<Caller> {
    let get = |key: &str| {
        attributes
            .get(key)
            .filter(|value| !value.is_empty())
            .cloned()
    };
    match kind {
        ParticipantKind::Standard => Some(Caller {
            identity,
            channel: Channel::Web,
            device: get("teller.device"),
            address: get("teller.address"),
            phone_hint: None,
            can_hear: false,
        }),
        ParticipantKind::Sip => Some(Caller {
            identity,
            channel: Channel::Phone,
            device: None,
            address: None,
            phone_hint: get("sip.phoneNumber"),
            can_hear: get("sip.callStatus").as_deref() == Some("active"),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn a_phone_attribute_of_a_browser_is_not_believed() {
        let caller = caller_of(
            ParticipantKind::Standard,
            "web_1".into(),
            &attributes(&[
                ("sip.phoneNumber", "+15550100"),
                ("sip.callStatus", "active"),
            ]),
        )
        .expect("a browser may call");
        assert_eq!(
            (caller.phone_hint, caller.can_hear, caller.channel),
            (None, false, Channel::Web)
        );
    }

    #[test]
    fn a_phone_call_is_spoken_to_only_when_active() {
        let ringing = attributes(&[
            ("sip.phoneNumber", "+15550100"),
            ("sip.callStatus", "ringing"),
        ]);
        let caller =
            caller_of(ParticipantKind::Sip, "sip_1".into(), &ringing).expect("a phone may call");
        assert!(!caller.can_hear);
        assert_eq!(caller.phone_hint.as_deref(), Some("+15550100"));
    }

    #[test]
    fn agents_and_recorders_are_no_callers() {
        for kind in [
            ParticipantKind::Agent,
            ParticipantKind::Egress,
            ParticipantKind::Ingress,
        ] {
            assert!(
                caller_of(kind, "x".into(), &HashMap::new()).is_none(),
                "{kind:?} is not a caller"
            );
        }
    }
}
