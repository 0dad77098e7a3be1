//! The room's events as [`Signal`]s: the one place that knows how LiveKit names them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use call::input::clean_text;
use futures_util::{Stream, StreamExt as _};
use livekit::{
    Room, RoomEvent, TextStreamReader,
    prelude::{
        DisconnectReason, Participant, RemoteAudioTrack, RemoteParticipant, RemoteTrack,
        RemoteTrackPublication, TrackSource,
    },
    webrtc::{
        audio_stream::native::{NativeAudioStream, NativeAudioStreamOptions},
        audio_track::RtcAudioTrack,
    },
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::task::TaskTracker;
use voice::listen::LISTEN_RATE_HZ;

use super::quality::Microphones;
use crate::{
    line::{Frame, Frames, Signal, SignalKind},
    metrics::Metrics,
};

/// A session that is this many signals behind is stuck; the room's own queue holds the rest.
const SIGNAL_QUEUE: usize = 64;
/// A second of audio waits for a session that is busy; then the oldest frames are dropped.
const FRAME_QUEUE: usize = 100;
/// Longer chat messages are cut: a model and a voice have to cope with them.
const MAX_TYPED_CHARS: usize = 2_000;
/// A message that takes longer to arrive is taken as far as it came.
const TYPED_PATIENCE: Duration = Duration::from_secs(5);
/// Messages arriving at once; further ones are dropped.
const TYPED_AT_ONCE: usize = 4;

/// Starts the task that translates; signals come in the order of the events.
///
/// The task gives the events back once nobody takes signals any more.
pub(super) fn start(
    room: &Room,
    (early, events): (Vec<RoomEvent>, Events),
    (caller, microphones): (String, Microphones),
    metrics: Arc<Metrics>,
    tasks: &TaskTracker,
) -> (mpsc::Receiver<Signal>, JoinHandle<Events>) {
    let (signals, receiver) = mpsc::channel(SIGNAL_QUEUE);
    let translator = Translator {
        caller,
        microphones,
        signals,
        metrics,
        typing: Arc::new(Semaphore::new(TYPED_AT_ONCE)),
        tasks: tasks.clone(),
    };
    let present = room.remote_participants().into_values().collect();
    (
        receiver,
        tasks.spawn(translator.run(present, early, events)),
    )
}

/// What happens in a room.
pub(super) type Events = mpsc::UnboundedReceiver<RoomEvent>;

struct Translator {
    /// Nobody else's messages are read.
    caller: String,
    microphones: Microphones,
    signals: mpsc::Sender<Signal>,
    metrics: Arc<Metrics>,
    typing: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl Translator {
    async fn run(
        self,
        present: Vec<RemoteParticipant>,
        early: Vec<RoomEvent>,
        mut events: Events,
    ) -> Events {
        // A track may have been subscribed while we were waiting for a caller.
        for participant in present {
            for publication in participant.track_publications().into_values() {
                if let Some(RemoteTrack::Audio(track)) = publication.track() {
                    let track = self.track(&participant, &publication, &track);
                    self.pass(track).await;
                }
            }
        }
        for event in early {
            let signal = self.translate(event);
            self.pass(signal).await;
        }
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.signals.closed() => return events,
            };
            let Some(event) = event else { return events };
            if let RoomEvent::ActiveSpeakersChanged { speakers } = event {
                for speaker in speakers {
                    self.pass(speaks(&speaker)).await;
                }
                continue;
            }
            let signal = self.translate(event);
            self.pass(signal).await;
        }
    }

    async fn pass(&self, signal: Option<Signal>) {
        if let Some(signal) = signal
            && self.signals.send(signal).await.is_err()
        {
            tracing::trace!("the session ended before its room");
        }
    }

    fn translate(&self, event: RoomEvent) -> Option<Signal> {
        match event {
            RoomEvent::TrackSubscribed {
                track: RemoteTrack::Audio(track),
                publication,
                participant,
            } => self.track(&participant, &publication, &track),
            RoomEvent::TrackUnsubscribed {
                publication,
                participant,
                ..
            } => {
                let track = publication.sid().to_string();
                from(&participant, SignalKind::TrackEnded { track })
            }
            RoomEvent::LocalTrackSubscribed { .. } => anonymous(SignalKind::AgentHeard),
            RoomEvent::ParticipantAttributesChanged {
                participant: Participant::Remote(participant),
                changed_attributes,
            } => {
                let status = changed_attributes.get("sip.callStatus")?;
                (status == "active").then_some(())?;
                from(&participant, SignalKind::Answered)
            }
            RoomEvent::SipDTMFReceived {
                code,
                digit,
                participant: Some(participant),
            } => {
                let digit = digit.and_then(|digit| digit.chars().next());
                let digit = digit.or_else(|| digit_of(code))?;
                from(&participant, SignalKind::Digit(digit))
            }
            RoomEvent::TextStreamOpened {
                reader,
                topic,
                participant_identity,
            } if topic == "lk.chat" && participant_identity.as_str() == self.caller => {
                self.read(participant_identity.to_string(), reader.take()?);
                None
            }
            RoomEvent::ParticipantConnected(participant) => from(&participant, SignalKind::Joined),
            RoomEvent::ParticipantDisconnected(participant) => {
                let may_return = may_return(participant.disconnect_reason());
                from(&participant, SignalKind::Left { may_return })
            }
            RoomEvent::Disconnected { reason } => {
                tracing::info!(?reason, "the room ended");
                anonymous(SignalKind::Ended)
            }
            _ => None,
        }
    }

    /// A shared screen's sound is not a microphone.
    fn track(
        &self,
        participant: &RemoteParticipant,
        publication: &RemoteTrackPublication,
        track: &RemoteAudioTrack,
    ) -> Option<Signal> {
        if publication.source() == TrackSource::ScreenshareAudio {
            return None;
        }
        if participant.identity().as_str() == self.caller {
            self.microphones.add(track);
        }
        let track = track.rtc_track();
        let metrics = self.metrics.clone();
        let kind = SignalKind::Track {
            track: publication.sid().to_string(),
            open: Box::new(move || microphone(track, metrics)),
        };
        from(participant, kind)
    }

    /// Reads one chat message beside the room's events.
    fn read(&self, from: String, mut reader: TextStreamReader) {
        let Ok(permit) = self.typing.clone().try_acquire_owned() else {
            tracing::warn!("too many chat messages at once; one is dropped");
            return;
        };
        let signals = self.signals.clone();
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
            let text = text.chars().take(MAX_TYPED_CHARS).collect::<String>();
            let kind = SignalKind::Typed(clean_text(&text).into_owned());
            if signals.send(Signal { from, kind }).await.is_err() {
                tracing::trace!("the session ended before a message");
            }
            drop(permit);
        });
    }
}

