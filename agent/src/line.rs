//! The caller's line: what comes in and what goes out, whoever provides it.
//!
//! A LiveKit room does in a call ([`crate::room`]), a script in a test. The session knows only this.

mod caller;
mod choice;
mod follower;
mod outputs;
mod quality;

use std::borrow::Cow;

use call::LineQuality;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

pub use caller::Caller;
pub use choice::{Candidate, OBSERVED, choose};
pub use follower::{Signal, SignalKind, follow};
pub use outputs::{Outgoing, OutputQueue, Outputs};
pub use quality::{Counted, TrackCounts};

/// A stretch of the caller's audio, normally 10 ms: mono, 16 kHz.
pub type Frame = Cow<'static, [i16]>;

/// The caller's microphone: frames as they come, until its track ends.
pub type Frames = BoxStream<'static, Frame>;

/// One caller's line.
pub struct Line<S> {
    /// Who calls.
    pub caller: Caller,
    /// Name of the room.
    pub room: String,
    /// What happens on it.
    pub inputs: mpsc::Receiver<Input>,
    /// What the session shows on it.
    pub outputs: Outputs,
    /// Where speech goes.
    pub sink: S,
    /// How well the caller is heard; `None` before anything was.
    pub quality: watch::Receiver<Option<LineQuality>>,
}

/// What happens on the line, as the session sees it.
pub enum Input {
    /// The caller's microphone. Replaces an earlier one.
    Microphone(Frames),
    /// The caller's track ended; what was being said is complete.
    MicrophoneEnded,
    /// The caller hears us: a browser subscribed to the agent's track, a phone call became active.
    CanHear,
    /// The caller typed a message.
    Typed(String),
    /// The caller pressed a key of the phone.
    Digit(char),
    /// The caller's page asks something.
    Rpc(RpcCall),
    /// The caller's connection broke; they may come back.
    CallerAway,
    /// They came back.
    CallerBack,
    /// The caller hung up.
    CallerLeft,
    /// The caller never made a sound, and somebody else speaks: the call is theirs.
    CallerIs(Box<Caller>),
    /// The connection to the room is lost for good, or the room was deleted.
    RoomLost,
}

/// What a page may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RpcMethod {
    /// `teller.session`: the one-time token of the summary, what the agent can do.
    Session,
    /// `teller.authenticate`: user name and number; sends a code.
    Authenticate,
    /// `teller.verify`: the code.
    Verify,
    /// `teller.hangup`: ends the call.
    HangUp,
}

/// One question of the page, with the way to answer it.
#[derive(Debug)]
pub struct RpcCall {
    /// What is asked.
    pub method: RpcMethod,
    /// JSON.
    pub payload: String,
    /// Takes the JSON answer; dropped, the page is told that the call ended.
    pub answer: oneshot::Sender<Value>,
}
