//! Text as words, as written: the form in which summaries, feelings and turns are read.

use crate::token::{Kind, Token, key, tokens};

/// What follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The next word of the same clause, or a hyphen.
    None,
    /// A comma, colon, semicolon or dash.
    Clause,
    /// A full stop, exclamation mark, or the end of the text.
    Sentence,
    /// A question mark.
    Question,
}

/// One word of a text.
#[derive(Debug, Clone)]
pub struct Word<'a> {
    /// As written.
    pub text: &'a str,
    /// Lower case, with a straight apostrophe.
    pub key: String,
    /// What follows it.
    pub after: Break,
}

impl Word<'_> {
    /// The word opens with a capital letter.
    #[must_use]
    pub fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// Splits `text` into words. Apostrophes inside a word belong to it ("don't"), and so do digits that touch it ("14th").
#[must_use]
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut found: Vec<Word<'_>> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    for token in tokens(text) {
        match (token.kind, last) {
            (Kind::Sign(sign), _) => {
                if let Some(word) = found.last_mut() {
                    word.after = stronger(word.after, sign);
                }
            }
            (Kind::Letters | Kind::Digits, Some((start, end))) if end == token.start => {
                if let Some(word) = found.last_mut() {
                    word.text = &text[start..token.end()];
                    word.key = key(word.text);
                }
                last = Some((start, token.end()));
            }
            _ => {
                last = (token.kind != Kind::Code).then(|| (token.start, token.end()));
                found.push(word(&token));
            }
        }
    }
    if let Some(last) = found.last_mut()
        && last.after != Break::Question
    {
        last.after = Break::Sentence;
    }
    found
}

fn word<'t>(token: &Token<'t>) -> Word<'t> {
    Word {
        text: token.text,
        key: key(token.text),
        after: Break::None,
    }
}

fn stronger(present: Break, sign: char) -> Break {
    match sign {
        '?' => Break::Question,
        '.' | '!' | '…' if present != Break::Question => Break::Sentence,
        ',' | ';' | ':' | '–' | '—' if present == Break::None => Break::Clause,
        _ => present,
    }
}

/// The words of `text` in lower case.
#[must_use]
pub fn keys(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.key).collect()
}

/// Where `phrase` begins in `words`, as consecutive words. Both are already in the same form.
#[must_use]
pub fn find_phrase(words: &[impl AsRef<str>], phrase: &[impl AsRef<str>]) -> Option<usize> {
    if phrase.is_empty() || phrase.len() > words.len() {
        return None;
    }
    (0..=words.len() - phrase.len()).find(|&at| {
        phrase
            .iter()
            .zip(&words[at..])
            .all(|(p, w)| p.as_ref() == w.as_ref())
    })
}

/// Whether `text` holds any of `phrases`, word by word (each lower case, words apart by one space).
#[must_use]
pub fn contains_any(text: &str, phrases: &[impl AsRef<str>]) -> bool {
    let keys = keys(text);
    phrases.iter().any(|phrase| {
        let parts: Vec<&str> = phrase.as_ref().split(' ').collect();
        find_phrase(&keys, &parts).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown: Vec<String> = words(text)
            .into_iter()
            .map(|w| {
                let mark = match w.after {
                    Break::None => "",
                    Break::Clause => ",",
                    Break::Sentence => ".",
                    Break::Question => "?",
                };
                format!("{}{mark}", w.key)
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "words of {text:?}");
    }

    #[test]
    fn a_text_falls_into_words_and_the_breaks_between_them() {
        check("", "");
        check("... !", "");
        check("Hello", "hello.");
        check("Hi, I'm Sarah. You?", "hi, i'm sarah. you?");
        check("Don’t — please - go!?", "don't, please go?");
        check("'quoted' a-b", "quoted a b.");
        check("the 14th, dial *236# now", "the 14th, dial *236# now.");
    }
}
