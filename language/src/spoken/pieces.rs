//! A text in pieces that are read one by one: words, and the parts of those that hold several ("80kg", "$50-$100", "~20").

use super::{parts::part, range::is_range_between};

/// A part of a text, with the punctuation around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) before: &'a str,
    pub(super) core: &'a str,
    pub(super) after: &'a str,
    /// No space stood before it.
    pub(super) joined: bool,
}

impl<'a> Piece<'a> {
    /// Its first part, with what stands before it.
    pub(super) fn first(self, core: &'a str) -> Self {
        Self {
            core,
            after: "",
            ..self
        }
    }

    /// A part in the middle.
    pub(super) fn middle(core: &'a str) -> Self {
        Self {
            core,
            joined: true,
            ..Self::default()
        }
    }

    /// Its last part, with what stands behind it.
    pub(super) fn last(self, core: &'a str) -> Self {
        Self {
            before: "",
            core,
            joined: true,
            ..self
        }
    }
}

/// What stands for the dash of a range: no text holds it.
pub(super) const RANGE: &str = "\u{0}to";
/// Signs before a number, and how they are said.
pub(super) const SIGNS: [(&str, &str); 11] = [
    ("~", "about"),
    ("≈", "about"),
    ("≥", "at least"),
    ("≤", "at most"),
    ("<", "less than"),
    (">", "more than"),
    ("±", "plus or minus"),
    ("+", "plus"),
    ("№", "number"),
    ("-", "minus"),
    ("−", "minus"),
];
/// Dashes, the hyphen among them.
pub(super) const DASHES: [&str; 4] = ["-", "–", "—", "−"];
/// Letters and digits aside, what a piece may begin with.
const OPENING: &str = "*#$£€₹¥₦&@=≈≥≤<>±№%°";
/// And end with.
const CLOSING: &str = "#%/&°$£€₹¥₦¢@=≈≥≤<>±№";

/// The pieces of a text without markup.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::with_capacity(text.len() / 5 + 1);
    for word in text.split_whitespace() {
        let piece = split(word);
        if is_plain(piece.core) {
            pieces.push(piece);
        } else {
            part(piece, &mut pieces);
        }
    }
    for at in 1..pieces.len().saturating_sub(1) {
        if DASHES.contains(&pieces[at].core) && is_range_between(&pieces, at) {
            pieces[at].core = RANGE;
        }
    }
    pieces
}

/// Small letters alone, most words of most texts.
pub(super) fn is_plain(core: &str) -> bool {
    !core.is_empty() && core.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'')
}

/// A word's opening punctuation, itself, and its closing punctuation.
fn split(word: &str) -> Piece<'_> {
    let whole = |core| Piece {
        core,
        ..Piece::default()
    };
    if DASHES.contains(&word) || matches!(word, "+" | "/" | "×" | "x") {
        return whole(word);
    }
    let start = word
        .char_indices()
        .find(|&(at, c)| c.is_alphanumeric() || OPENING.contains(c) || opens_number(&word[at..]));
    let start = start.map_or(word.len(), |(at, _)| at);
    let rest = &word[start..];
    let last = rest.char_indices().rfind(|&(at, c)| {
        c.is_alphanumeric() || CLOSING.contains(c) || is_behind_digit(rest, at, c)
    });
    let end = last.map_or(0, |(at, c)| at + c.len_utf8());
    Piece {
        before: &word[..start],
        core: &rest[..end],
        after: &rest[end..],
        joined: false,
    }
}

/// A minus, a plus, a point or a bracket of a telephone number before a digit or an amount.
fn opens_number(text: &str) -> bool {
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    let is_digit = second.is_some_and(|c| c.is_ascii_digit());
    match first {
        Some('.') => is_digit,
        Some('-' | '−' | '+' | '~') => is_digit || second.is_some_and(|c| "$£€₹¥₦.".contains(c)),
        _ => false,
    }
}

/// "50+", and the inches of 6'2".
fn is_behind_digit(text: &str, at: usize, c: char) -> bool {
    let digit = text[..at].ends_with(|c: char| c.is_ascii_digit());
    match c {
        '+' => digit,
        '"' => digit && text.contains('\''),
        _ => false,
    }
}

/// How long the number is that begins here: digits with points and commas between them.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut length = 0;
    while digit(length)
        || matches!(bytes.get(length), Some(b'.' | b',')) && digit(length + 1) && length > 0
    {
        length += 1;
    }
    length
}
