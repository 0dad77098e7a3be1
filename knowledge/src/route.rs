//! What a finished turn is about, and whether it is a question for retrieval.

/// What a turn asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// A banking question: the only route that searches documents.
    Banking {
        /// Topic ids, best first, at most three; none when only single words told.
        topics: Vec<String>,
        /// Strength of the evidence, 0.5 and up.
        score: f32,
    },
    /// The caller's own balance.
    AccountBalance,
    /// Conversation beside the subject, of a kind in `small_talk.toml`.
    SmallTalk {
        /// `greeting`, `thanks` …
        kind: String,
    },
    /// Wants to speak to a person.
    HumanRequested,
    /// Wants to prove who they are.
    Authenticate,
    /// Wants to hear the last answer again.
    Repeat,
    /// Ends the call.
    Goodbye,
    /// Yes.
    Affirm,
    /// No.
    Deny,
    /// A question or statement of no concern to a bank.
    OutOfScope,
    /// Too little was understood to answer.
    Unclear,
}

impl Route {
    /// A short name for rows and metrics: `banking`, `account_balance` …
    pub fn name(&self) -> &'static str {
        match self {
            Self::Banking { .. } => "banking",
            Self::AccountBalance => "account_balance",
            Self::SmallTalk { .. } => "small_talk",
            Self::HumanRequested => "human_requested",
            Self::Authenticate => "authenticate",
            Self::Repeat => "repeat",
            Self::Goodbye => "goodbye",
            Self::Affirm => "affirm",
            Self::Deny => "deny",
            Self::OutOfScope => "out_of_scope",
            Self::Unclear => "unclear",
        }
    }

    /// Whether documents are searched for it.
    pub fn runs_retrieval(&self) -> bool {
        matches!(self, Self::Banking { .. })
    }
}

/// What the turns before say about this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteContext {
    /// Topics of the last banking turn, if the conversation is still there.
    pub last_topics: Vec<String>,
    /// The agent has just asked for a yes or no (a transfer, a callback).
    pub awaiting: bool,
}

/// A route with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    /// The route.
    pub route: Route,
    /// What spoke for or against it, strongest first.
    pub reasons: Vec<Reason>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it is evidence of: `topic lost_card`, `banking word`, `foreign word`, `small talk thanks` …
    pub of: String,
    /// The cue or word of the pack that matched.
    pub cue: String,
    /// How much it counts; negative speaks against banking.
    pub weight: f32,
}

pub(crate) fn reason(of: &str, cue: &str, weight: f32) -> Reason {
    Reason {
        of: of.to_owned(),
        cue: cue.to_owned(),
        weight,
    }
}