fn speaks(speaker: &Participant) -> Option<Signal> {
    let Participant::Remote(participant) = speaker else {
        return None;
    };
    let caller = super::eligible(participant)?;
    from(participant, SignalKind::Speaks(Box::new(caller)))
}

fn from(participant: &RemoteParticipant, kind: SignalKind) -> Option<Signal> {
    Some(Signal {
        from: participant.identity().to_string(),
        kind,
    })
}

fn anonymous(kind: SignalKind) -> Option<Signal> {
    Some(Signal {
        from: String::new(),
        kind,
    })
}

fn microphone(track: RtcAudioTrack, metrics: Arc<Metrics>) -> Frames {
    let options = NativeAudioStreamOptions {
        queue_size_frames: Some(FRAME_QUEUE),
    };
    let rate = LISTEN_RATE_HZ.cast_signed();
    let stream = NativeAudioStream::with_options(track, rate, 1, options);
    Box::pin(Microphone {
        stream,
        metrics,
        dropped: 0,
    })
}

/// A track's audio, with its losses counted: a call that lags behind does not hear everything.
struct Microphone {
    stream: NativeAudioStream,
    metrics: Arc<Metrics>,
    /// Frames dropped so far, as far as they are counted.
    dropped: u64,
}

impl Stream for Microphone {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Frame>> {
        let frame = self.stream.poll_next_unpin(context);
        let dropped = self.stream.dropped_frames();
        if dropped > self.dropped {
            self.metrics.audio_frames_dropped(dropped - self.dropped);
            self.dropped = dropped;
        }
        frame.map(|frame| frame.map(|frame| frame.data))
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
