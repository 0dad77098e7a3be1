//! Where a call is, and how it is over. What only makes sense in one place lies in that place.

use std::time::Duration;

use call::CallEnding;
use tokio::sync::oneshot;

use super::consult::Consulting;
use crate::line::Caller;

/// Where the call is.
#[derive(Debug)]
pub(super) enum Phase {
    /// Nothing was said yet.
    Opening {
        /// The caller hears us: a browser that subscribed, a phone call that is active.
        can_hear: bool,
        /// Whether the device or number was here before; the greeting asks once.
        seen_before: Option<oneshot::Receiver<bool>>,
    },
    /// Both sides talk.
    Talking,
    /// The carrier was asked to take the call to a person: it rings there.
    Transferring {
        /// The worker stops meanwhile: the carrier has until then.
        leave_by: Option<Duration>,
        /// The turn that agreed to it.
        seq: i32,
    },
    /// A colleague is being brought into the call, or is in it.
    Consulting(Box<Consulting>),
    /// The last words were ordered; the call ends when they were heard.
    Leaving(Leaving),
}

/// Why the last words are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// A long silence: whoever answers is talked with again.
    Silence,
    /// The worker stops: what the caller says is kept, unanswered.
    Drained {
        /// The words are not waited for any longer.
        until: Duration,
    },
}

impl Phase {
    /// Nothing was said yet, and nobody may be spoken to but by the greeting.
    pub(super) const fn is_opening(&self) -> bool {
        matches!(self, Self::Opening { .. })
    }

    /// It rings at the other end: whoever is silent is not asked for.
    pub(super) const fn is_transferring(&self) -> bool {
        matches!(self, Self::Transferring { .. } | Self::Consulting(_))
    }

    /// A colleague is being brought into the call, or is in it.
    pub(super) const fn is_consulting(&self) -> bool {
        matches!(self, Self::Consulting(_))
    }

    /// The caller talks with a colleague, and the agent says nothing.
    pub(super) fn is_bridged(&self) -> bool {
        matches!(self, Self::Consulting(consulting) if consulting.is_bridged())
    }

    /// When the colleague's side is to be looked after.
    pub(super) fn course_deadline(&self) -> Option<Duration> {
        match self {
            Self::Consulting(consulting) => consulting.deadline(),
            _ => None,
        }
    }

    /// The worker stops: what the caller says is kept, unanswered.
    pub(super) const fn is_drained(&self) -> bool {
        matches!(self, Self::Leaving(Leaving::Drained { .. }))
    }

    /// What the call waits for is given up then.
    pub(super) const fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Transferring { leave_by, .. } => *leave_by,
            Self::Leaving(Leaving::Drained { until }) => Some(*until),
            _ => None,
        }
    }

    /// How the call ends once its last words were heard; `None` where it goes on.
    pub(super) const fn ends_as(&self) -> Option<CallEnding> {
        match self {
            Self::Leaving(Leaving::Silence) => Some(CallEnding::Silence),
            Self::Leaving(Leaving::Drained { .. }) => Some(CallEnding::Drained),
            _ => None,
        }
    }
}

/// The agent's own voice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AgentVoice {
    /// Nothing is audible.
    #[default]
    Silent,
    /// Something is.
    Speaking,
    /// A speech was cut off, and what was heard of it is not known yet.
    Interrupted,
}

/// How a call is over, which says what is left to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The caller hung up, or did not come back.
    CallerGone,
    /// Whoever was taken for the caller never made a sound, and somebody else in the room speaks.
    CallerIs(Box<Caller>),
    /// The room is gone.
    RoomGone,
    /// The server closes the room in a moment.
    Terminated,
    /// The carrier took the call, or the caller hung up on the colleague who had.
    Transferred,
    /// The agent ends it, and the caller has to be disconnected: somebody left behind in the room
    /// would be sent another agent.
    HangUp(CallEnding),
}

impl End {
    /// As the record has it.
    pub(super) const fn ending(&self) -> CallEnding {
        match self {
            Self::CallerGone | Self::CallerIs(_) => CallEnding::CallerLeft,
            Self::RoomGone | Self::Terminated => CallEnding::RoomLost,
            Self::Transferred => CallEnding::Transferred,
            Self::HangUp(ending) => *ending,
        }
    }
}
