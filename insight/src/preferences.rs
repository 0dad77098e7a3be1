//! What the caller wishes for: how to be answered, and by what way.

use language::contains_any;

use crate::{english::english, turn::TurnText};
use call::Speaker;

/// A wish of the caller and the turn that states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preference {
    /// `answer_style` or `contact_channel`.
    pub(crate) key: &'static str,
    /// Such as `concise` or `sms`.
    pub(crate) value: &'static str,
    /// The turn.
    pub(crate) seq: i32,
}

/// The caller's wishes; a later word on the same matter replaces an earlier one.
pub(crate) fn of_call(turns: &[TurnText]) -> Vec<Preference> {
    let lists = &english().summary;
    let mut found: Vec<Preference> = Vec::new();
    for turn in turns.iter().filter(|t| t.speaker == Speaker::Caller) {
        if contains_any(&turn.text, &lists.not_wished) {
            continue;
        }
        for wish in &lists.wishes {
            if contains_any(&turn.text, &wish.phrases) {
                found.retain(|p| p.key != wish.key);
                found.push(Preference {
                    key: &wish.key,
                    value: &wish.value,
                    seq: turn.seq,
                });
            }
        }
    }
    found
}
