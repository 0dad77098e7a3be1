//! A model's text as it arrives, cut into sentences fit to be spoken. Pure.

use std::collections::BTreeSet;

/// A spoken sentence is never longer, in bytes: longer text has no stops and cannot be spoken.
const MAX_SENTENCE: usize = 600;
/// The same for a word.
const MAX_WORD: usize = 60;
/// More than this, in bytes over the whole answer, is a lecture or a loop (90 s of speech).
const MAX_ANSWER: usize = 1_500;

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

/// Collects pieces of text and hands out whole sentences.
#[derive(Debug)]
pub(super) struct SentenceStream {
    pending: String,
    taken: usize,
    /// Numbers that may be spoken.
    known: BTreeSet<String>,
}

impl SentenceStream {
    /// `facts`: all that the model was given. A sentence with a number that is in none of them is
    /// left out: an invented fee or code does more harm than a shorter answer.
    pub(super) fn new<'a>(facts: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            pending: String::new(),
            taken: 0,
            known: facts.into_iter().flat_map(numbers).collect(),
        }
    }

    /// Adds a piece; returns the sentences that are whole now.
    ///
    /// # Errors
    /// [`UnusableText`] when this cannot be spoken; the stream is of no use afterwards.
    pub(super) fn push(&mut self, piece: &str) -> Result<Vec<String>, UnusableText> {
        let forbidden =
            |c: char| (c.is_control() && !c.is_whitespace()) || c == char::REPLACEMENT_CHARACTER;
        if piece.contains(forbidden) {
            return Err(UnusableText::ControlCharacters);
        }
        self.taken += piece.len();
        if self.taken > MAX_ANSWER {
            return Err(UnusableText::TooLong);
        }
        self.pending.push_str(piece);
        let mut sentences = knowledge::sentences(&self.pending);
        // The last one may go on.
        let open = sentences.pop().unwrap_or_default();
        let breaks_off = self.pending.ends_with(char::is_whitespace) && !open.is_empty();
        self.pending = if breaks_off { open + " " } else { open };
        if self.pending.len() > MAX_SENTENCE || has_endless_word(&self.pending) {
            return Err(UnusableText::NoSentence);
        }
        sentences.retain(|sentence| self.may_be_spoken(sentence));
        Ok(sentences)
    }

    /// The text is complete: what is left is a sentence too.
    pub(super) fn rest(&mut self) -> Option<String> {
        let last = std::mem::take(&mut self.pending).trim().to_owned();
        self.may_be_spoken(&last).then_some(last)
    }

    fn may_be_spoken(&self, sentence: &str) -> bool {
        sentence.contains(char::is_alphabetic)
            && numbers(sentence).all(|number| self.known.contains(&number))
    }
}

fn has_endless_word(text: &str) -> bool {
    text.split_whitespace().any(|word| word.len() > MAX_WORD)
}

/// The numbers in a text, digits only: "1,500.50" is `1500.50`.
fn numbers(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.'))
        .map(|run| run.replace(',', "").trim_matches('.').to_owned())
        .filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{SentenceStream, UnusableText};

    fn spoken(facts: &str, pieces: &[&str]) -> Result<Vec<String>, UnusableText> {
        let mut stream = SentenceStream::new([facts]);
        let mut all = Vec::new();
        for piece in pieces {
            all.extend(stream.push(piece)?);
        }
        all.extend(stream.rest());
        Ok(all)
    }

    #[test]
    fn sentences_come_out_whole_however_the_text_is_cut() {
        let text = "You can block it in the app. Dial *236# for cash. It costs 2.5 dollars, up to 1,500 a day. Anything else?";
        let whole = [
            "You can block it in the app.",
            "Dial *236# for cash.",
            "It costs 2.5 dollars, up to 1,500 a day.",
            "Anything else?",
        ];
        let facts = "*236# 2.5 1500";
        for size in 1..12 {
            let chars: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = chars.chunks(size).map(|c| c.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            assert_eq!(
                spoken(facts, &pieces).unwrap(),
                whole,
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn a_sentence_leaves_as_soon_as_the_next_begins() {
        let mut stream = SentenceStream::new([]);
        assert!(stream.push("Yes, you can. ").unwrap().is_empty());
        assert_eq!(stream.push("J").unwrap(), ["Yes, you can."]);
    }

    #[test]
    fn an_invented_number_is_not_spoken() {
        let said = spoken(
            "The fee is 5 dollars.",
            &["The fee is 5 dollars. It was 7 last year. Ask me more."],
        );
        assert_eq!(said.unwrap(), ["The fee is 5 dollars.", "Ask me more."]);
    }

    #[test]
    fn what_cannot_be_spoken_is_refused() {
        assert_eq!(
            spoken("", &["All\u{0}is\u{1b}[0m well. "]),
            Err(UnusableText::ControlCharacters)
        );
        assert_eq!(
            spoken("", &["\u{fffd}\u{fffd}"]),
            Err(UnusableText::ControlCharacters)
        );
        assert_eq!(
            spoken("", &[&"QUJD".repeat(40)]),
            Err(UnusableText::NoSentence)
        );
        assert_eq!(
            spoken("", &[&"and so on ".repeat(80)]),
            Err(UnusableText::NoSentence)
        );
        let endless = ["Once more with feeling. "; 100];
        assert_eq!(spoken("", &endless), Err(UnusableText::TooLong));
        assert_eq!(
            spoken("", &["...", " -- ", "!!"]).unwrap(),
            Vec::<String>::new(),
            "marks alone are silence"
        );
    }
}
