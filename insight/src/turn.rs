//! One turn of a finished call.

use call::Speaker;

/// One finished turn, already redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnText {
    /// Its position in the session, rising.
    pub seq: i32,
    /// Who spoke.
    pub speaker: Speaker,
    /// What was said; for the agent, what the caller heard of it.
    pub text: String,
    /// What the router made of it: a topic's id, or a name of its own.
    pub intent: Option<String>,
    /// The caller cut it short.
    pub interrupted: bool,
    /// The agent answered from documents.
    pub has_sources: bool,
}
