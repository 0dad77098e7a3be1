//! A model's text as it arrives: cut into sentences, of which those are let through that may be spoken. Pure.
//!
//! ```text
//! pieces -> thoughts and calls written as text are taken out (thoughts.rs)
//!        -> whole sentences -> each is judged: markup, secrets, claims, figures, orders, tongue
//!        -> said, or withheld for a reason
//! ```

mod addresses;
mod claims;
mod figures;
mod grounds;
mod markup;
mod orders;
mod secrets;
#[cfg(test)]
mod tests;
mod thoughts;
mod tongue;

pub(super) use grounds::Grounds;

use language::guard::Guard;
use serde::Serialize;

use thoughts::Thoughts;

/// A spoken sentence is never longer, in bytes: longer text has no stops and cannot be spoken.
const MAX_SENTENCE: usize = 600;
/// The same for a word.
const MAX_WORD: usize = 60;
/// More than this, in bytes over the whole answer, is a lecture or a loop (90 s of speech).
const MAX_ANSWER: usize = 1_500;
/// The same with what is not spoken of it.
const MAX_TEXT: usize = 64 * 1024;

/// Why a model's text was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableText {
    /// It held control characters.
    #[error("it held control characters")]
    ControlCharacters,
    /// It held no sentence.
    #[error("it held no sentence")]
    NoSentence,
    /// It went on for too long.
    #[error("it went on for too long")]
    TooLong,
}

/// Why a part of a model's text was not spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// It was its thoughts.
    Thought,
    /// It was markup, or a call of a tool written as text.
    Markup,
    /// It asked for a secret.
    Secret,
    /// It said that something is done, or promised it, which no tool did.
    Claim,
    /// It stated a figure or an address that has no source.
    Figure,
    /// It told of the orders that the model was given.
    Orders,
    /// It was in another language.
    Language,
}

impl Withheld {
    /// Its name on record and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Thought => "thought",
            Self::Markup => "markup",
            Self::Secret => "secret",
            Self::Claim => "claim",
            Self::Figure => "figure",
            Self::Orders => "orders",
            Self::Language => "language",
        }
    }
}

/// A whole sentence, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judged {
    /// It may be spoken.
    Say(String),
    /// It may not; a thought has no text.
    Withhold(Withheld, String),
}

/// Collects pieces of text and hands out whole sentences.
#[derive(Debug, Clone)]
pub(super) struct SentenceStream {
    thoughts: Thoughts,
    pending: String,
    /// Bytes that came, and those of them that are no thoughts.
    came: usize,
    taken: usize,
    grounds: Grounds,
}

impl SentenceStream {
    /// Judges by `grounds`.
    pub(super) fn new(grounds: Grounds) -> Self {
        Self {
            thoughts: Thoughts::default(),
            pending: String::new(),
            came: 0,
            taken: 0,
            grounds,
        }
    }

    /// What sentences are judged by; more becomes known while tools answer.
    pub(super) fn grounds(&mut self) -> &mut Grounds {
        &mut self.grounds
    }

    /// Another text begins; what was pending of the one before is void.
    pub(super) fn begin_anew(&mut self) {
        self.thoughts = Thoughts::default();
        self.pending.clear();
        self.came = 0;
    }

    /// Adds a piece; returns the sentences that are whole now.
    ///
    /// # Errors
    /// [`UnusableText`] when this cannot be spoken; the stream is of no use afterwards.
    pub(super) fn push(&mut self, piece: &str, guard: &Guard) -> Result<Vec<Judged>, UnusableText> {
        let forbidden =
            |c: char| (c.is_control() && !c.is_whitespace()) || c == char::REPLACEMENT_CHARACTER;
        if piece.contains(forbidden) {
            return Err(UnusableText::ControlCharacters);
        }
        self.came += piece.len();
        let spoken = self.thoughts.push(piece);
        self.take(spoken, guard)
    }

    /// The text is complete: what is left is a sentence too.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(super) fn rest(&mut self, guard: &Guard) -> Result<Vec<Judged>, UnusableText> {
        let spoken = self.thoughts.end();
        let mut judged = self.take(spoken, guard)?;
        let last = std::mem::take(&mut self.pending).trim().to_owned();
        judged.extend(self.judge(last, guard));
        Ok(judged)
    }

    fn take(
        &mut self,
        spoken: thoughts::Spoken,
        guard: &Guard,
    ) -> Result<Vec<Judged>, UnusableText> {
        if spoken.began_with_thoughts {
            self.pending.clear();
        }
        let withheld = spoken.withheld.into_iter();
        let mut judged: Vec<Judged> = withheld
            .map(|reason| Judged::Withhold(reason, String::new()))
            .collect();
        self.taken += spoken.text.len();
        if self.taken > MAX_ANSWER || self.came > MAX_TEXT {
            return Err(UnusableText::TooLong);
        }
        self.pending.push_str(&spoken.text);
        let mut sentences = knowledge::sentences(&self.pending);
        // The last one may go on.
        let open = sentences.pop().unwrap_or_default();
        let breaks_off = self.pending.ends_with(char::is_whitespace) && !open.is_empty();
        self.pending = if breaks_off { open + " " } else { open };
        let is_endless = self
            .pending
            .split_whitespace()
            .any(|word| word.len() > MAX_WORD);
        if self.pending.len() > MAX_SENTENCE || is_endless {
            return Err(UnusableText::NoSentence);
        }
        let whole = sentences.into_iter();
        judged.extend(whole.filter_map(|sentence| self.judge(sentence, guard)));
        Ok(judged)
    }

    /// A sentence with its reason, if it may not be spoken; marks alone are silence.
    fn judge(&self, sentence: String, guard: &Guard) -> Option<Judged> {
        if !sentence.contains(char::is_alphabetic) {
            return None;
        }
        let of = &self.grounds;
        let reason = if markup::is_markup(&sentence) {
            Some(Withheld::Markup)
        } else if orders::tells(&sentence, guard, of) {
            Some(Withheld::Orders)
        } else if tongue::is_foreign(&sentence, of) {
            Some(Withheld::Language)
        } else if secrets::asks(&sentence, guard, of) {
            Some(Withheld::Secret)
        } else if claims::is_untrue(&sentence, guard, of) {
            Some(Withheld::Claim)
        } else if addresses::is_invented(&sentence, guard, of)
            || figures::is_invented(&sentence, guard, of)
        {
            Some(Withheld::Figure)
        } else {
            None
        };
        Some(match reason {
            Some(reason) => Judged::Withhold(reason, sentence),
            None => Judged::Say(sentence),
        })
    }
}
