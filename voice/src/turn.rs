//! Who speaks when: events and `now` in, actions out.
//!
//! ```text
//! caller  ___/~~~~~~\________________________________/~~~~\____
//!            start  stop  (VAD)                      barge-in
//! words                 "how do I block my card"          "wait"
//! agent   ______________________[thinking]/~~~~~~~~~~~~|~~|pause|x______
//!                        ^ endpointing     ^ speaking   ^ quieter ^ cancel
//! ```
//!
//! Pure: no clock, no queue, no task. [`Turns::on`] takes what happened and when, [`Turns::deadline`]
//! says when to send the next [`TurnEvent::Tick`]. A tick that comes late is as good as one in time,
//! and one that comes early does nothing.

mod barge_in;
mod config;
mod endpointing;
mod pauses;
mod silence;
mod state;
mod steps;
#[cfg(test)]
mod tests;

pub use config::{Patience, TurnConfig};
pub use silence::Hold;
pub use state::Turns;

use std::time::Duration;

/// What happened in the call.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnEvent {
    /// The VAD heard the caller begin.
    CallerStartedSpeaking,
    /// The VAD heard the caller end; one `Transcript` or `TranscriptFailed` follows each of these.
    CallerStoppedSpeaking,
    /// How the turn sounds in the pause that has begun: how likely it is that it is over, 0 to 1. At most one in a pause,
    /// and none where nobody judges or the answer would come too late.
    EndOfTurn {
        /// How likely it is that the caller has finished.
        probability: f32,
    },
    /// What the oldest utterance without a transcript said; empty when nothing was intelligible.
    Transcript {
        /// The words as recognised, already redacted.
        text: String,
    },
    /// Recognition of an utterance failed: no words will come for it.
    TranscriptFailed,
    /// The oldest utterance without a transcript was the agent's own voice coming back: nobody said anything.
    OwnVoice,
    /// The caller typed a message.
    CallerTyped {
        /// The message, already redacted.
        text: String,
    },
    /// The first frame of a reply or announcement was played.
    AgentStartedSpeaking {
        /// It is the answer to a turn, and no greeting or announcement.
        reply: bool,
        /// Whether the caller may cut it short.
        interruptible: bool,
    },
    /// The playout ended or was cancelled.
    AgentStoppedSpeaking,
    /// The reply produced its last sentence (possibly none). Not sent for a reply that was cancelled.
    ReplyEnded,
    /// Something goes on without words: nobody is asked whether they are there before it is released, or before `until`.
    Hold {
        /// What; a later one of the same kind takes its place.
        what: Hold,
        /// Since the session began.
        until: Duration,
    },
    /// It goes on no longer.
    Release(Hold),
    /// The deadline has come.
    Tick,
}

/// What the session has to do, in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnAction {
    /// Show this state to the caller's page; never the same twice in a row.
    SetState(AgentState),
    /// Speak on more quietly: the caller makes a sound, and may be interrupting.
    DuckSpeech,
    /// Hold the agent's speech where it is: the caller goes on speaking.
    PauseSpeech,
    /// Go on where the speech was paused, as loud as before: nobody interrupted. Only ever follows `DuckSpeech` or
    /// `PauseSpeech`.
    ResumeSpeech,
    /// Drop the reply or announcement under way, thought and sound; this also ends a pause.
    CancelReply,
    /// The caller has probably finished a turn: its reply may be written, in case. Nothing of it is heard, kept or done
    /// before `Reply`, which follows with the same words, or else `DropDraft`.
    Draft(UserTurn),
    /// The turn was not over, or came to nothing: what was drafted is not the reply to it.
    DropDraft,
    /// The caller has finished a turn: answer it.
    Reply(UserTurn),
    /// The caller spoke and no words were understood: say so.
    DidNotCatch,
    /// A reply was asked for and nothing of it became audible in time: apologise.
    TechnicalProblem,
    /// Nobody has spoken for a while: ask whether the caller is there.
    AreYouThere,
    /// The caller did not answer that: say goodbye.
    SayGoodbye,
    /// The goodbye has been played: end the call. Nothing follows this action.
    HangUp,
}

/// A finished turn of the caller: one or more utterances closed by endpointing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTurn {
    /// What was said or typed in this turn; never blank.
    pub text: String,
    /// The last part was typed.
    pub typed: bool,
    /// When the caller began to speak; `None` where the last part was typed, and where nobody saw it.
    pub began_at: Option<Duration>,
    /// When the caller's last sound ended (or the message came).
    pub stopped_at: Duration,
    /// From `stopped_at` until the turn was closed.
    pub endpointing: Duration,
    /// Earlier turns whose reply the caller talked over before any of it was heard: the caller was
    /// not finished. They are on record as turns of their own; the answer should take them in.
    pub unanswered: String,
}

impl UserTurn {
    /// The whole question to answer: what was left unanswered, then this turn.
    #[must_use]
    pub fn question(&self) -> String {
        endpointing::joined(&self.unanswered, &self.text)
    }
}

/// The agent as LiveKit front-ends show it (participant attribute `lk.agent.state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentState {
    /// Joined, not yet greeted.
    Initializing,
    /// The call is over.
    Idle,
    /// Waiting for the caller.
    Listening,
    /// Preparing a reply.
    Thinking,
    /// Audible.
    Speaking,
}

impl AgentState {
    /// The attribute's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Idle => "idle",
            Self::Listening => "listening",
            Self::Thinking => "thinking",
            Self::Speaking => "speaking",
        }
    }
}
