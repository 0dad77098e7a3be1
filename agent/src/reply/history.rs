//! What has been said, as far back as the next reply needs it.

use std::collections::VecDeque;

/// Turns kept; a phone call's context rarely reaches back further than ten exchanges.
const MAX_TURNS: usize = 20;
/// Bytes kept over all turns, so that a monologue cannot outgrow a model's context.
const MAX_BYTES: usize = 8_000;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The caller.
    Caller,
    /// The agent; as far as it was heard.
    Agent,
}

/// One turn, already redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryTurn {
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// A call's recent turns. Bounded: the oldest turns give way.
#[derive(Debug, Clone, Default)]
pub struct History {
    turns: VecDeque<HistoryTurn>,
    bytes: usize,
}

impl History {
    /// Adds a turn; a blank one is nothing said.
    pub fn push(&mut self, role: Role, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.bytes += text.len();
        self.turns.push_back(HistoryTurn {
            role,
            text: text.to_owned(),
        });
        // The last turn stays whatever its size: "repeat that" needs it.
        while self.turns.len() > MAX_TURNS || (self.bytes > MAX_BYTES && self.turns.len() > 1) {
            if let Some(gone) = self.turns.pop_front() {
                self.bytes -= gone.text.len();
            }
        }
    }

    /// The turns, oldest first.
    #[must_use]
    pub fn turns(&self) -> Vec<HistoryTurn> {
        self.turns.iter().cloned().collect()
    }
}

/// The agent's last words.
pub(super) fn last_agent_text(history: &[HistoryTurn]) -> Option<&str> {
    history
        .iter()
        .rev()
        .find(|turn| turn.role == Role::Agent)
        .map(|turn| turn.text.as_str())
}

/// How many turns the caller has had; picks among the variants of a fixed line.
pub(super) fn caller_turns(history: &[HistoryTurn]) -> usize {
    history
        .iter()
        .filter(|turn| turn.role == Role::Caller)
        .count()
}

#[cfg(test)]
mod tests {
    use super::{History, MAX_BYTES, MAX_TURNS, Role, caller_turns, last_agent_text};

    #[test]
    fn the_oldest_turns_give_way() {
        let mut history = History::default();
        for turn in 0..100 {
            history.push(Role::Caller, &format!("turn {turn}"));
        }
        let turns = history.turns();
        assert_eq!(turns.len(), MAX_TURNS);
        assert_eq!(turns[0].text, format!("turn {}", 100 - MAX_TURNS));
        history.push(Role::Agent, &"x".repeat(MAX_BYTES * 2));
        assert_eq!(
            history.turns().len(),
            1,
            "one long turn replaces all the others"
        );
        history.push(Role::Agent, "short");
        assert_eq!(history.turns().len(), 1, "and makes room for the next");
        assert_eq!(history.turns()[0].text, "short");
    }

    #[test]
    fn blank_turns_are_not_kept() {
        let mut history = History::default();
        history.push(Role::Agent, " hello ");
        history.push(Role::Caller, "  ");
        assert_eq!(last_agent_text(&history.turns()), Some("hello"));
        assert_eq!(caller_turns(&history.turns()), 0);
    }
}
