//! Signals of everybody in the room in, [`Input`]s of the caller alone out.
//!
//! Who that is, [`super::choice`] says. Only the caller is obeyed: audio, chat, keypad digits and departures of anybody else in the
//! room never become an [`Input`].

use call::Channel;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::task::TaskTracker;

use super::{Caller, Frames, Input, RpcCall, RpcMethod, choice};

/// Inputs are events, not audio (audio travels inside the stream): a session
/// that is 64 behind is stuck, and the room's own queue holds the rest.
const INPUT_QUEUE: usize = 64;

/// Something that happened in the room.
pub struct Signal {
    /// Identity of the participant it came from.
    pub from: String,
    /// What happened.
    pub kind: SignalKind,
}

/// What can happen in a room.
pub enum SignalKind {
    /// An audio track that could be a microphone arrived.
    Track {
        /// Its id in the room.
        track: String,
        /// Opens its audio; tracks of others are never opened.
        open: Box<dyn FnOnce() -> Frames + Send>,
    },
    /// An audio track ended.
    TrackEnded {
        /// Its id in the room.
        track: String,
    },
    /// Somebody subscribed to the agent's track.
    AgentHeard,
    /// A phone call was answered.
    Answered,
    /// A key of a phone was pressed.
    Digit(char),
    /// A message was typed.
    Typed(String),
    /// A participant who may be a caller speaks.
    Speaks(Box<Caller>),
    /// A participant joined.
    Joined,
    /// A participant left.
    Left {
        /// The connection broke, theirs or ours: they may be on the way back.
        may_return: bool,
    },
    /// The room ended.
    Ended,
}

/// Follows one caller through the signals of a room, until the session ends. Of one who is known to have spoken, nobody
/// else takes the place.
pub fn follow(
    caller: Caller,
    has_spoken: bool,
    signals: mpsc::Receiver<Signal>,
    rpc: mpsc::Receiver<RpcCall>,
    tasks: &TaskTracker,
) -> mpsc::Receiver<Input> {
    let (inputs, receiver) = mpsc::channel(INPUT_QUEUE);
    let follower = Follower {
        caller,
        inputs,
        microphone: None,
        silent_since: (!has_spoken).then(Instant::now),
    };
    tasks.spawn(follower.run(signals, rpc));
    receiver
}

struct Follower {
    caller: Caller,
    inputs: mpsc::Sender<Input>,
    /// The track that is listened to.
    microphone: Option<String>,
    /// Since then the caller has neither spoken nor typed nor pressed anything; `None` once they did.
    silent_since: Option<Instant>,
}

impl Follower {
    async fn run(mut self, mut signals: mpsc::Receiver<Signal>, mut rpc: mpsc::Receiver<RpcCall>) {
        loop {
            let input = tokio::select! {
                signal = signals.recv() => match signal {
                    Some(signal) => self.translate(signal),
                    None => Some(Input::RoomLost),
                },
                Some(call) = rpc.recv() => {
                    // A page asks who it talks to by itself; the rest is somebody's doing.
                    self.silent_since.take_if(|_| call.method != RpcMethod::Session);
                    Some(Input::Rpc(call))
                }
                () = self.inputs.closed() => return,
            };
            let Some(input) = input else { continue };
            if self.inputs.send(input).await.is_err() {
                tracing::trace!("the session ended before its room");
                return;
            }
        }
    }

    fn translate(&mut self, signal: Signal) -> Option<Input> {
        let by_phone = self.caller.channel == Channel::Phone;
        let from_caller = signal.from == self.caller.identity;
        match signal.kind {
            SignalKind::Ended => Some(Input::RoomLost),
            // The room does not say whose subscription it was.
            SignalKind::AgentHeard => (!by_phone).then_some(Input::CanHear),
            SignalKind::Speaks(_) if from_caller => {
                self.silent_since = None;
                None
            }
            SignalKind::Speaks(other) => {
                let silent_for = self.silent_since?.elapsed();
                let moves = choice::is_given_up(&self.caller, silent_for, &other);
                moves.then_some(Input::CallerIs(other))
            }
            _ if !from_caller => None,
            SignalKind::Track { track, open } => self.listen(track, open),
            SignalKind::TrackEnded { track } => {
                self.microphone.take_if(|heard| *heard == track)?;
                Some(Input::MicrophoneEnded)
            }
            SignalKind::Answered => by_phone.then_some(Input::CanHear),
            SignalKind::Digit(digit) => {
                self.silent_since = None;
                Some(Input::Digit(digit))
            }
            SignalKind::Typed(text) => {
                self.silent_since = None;
                Some(Input::Typed(text))
            }
            SignalKind::Joined => Some(Input::CallerBack),
            SignalKind::Left { may_return: true } => Some(Input::CallerAway),
            SignalKind::Left { may_return: false } => Some(Input::CallerLeft),
        }
    }

    /// A track that is new to us is the microphone from now on.
    fn listen(&mut self, track: String, open: impl FnOnce() -> Frames) -> Option<Input> {
        if self.microphone.as_ref() == Some(&track) {
            return None;
        }
        self.microphone = Some(track);
        Some(Input::Microphone(open()))
    }
}
