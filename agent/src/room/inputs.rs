//! Room events in, [`Input`]s out, for the caller alone.

use std::{pin::Pin, sync::Arc, time::Duration};

use call::Channel;
use futures_util::StreamExt as _;
use livekit::{
    Room, RoomEvent, TextStreamReader,
    prelude::{
        DisconnectReason, Participant, RemoteParticipant, RemoteTrack, TrackSid, TrackSource,
    },
    webrtc::{
        audio_stream::native::{NativeAudioStream, NativeAudioStreamOptions},
        audio_track::RtcAudioTrack,
    },
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Sleep, sleep, timeout},
};
use tokio_util::task::TaskTracker;

use super::{Caller, Input, LISTEN_RATE_HZ, rpc::RpcCall};

/// Inputs are events, not audio (audio travels inside the stream): a session
/// that is 64 behind is stuck, and the room's own queue holds the rest.
const INPUT_QUEUE: usize = 64;
/// A second of audio waits for a session that is busy; then the oldest frames are dropped.
const FRAME_QUEUE: usize = 100;
/// Longer chat messages are cut: a model and a voice have to cope with them.
const MAX_TYPED_CHARS: usize = 2_000;
/// A message that takes longer to arrive is taken as far as it came.
const TYPED_PATIENCE: Duration = Duration::from_secs(5);
/// Messages arriving at once; further ones are dropped.
const TYPED_AT_ONCE: usize = 4;
/// A caller whose connection broke, or whose page is loading again, may come back in this time.
/// The server notices a dead network after 15 to 20 s itself; a client that finds its network
/// again needs some seconds more to join anew.
const RETURN_GRACE: Duration = Duration::from_secs(15);

pub(super) fn start(
    room: &Room,
    events: mpsc::UnboundedReceiver<RoomEvent>,
    rpc: mpsc::Receiver<RpcCall>,
    caller: Caller,
    tasks: &TaskTracker,
) -> mpsc::Receiver<Input> {
    let (inputs, receiver) = mpsc::channel(INPUT_QUEUE);
    let present = room
        .remote_participants()
        .into_values()
        .find(|p| p.identity().as_str() == caller.identity);
    let follower = Follower {
        caller,
        inputs,
        tasks: tasks.clone(),
        microphone: None,
        absent: None,
        typing: Arc::new(Semaphore::new(TYPED_AT_ONCE)),
    };
    tasks.spawn(follower.follow(present, events, rpc));
    receiver
}

/// Follows one caller through the events of a room.
struct Follower {
    caller: Caller,
    inputs: mpsc::Sender<Input>,
    tasks: TaskTracker,
    /// The track that is listened to.
    microphone: Option<TrackSid>,
    /// Runs while the caller is gone and may come back.
    absent: Option<Pin<Box<Sleep>>>,
    typing: Arc<Semaphore>,
}

impl Follower {
    async fn follow(
        mut self,
        present: Option<RemoteParticipant>,
        mut events: mpsc::UnboundedReceiver<RoomEvent>,
        mut rpc: mpsc::Receiver<RpcCall>,
    ) {
        // The track may have been subscribed while we were waiting for a caller.
        if let Some(stream) = present.as_ref().and_then(|p| self.subscribed(p)) {
            self.send(Input::Microphone(stream)).await;
        }
        loop {
            let input = tokio::select! {
                event = events.recv() => match event {
                    Some(event) => self.translate(event),
                    None => Some(Input::RoomLost),
                },
                Some(call) = rpc.recv() => Some(Input::Rpc(call)),
                () = elapsed(&mut self.absent) => Some(Input::CallerLeft),
                () = self.inputs.closed() => return,
            };
            if let Some(input) = input {
                self.send(input).await;
            }
        }
    }

    async fn send(&self, input: Input) {
        if self.inputs.send(input).await.is_err() {
            tracing::trace!("the session ended before its room");
        }
    }

    fn is_caller(&self, participant: &RemoteParticipant) -> bool {
        participant.identity().as_str() == self.caller.identity
    }

