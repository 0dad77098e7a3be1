//! Keeps secrets out of what is stored, logged or sent to a model.

mod judge;
mod labels;
mod luhn;
mod memory;
mod placeholder;

use std::ops::Range;

use judge::{Cut, Turn, judge};
use memory::Memory;

use call::Speaker;

pub use placeholder::{Kind, has_placeholder};

/// One stretch that was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it held.
    pub kind: Kind,
    /// Bytes of the placeholder in [`Redacted::text`].
    pub span: Range<usize>,
}

/// A turn without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// The text with placeholders.
    pub text: String,
    /// What was taken out, in order.
    pub found: Vec<Found>,
}

/// The memory of one call: what was asked for, and digits that may go on in the next turn.
///
/// It holds the secrets it took out, so that a later mention goes too; it must live no longer than the call.
#[derive(Default)]
pub struct Redactor {
    memory: Memory,
}

impl Redactor {
    /// A redactor for a call that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The caller speaks with somebody who is not heard here, and may have been asked for anything.
    pub fn asked_unheard(&mut self) {
        self.memory.asked_unheard();
    }

    /// Takes the secrets out of a turn. Feed it every turn of either side, in order, before anything keeps it.
    pub fn redact(&mut self, speaker: Speaker, text: &str) -> Redacted {
        let turn = Turn::read(speaker, text);
        let cuts: Vec<Option<Cut>> = turn
            .chains
            .iter()
            .map(|chain| judge(&turn, chain, &self.memory))
            .collect();
        self.memory.after(&turn, &cuts);
        without(text, cuts.into_iter().flatten())
    }
}

/// How many digits a text says, in figures or in words, whatever they are.
#[must_use]
pub fn digits_in(text: &str) -> usize {
    let chains = Turn::read(Speaker::Caller, text).chains.into_iter();
    chains
        .flat_map(|chain| chain.pieces)
        .map(|piece| piece.digits.len())
        .sum()
}

fn without(text: &str, cuts: impl Iterator<Item = Cut>) -> Redacted {
    let mut out = Redacted {
        text: String::with_capacity(text.len()),
        found: Vec::new(),
    };
    let mut from = 0;
    for cut in cuts {
        out.text.push_str(&text[from..cut.span.start]);
        let start = out.text.len();
        out.text.push_str(cut.kind.placeholder());
        out.found.push(Found {
            kind: cut.kind,
            span: start..out.text.len(),
        });
        from = cut.span.end;
    }
    out.text.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests;
