//! A text in the tokens that the network was trained on: BERT's uncased word pieces. Lower case, accents off, each mark
//! for itself, then the longest known piece first.

use std::collections::HashMap;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A longer word is unknown, as in the training.
const MAX_WORD: usize = 100;

/// The network's words, by their numbers.
pub(crate) struct WordPiece {
    numbers: HashMap<String, usize>,
    unknown: usize,
    begin: usize,
    end: usize,
}

impl WordPiece {
    /// One piece a line, in the order of their numbers; pieces within a word begin with `##`.
    pub(crate) fn new(vocabulary: &str) -> Result<Self, String> {
        let lines = vocabulary.lines().enumerate();
        let numbers: HashMap<String, usize> =
            lines.map(|(at, piece)| (piece.to_owned(), at)).collect();
        let mark = |mark: &str| {
            let number = numbers.get(mark).copied();
            number.ok_or_else(|| format!("the line {mark} is missing"))
        };
        Ok(Self {
            unknown: mark("[UNK]")?,
            begin: mark("[CLS]")?,
            end: mark("[SEP]")?,
            numbers,
        })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The text's tokens between its two marks, `limit` at most with these.
    pub(crate) fn tokens(&self, text: &str, limit: usize) -> Vec<usize> {
        let mut tokens = vec![self.begin];
        for word in words(text) {
            if tokens.len() >= limit {
                break;
            }
            match self.pieces(&word) {
                Some(pieces) => tokens.extend(pieces),
                None => tokens.push(self.unknown),
            }
        }
        tokens.truncate(limit.saturating_sub(1));
        tokens.push(self.end);
        tokens
    }

    /// A word's pieces; `None` when a part of it is unknown.
    fn pieces(&self, word: &str) -> Option<Vec<usize>> {
        let chars: Vec<char> = word.chars().collect();
        if chars.len() > MAX_WORD {
            return None;
        }
        let (mut pieces, mut at) = (Vec::new(), 0);
        while at < chars.len() {
            let (number, end) = (at + 1..=chars.len()).rev().find_map(|end| {
                let inner = if at > 0 { "##" } else { "" };
                let piece: String = inner.chars().chain(chars[at..end].iter().copied()).collect();
                Some((*self.numbers.get(&piece)?, end))
            })?;
            pieces.push(number);
            at = end;
        }
        Some(pieces)
    }
}

/// Words and marks, in lower case and without accents.
fn words(text: &str) -> Vec<String> {
    let plain = text.to_lowercase();
    let plain = plain.nfd().filter(|c| !is_combining_mark(*c));
    let mut apart = String::with_capacity(text.len());
    for c in plain {
        if c.is_whitespace() || c.is_control() {
            apart.push(' ');
        } else if c.is_alphanumeric() && !is_ideograph(c) {
            apart.push(c);
        } else {
            apart.extend([' ', c, ' ']);
        }
    }
    apart.split_whitespace().map(str::to_owned).collect()
}

/// A word by itself.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::WordPiece;

    fn tokens(text: &str, limit: usize) -> Vec<usize> {
        let vocabulary = "[UNK]\n[CLS]\n[SEP]\nplay\n##ing\n##s\ncafe\n,\n'\n日\n##日";
        WordPiece::new(vocabulary).unwrap().tokens(text, limit)
    }

    #[test]
    fn words_are_cut_into_the_longest_known_pieces() {
        assert_eq!(tokens("Plays PLAYING", 9), [1, 3, 5, 3, 4, 2]);
        assert_eq!(tokens("Café,play", 9), [1, 6, 7, 3, 2], "accents and marks");
        assert_eq!(tokens("日日 play's", 9), [1, 9, 9, 3, 8, 0, 2]);
        assert_eq!(tokens("played", 9), [1, 0, 2], "one unknown part");
        assert_eq!(tokens("", 9), [1, 2]);
    }

    #[test]
    fn a_long_text_is_cut_and_keeps_its_marks() {
        assert_eq!(tokens("play play play play", 4), [1, 3, 3, 2]);
        assert_eq!(tokens(&"x".repeat(1000), 9), [1, 0, 2]);
    }
}
