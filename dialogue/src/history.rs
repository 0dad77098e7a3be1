//! Looking back on what was said.

use std::sync::Arc;

use call::{Speaker, Turn};

/// The agent's last words.
pub(super) fn last_agent_text(history: &[Arc<Turn>]) -> Option<&str> {
    history
        .iter()
        .rev()
        .find(|turn| turn.speaker == Speaker::Agent)
        .map(|turn| turn.text.as_str())
}

/// How many turns the caller has had; picks among the variants of a fixed line.
pub(super) fn caller_turns(history: &[Arc<Turn>]) -> usize {
    history
        .iter()
        .filter(|turn| turn.speaker == Speaker::Caller)
        .count()
}
