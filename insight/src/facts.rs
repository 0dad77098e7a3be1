//! What callers say of themselves, by the keys that a pack declares: read from a turn, folded into what is known of a person,
//! spoken back.
//!
//! ```text
//! facts.toml --> FactReader --+
//! a turn's words, redacted ---+--> Book --> facts, rows of the call      a wish: "forget my budget"
//! rows of all calls --> Known::of --> what is known now --> FactReader::say
//! ```
//!
//! A fact is a value of the pack's own (a choice, an amount, a number, yes or no) or a few words; of a sentence in which
//! something was redacted nothing is read. Nothing is replaced: of a key the newest counts where it is read.

mod book;
mod known;
mod reader;
mod sentences;
#[cfg(test)]
mod tests;
mod value;
mod wish;

use call::text_enum;

pub use book::{Book, Heard};
pub use known::{Known, Learned};
pub use reader::{FactReader, Money};
pub(crate) use wish::MemoryWords;
pub use wish::{Forgotten, Wish};

/// The key of a wish of ours: whether anything may be sold to somebody.
pub const SELLING: &str = "selling";
/// The value of [`SELLING`] for somebody to whom nothing may be offered that they did not ask for.
pub const OFF: &str = "off";
/// The value of [`SELLING`] for somebody who wishes to be offered things again.
pub const ON: &str = "on";
/// In the place of a key: all of them but [`SELLING`].
pub const EVERYTHING: &str = "*";

/// Characters of a value at most.
pub const MOST_CHARS: usize = 100;

/// Something that a turn says of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Of the pack, [`SELLING`] or [`EVERYTHING`].
    pub key: String,
    /// What it says of the value.
    pub what: What,
    /// As it is kept, at most [`MOST_CHARS`] characters; none where a key is forgotten.
    pub value: Option<String>,
    /// Hundredths, 0 to 100.
    pub confidence: u8,
    /// How it was learned.
    pub source: Source,
}

text_enum! {
    /// What a fact says of its value.
    pub enum What {
        /// It is so.
        Holds = "holds",
        /// It is not so: whoever said so before says otherwise now.
        Denied = "denied",
        /// Nothing of the key counts any more.
        Forgotten = "forgotten",
    }
}

text_enum! {
    /// How a fact was learned.
    pub enum Source {
        /// The caller said so.
        Said = "said",
        /// They filled in a form.
        Form = "form",
        /// A tool found it.
        Tool = "tool",
        /// They looked at a page.
        Page = "page",
        /// It follows from what they asked.
        Inferred = "inferred",
    }
}

impl Fact {
    /// The caller's wish that nothing, or something again, be offered to them.
    fn selling(value: &str) -> Self {
        Self {
            key: SELLING.to_owned(),
            what: What::Holds,
            value: Some(value.to_owned()),
            confidence: 100,
            source: Source::Said,
        }
    }

    /// Nothing of this key counts any more.
    fn forgotten(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            what: What::Forgotten,
            value: None,
            confidence: 100,
            source: Source::Said,
        }
    }
}
