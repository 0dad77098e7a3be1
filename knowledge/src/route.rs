//! What a finished turn is about, and whether it is a question for retrieval.

use embedding::Vector;

use crate::{
    catalogue::{Ask, Last},
    evidence::Evidence,
};

/// What a turn asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// A question about the trade's subjects: the only route that searches documents.
    Knowledge {
        /// Topic ids, best first, at most three; none when only single words spoke for the trade.
        topics: Vec<String>,
        /// Strength of the evidence, 0.5 and up.
        score: f32,
    },
    /// Things that the pack lists in its catalogue.
    Catalogue(Box<Ask>),
    /// Something about the caller that another system knows: the name of a look-up of the pack.
    Lookup(String),
    /// Something to be done for the caller in several turns: the name of a task of the pack.
    Task(String),
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
    /// Wants to know where the last answer comes from.
    Source,
    /// Wants to hear more of the last answer.
    More,
    /// Ends the call.
    Goodbye,
    /// Yes.
    Affirm,
    /// No.
    Deny,
    /// A question or statement that does not concern the trade.
    OutOfScope,
    /// Too little was understood to answer.
    Unclear,
}

/// Names of the routes that every pack has; a look-up or task has a name of its own.
pub(crate) const FIXED_NAMES: [&str; 14] = [
    "knowledge",
    "catalogue",
    "small_talk",
    "human_requested",
    "authenticate",
    "repeat",
    "source",
    "more",
    "goodbye",
    "affirm",
    "deny",
    "out_of_scope",
    "unclear",
    // Of turns about what is remembered, which the conversation takes before any route.
    "memory",
];

impl Route {
    /// A short name for rows and metrics: `knowledge`, `small_talk`, or the look-up's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Knowledge { .. } => "knowledge",
            Self::Catalogue(_) => "catalogue",
            Self::Lookup(name) | Self::Task(name) => name,
            Self::SmallTalk { .. } => "small_talk",
            Self::HumanRequested => "human_requested",
            Self::Authenticate => "authenticate",
            Self::Repeat => "repeat",
            Self::Source => "source",
            Self::More => "more",
            Self::Goodbye => "goodbye",
            Self::Affirm => "affirm",
            Self::Deny => "deny",
            Self::OutOfScope => "out_of_scope",
            Self::Unclear => "unclear",
        }
    }
}

/// The last question about the trade, if the conversation is still there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    /// What it was about, best first; none when nothing was asked yet.
    pub topics: Vec<String>,
    /// In the caller's words.
    pub question: String,
    /// The document that answered it.
    pub source: Option<String>,
    /// What the question means, where the embedding model is there.
    pub vector: Option<Vector>,
}

impl Before {
    /// Nothing was asked yet, or it is long ago.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.source.is_none()
    }
}

/// A question about the trade, as it is searched for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// What is asked, without what was taken back.
    pub text: String,
    /// What it is about, best first.
    pub topics: Vec<String>,
    /// The question that it leans on: "and how much is that?".
    pub before: Option<Before>,
    /// What it means, where the embedding model is there.
    pub vector: Option<Vector>,
}

impl Question {
    /// A question that stands alone.
    #[must_use]
    pub fn new(text: &str, topics: &[String]) -> Self {
        Self {
            text: text.to_owned(),
            topics: topics.to_vec(),
            before: None,
            vector: None,
        }
    }

    /// What is asked, with a part of what it leans on.
    pub(crate) fn meaning(&self) -> Option<Vector> {
        let own = self.vector.as_ref()?;
        let before = self
            .before
            .as_ref()
            .and_then(|before| before.vector.as_ref());
        Some(before.map_or_else(|| own.clone(), |before| own.leaning_on(before, BEFORE)))
    }
}

/// How far the question before moves the one that leans on it.
const BEFORE: f32 = 0.5;

/// What the turns before say about this one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteContext {
    /// What was asked last.
    pub last: Before,
    /// The last answer from the catalogue, if the conversation is still there.
    pub offered: Option<Last>,
    /// The agent has just asked for a yes or no (a transfer, a callback).
    pub awaiting: bool,
    /// The last answer has more to say.
    pub more: bool,
}

/// A route with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    /// The route.
    pub route: Route,
    /// What spoke for or against it, strongest first.
    pub reasons: Vec<Reason>,
    /// What to search for: one question or two where the route is `Knowledge`, one beside a request to the catalogue
    /// or a look-up where the turn asks the documents too, else none.
    pub questions: Vec<Question>,
    /// Topics that a request to the catalogue names: what the documents may be asked next.
    pub topics: Vec<String>,
    /// What was weighed.
    pub evidence: Evidence,
}

/// One match that counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it speaks for: `topic opening_hours`, `trade word`, `foreign word`, `small talk thanks` …
    pub of: String,
    /// The phrase of the pack that matched.
    pub phrase: String,
    /// How much it counts; negative speaks against the trade.
    pub weight: f32,
}

pub(crate) fn reason(of: &str, phrase: &str, weight: f32) -> Reason {
    Reason {
        of: of.to_owned(),
        phrase: phrase.to_owned(),
        weight,
    }
}
