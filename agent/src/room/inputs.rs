//! Room events in, [`Input`]s out, for the caller alone.

use livekit::{
    Room, RoomEvent, StreamReader as _,
    prelude::{Participant, RemoteParticipant, RemoteTrack},
    webrtc::audio_stream::native::NativeAudioStream,
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use crate::reply::Channel;

use super::{Caller, Departure, Input, LISTEN_RATE_HZ, rpc::RpcCall};

/// Inputs are events, not audio (audio travels inside the stream): a session
/// that is 64 behind is stuck, and the room's own queue holds the rest.
const INPUT_QUEUE: usize = 64;
/// Longer chat messages are cut: a model and a voice have to cope with them.
const MAX_TYPED_CHARS: usize = 2_000;

pub(super) fn start(
    room: &Room,
    mut events: mpsc::UnboundedReceiver<RoomEvent>,
    mut rpc: mpsc::Receiver<RpcCall>,
    caller: Caller,
    tasks: &TaskTracker,
) -> mpsc::Receiver<Input> {
    let (inputs, receiver) = mpsc::channel(INPUT_QUEUE);
    let present = room
        .remote_participants()
        .into_values()
        .find(|p| p.identity().as_str() == caller.identity);
    let chat = tasks.clone();
    tasks.spawn(async move {
        // The track may have been subscribed while we were waiting for a caller.
        if let Some(stream) = present.as_ref().and_then(subscribed_microphone) {
            send(&inputs, Input::Microphone(stream)).await;
        }
        loop {
            let input = tokio::select! {
                event = events.recv() => match event {
                    Some(event) => translate(event, &caller, &inputs, &chat),
                    None => Some(Input::Left(Departure::Room)),
                },
                Some(call) = rpc.recv() => Some(Input::Rpc(call)),
                () = inputs.closed() => return,
            };
            if let Some(input) = input {
                send(&inputs, input).await;
            }
        }
    });
    receiver
}

async fn send(inputs: &mpsc::Sender<Input>, input: Input) {
    if inputs.send(input).await.is_err() {
        tracing::trace!("the session ended before its room");
    }
}

fn translate(
    event: RoomEvent,
    caller: &Caller,
    inputs: &mpsc::Sender<Input>,
    tasks: &TaskTracker,
) -> Option<Input> {
    let is_caller = |p: &RemoteParticipant| p.identity().as_str() == caller.identity;
    match event {
        RoomEvent::TrackSubscribed {
            track: RemoteTrack::Audio(track),
            participant,
            ..
        } if is_caller(&participant) => Some(Input::Microphone(listen(track.rtc_track()))),
        RoomEvent::TrackUnsubscribed { participant, .. } if is_caller(&participant) => {
            Some(Input::MicrophoneEnded)
        }
        RoomEvent::LocalTrackSubscribed { .. } if caller.channel == Channel::Web => {
            Some(Input::CanHear)
        }
        RoomEvent::ParticipantAttributesChanged {
            participant: Participant::Remote(p),
            changed_attributes,
        } if is_caller(&p) && caller.channel == Channel::Phone => {
            (changed_attributes.get("sip.callStatus").map(String::as_str) == Some("active"))
                .then_some(Input::CanHear)
        }
        RoomEvent::SipDTMFReceived {
            code,
            digit,
            participant: Some(p),
        } if is_caller(&p) => digit
            .and_then(|d| d.chars().next())
            .or_else(|| digit_of(code))
            .map(Input::Digit),
        RoomEvent::TextStreamOpened {
            reader,
            topic,
            participant_identity,
        } if topic == "lk.chat" && participant_identity.as_str() == caller.identity => {
            let (reader, inputs) = (reader.take()?, inputs.clone());
            tasks.spawn(async move {
                if let Ok(text) = reader.read_all().await {
                    send(
                        &inputs,
                        Input::Typed(text.chars().take(MAX_TYPED_CHARS).collect()),
                    )
                    .await;
                }
            });
            None
        }
        RoomEvent::ParticipantDisconnected(p) if is_caller(&p) => {
            Some(Input::Left(Departure::Caller))
        }
        RoomEvent::Disconnected { reason } => {
            tracing::info!(?reason, "the room ended");
            Some(Input::Left(Departure::Room))
        }
        _ => None,
    }
}

fn subscribed_microphone(participant: &RemoteParticipant) -> Option<NativeAudioStream> {
    participant
        .track_publications()
        .into_values()
        .find_map(|publication| match publication.track() {
            Some(RemoteTrack::Audio(track)) => Some(listen(track.rtc_track())),
            _ => None,
        })
}

fn listen(track: livekit::webrtc::audio_track::RtcAudioTrack) -> NativeAudioStream {
    NativeAudioStream::new(track, LISTEN_RATE_HZ.cast_signed(), 1)
}

/// RFC 4733 event codes 0 to 15.
fn digit_of(code: u32) -> Option<char> {
    "0123456789*#ABCD".chars().nth(usize::try_from(code).ok()?)
}
