//! What a language model's sentence does that it may not: asks for a secret, claims a deed, speaks of its orders,
//! confirms a figure. The words are data (`[guard]` of `packs/languages/en.toml`); whether a claim is true is known
//! elsewhere.

mod claims;
#[cfg(test)]
mod tests;

pub use claims::{Claim, ClaimWords, Mood};

use serde::Deserialize;

use crate::{
    english::english,
    stop_words::is_stop_word,
    words::{contains_any, find_phrase, keys},
};

/// Words between what asks and the secret it asks for.
const ASKED_WITHIN: usize = 7;
/// Words before what asks in which a refusal undoes it.
const REFUSED_WITHIN: usize = 6;

/// Words by which sentences of a language model are judged. The default is English.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// What no caller is asked for.
    pub secrets: Vec<String>,
    /// Words that ask for it to be told.
    pub asks: Vec<String>,
    /// Words that ask for it, or say where else it is entered.
    pub asks_elsewhere: Vec<String>,
    /// A question with one of these is about a secret, and does not ask for it.
    pub about_secrets: Vec<String>,
    /// Before what asks or claims: the opposite.
    pub refuses: Vec<String>,
    /// Speaks of what the model was told.
    pub own_orders: Vec<String>,
    /// Reads a caller's own figure back.
    pub reads_back: Vec<String>,
    /// A sentence that begins with one of these confirms what the caller said.
    pub confirms: Vec<String>,
    /// What a question begins with.
    pub questions: Vec<String>,
    /// How the dot of an address is said.
    pub dot: Vec<String>,
    /// What is done or promised.
    pub claims: ClaimWords,
}

/// How a sentence asks for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// To be told it.
    ToBeTold,
    /// To enter it somewhere, which a document may say too.
    ToEnter,
}

impl Default for Guard {
    fn default() -> Self {
        english().guard.clone()
    }
}

impl Guard {
    /// How `sentence` asks for a secret, if it does.
    #[must_use]
    pub fn asks_for_secret(&self, sentence: &str) -> Option<Asks> {
        let words = spelt_together(keys(sentence));
        let secrets = places(&words, &self.secrets);
        if secrets.is_empty() {
            return None;
        }
        let asks = |list: &[String]| {
            places(&words, list).iter().any(|ask| {
                let near = |secret: &usize| secret >= ask && secret - ask <= ASKED_WITHIN;
                !self.is_refused(&words, *ask) && secrets.iter().any(near)
            })
        };
        if asks(&self.asks) || self.ends_in_secret(sentence, &words) {
            Some(Asks::ToBeTold)
        } else if asks(&self.asks_elsewhere) {
            Some(Asks::ToEnter)
        } else {
            None
        }
    }

    /// "Your PIN?"
    fn ends_in_secret(&self, sentence: &str, words: &[String]) -> bool {
        let courtesies = words
            .iter()
            .rev()
            .take_while(|word| is_stop_word(word))
            .count();
        let asked = &words[..words.len() - courtesies];
        let ends = self.secrets.iter().any(|secret| {
            let secret: Vec<String> = secret.split(' ').map(str::to_owned).collect();
            asked.ends_with(&secret)
        });
        let about = words.iter().any(|word| self.about_secrets.contains(word));
        let refused = self.is_refused(words, words.len());
        sentence.trim_end().ends_with('?') && ends && !about && !refused
    }

    fn is_refused(&self, words: &[String], at: usize) -> bool {
        let before = &words[at.saturating_sub(REFUSED_WITHIN)..at.min(words.len())];
        !places(before, &self.refuses).is_empty()
    }

    /// Whether `sentence` speaks of the orders that the model was given.
    #[must_use]
    pub fn speaks_of_orders(&self, sentence: &str) -> bool {
        contains_any(sentence, &self.own_orders)
    }

    /// Whether `sentence` names a figure as the caller's own, and does not confirm it.
    #[must_use]
    pub fn reads_back(&self, sentence: &str) -> bool {
        let words = keys(sentence);
        let begins = |list: &[String]| places(&words, list).first() == Some(&0);
        let is_question = sentence.trim_end().ends_with('?') && begins(&self.questions);
        (is_question || contains_any(sentence, &self.reads_back)) && !begins(&self.confirms)
    }
}

/// Where one of `phrases` begins in `words`.
fn places(words: &[String], phrases: &[String]) -> Vec<usize> {
    let mut found = Vec::new();
    for phrase in phrases {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        let mut from = 0;
        while let Some(at) = find_phrase(&words[from..], &phrase) {
            found.push(from + at);
            from += at + 1;
        }
    }
    found.sort_unstable();
    found
}

/// Letters that stand alone are one word: "P.I.N.".
fn spelt_together(words: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut is_spelt = false;
    for word in words {
        let is_letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        match out.last_mut().filter(|_| is_letter && is_spelt) {
            Some(last) => last.push_str(&word),
            None => out.push(word),
        }
        is_spelt = is_letter;
    }
    out
}
