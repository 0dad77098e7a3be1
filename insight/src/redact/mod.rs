//! Keeps secrets out of what is stored, logged or sent to a model.

use std::ops::Range;

use crate::Role;

/// What a redacted stretch held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A payment card number, or part of one.
    CardNumber,
    /// A personal identification number.
    Pin,
    /// The three or four digits on a card's back.
    SecurityCode,
    /// A one-time or verification code.
    Code,
    /// A password told as digits.
    Password,
    /// Digits that nobody named or asked for.
    Number,
}

impl Kind {
    /// What stands in the text instead.
    #[must_use]
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::CardNumber => "[card number]",
            Self::Pin => "[PIN]",
            Self::SecurityCode => "[security code]",
            Self::Code => "[code]",
            Self::Password => "[password]",
            Self::Number => "[number]",
        }
    }
}

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
#[derive(Default)]
pub struct Redactor {}

impl Redactor {
    /// A redactor for a call that begins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the secrets out of a turn. Feed it every turn of either side, in order, before anything keeps it.
    pub fn redact(&mut self, role: Role, text: &str) -> Redacted {
        let mut out = Redacted {
            text: String::new(),
            found: Vec::new(),
        };
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let length = rest[at..]
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len() - at);
            out.text.push_str(&rest[..at]);
            if length >= 4 && role == Role::Caller {
                let start = out.text.len();
                out.text.push_str(Kind::Number.placeholder());
                out.found.push(Found {
                    kind: Kind::Number,
                    span: start..out.text.len(),
                });
            } else {
                out.text.push_str(&rest[at..at + length]);
            }
            rest = &rest[at + length..];
        }
        out.text.push_str(rest);
        out
    }
}
