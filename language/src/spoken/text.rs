//! A text in pieces, and what a rule says of some of them.

use super::pieces::{Piece, RANGE, is_plain, pieces};
use crate::{english::english, is_function_word};

/// The pieces of a text, looked at by place.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pieces: Vec<Piece<'a>>,
}

/// What is said for pieces that follow each other, without the punctuation around them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// How many pieces.
    pub(super) taken: usize,
}

impl Said {
    pub(super) fn new(text: impl Into<String>, taken: usize) -> Self {
        Self {
            text: text.into(),
            taken,
        }
    }
}

impl<'a> Text<'a> {
    pub(super) fn new(plain: &'a str) -> Self {
        Self {
            pieces: pieces(plain),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The piece at a place; an empty one beyond the ends.
    pub(super) fn piece(&self, at: usize) -> Piece<'a> {
        self.pieces.get(at).copied().unwrap_or_default()
    }

    pub(super) fn core(&self, at: usize) -> &'a str {
        self.piece(at).core
    }

    /// The word before, in small letters; none where punctuation parts them.
    pub(super) fn word_before(&self, at: usize) -> Option<String> {
        let before = at.checked_sub(1).map(|before| self.piece(before))?;
        let apart =
            before.after.trim_matches(['.', ':']).is_empty() && self.piece(at).before.is_empty();
        apart.then(|| before.core.to_ascii_lowercase())
    }

    /// Whether the next piece follows without punctuation between them.
    pub(super) fn is_followed(&self, at: usize) -> bool {
        at + 1 < self.len()
            && self.piece(at).after.is_empty()
            && self.piece(at + 1).before.is_empty()
    }

    /// The next piece's word, if no punctuation parts them.
    pub(super) fn next(&self, at: usize) -> Option<&'a str> {
        self.is_followed(at).then(|| self.core(at + 1))
    }

    /// The next piece's word, where nothing or a full stop parts them: "Rs. 500", "Dec. 24".
    pub(super) fn next_behind_dot(&self, at: usize) -> Option<&'a str> {
        let near = matches!(self.piece(at).after, "" | ".") && self.piece(at + 1).before.is_empty();
        (near && at + 1 < self.len()).then(|| self.core(at + 1))
    }

    /// Whether the dash of a range follows.
    pub(super) fn is_range(&self, at: usize) -> bool {
        self.next(at) == Some(RANGE) && at + 2 < self.len()
    }

    /// Whether what was measured and ends at `last` says how something is, "a 50 dollar fee": of one then.
    pub(super) fn is_before_noun(&self, first: usize, last: usize) -> bool {
        let article = self.word_before(first);
        let noun = self.next(last);
        matches!(article.as_deref(), Some("a" | "an"))
            && noun.is_some_and(|noun| {
                is_plain(noun)
                    && !is_function_word(noun)
                    && !english()
                        .speaking
                        .behind_amounts
                        .iter()
                        .any(|word| word == noun)
            })
    }
}