    fn translate(&mut self, event: RoomEvent) -> Option<Input> {
        match event {
            RoomEvent::TrackSubscribed {
                track: RemoteTrack::Audio(track),
                publication,
                participant,
            } if self.is_caller(&participant) => {
                self.listen(publication.source(), publication.sid(), track.rtc_track())
            }
            RoomEvent::TrackUnsubscribed {
                publication,
                participant,
                ..
            } if self.is_caller(&participant)
                && self.microphone.as_ref() == Some(&publication.sid()) =>
            {
                self.microphone = None;
                Some(Input::MicrophoneEnded)
            }
            RoomEvent::LocalTrackSubscribed { .. } => {
                (self.caller.channel == Channel::Web).then_some(Input::CanHear)
            }
            RoomEvent::ParticipantAttributesChanged {
                participant: Participant::Remote(p),
                changed_attributes,
            } if self.is_caller(&p) && self.caller.channel == Channel::Phone => {
                let status = changed_attributes.get("sip.callStatus");
                (status.map(String::as_str) == Some("active")).then_some(Input::CanHear)
            }
            RoomEvent::SipDTMFReceived {
                code,
                digit,
                participant: Some(p),
            } if self.is_caller(&p) => digit
                .and_then(|d| d.chars().next())
                .or_else(|| digit_of(code))
                .map(Input::Digit),
            RoomEvent::TextStreamOpened {
                reader,
                topic,
                participant_identity,
            } if topic == "lk.chat" && participant_identity.as_str() == self.caller.identity => {
                self.read(reader.take()?);
                None
            }
            RoomEvent::ParticipantConnected(p) if self.is_caller(&p) => {
                self.absent = None;
                None
            }
            RoomEvent::ParticipantDisconnected(p) if self.is_caller(&p) => self.left(&p),
            RoomEvent::Disconnected { reason } => {
                tracing::info!(?reason, "the room ended");
                Some(Input::RoomLost)
            }
            _ => None,
        }
    }

    /// A connection that broke, theirs or ours, is no good-bye: wait for the return.
    fn left(&mut self, caller: &RemoteParticipant) -> Option<Input> {
        if !may_return(caller.disconnect_reason()) {
            return Some(Input::CallerLeft);
        }
        self.absent = Some(Box::pin(sleep(RETURN_GRACE)));
        None
    }

    fn subscribed(&mut self, caller: &RemoteParticipant) -> Option<NativeAudioStream> {
        let publications = caller.track_publications().into_values();
        publications.into_iter().find_map(|publication| {
            let Some(RemoteTrack::Audio(track)) = publication.track() else {
                return None;
            };
            match self.listen(publication.source(), publication.sid(), track.rtc_track()) {
                Some(Input::Microphone(stream)) => Some(stream),
                _ => None,
            }
        })
    }

    /// A track that is new to us is the microphone from now on; a shared screen's sound is not.
    fn listen(
        &mut self,
        source: TrackSource,
        sid: TrackSid,
        track: RtcAudioTrack,
    ) -> Option<Input> {
        if source == TrackSource::ScreenshareAudio || self.microphone.as_ref() == Some(&sid) {
            return None;
        }
        self.microphone = Some(sid);
        let options = NativeAudioStreamOptions {
            queue_size_frames: Some(FRAME_QUEUE),
        };
        let rate = LISTEN_RATE_HZ.cast_signed();
        let stream = NativeAudioStream::with_options(track, rate, 1, options);
        Some(Input::Microphone(stream))
    }

    /// Reads one chat message beside the room's events.
    fn read(&self, mut reader: TextStreamReader) {
        let Ok(permit) = self.typing.clone().try_acquire_owned() else {
            tracing::warn!("too many chat messages at once; one is dropped");
            return;
        };
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let mut text = String::new();
            let read = async {
                while let Some(Ok(part)) = reader.next().await {
                    text.push_str(&part);
                    if text.len() > 4 * MAX_TYPED_CHARS {
                        break;
                    }
                }
            };
            if timeout(TYPED_PATIENCE, read).await.is_err() {
                tracing::debug!("a chat message did not end in time");
            }
            let typed = Input::Typed(text.chars().take(MAX_TYPED_CHARS).collect());
            if inputs.send(typed).await.is_err() {
                tracing::trace!("the session ended before a message");
            }
            drop(permit);
        });
    }
}

/// Whether a participant who left for this reason may be on the way back: the network or a server
/// failed, or a second connection of the same identity took over. Everything else was meant.
const fn may_return(reason: DisconnectReason) -> bool {
    use DisconnectReason as Reason;
    matches!(
        reason,
        Reason::UnknownReason
            | Reason::DuplicateIdentity
            | Reason::StateMismatch
            | Reason::Migration
            | Reason::SignalClose
            | Reason::ConnectionTimeout
            | Reason::MediaFailure
    )
}

async fn elapsed(absent: &mut Option<Pin<Box<Sleep>>>) {
    match absent {
        Some(grace) => grace.as_mut().await,
        None => std::future::pending().await,
    }
}

/// RFC 4733 event codes 0 to 15.
fn digit_of(code: u32) -> Option<char> {
    "0123456789*#ABCD".chars().nth(usize::try_from(code).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_may_return_and_a_hang_up_does_not() {
        use DisconnectReason as Reason;
        let broken = [
            Reason::UnknownReason,
            Reason::DuplicateIdentity,
            Reason::SignalClose,
            Reason::ConnectionTimeout,
            Reason::MediaFailure,
        ];
        for reason in broken {
            assert!(may_return(reason), "{reason:?} ended the call at once");
        }
        let meant = [
            Reason::ClientInitiated,
            Reason::RoomDeleted,
            Reason::ParticipantRemoved,
            Reason::UserRejected,
        ];
        for reason in meant {
            assert!(!may_return(reason), "{reason:?} left the agent waiting");
        }
    }
}
