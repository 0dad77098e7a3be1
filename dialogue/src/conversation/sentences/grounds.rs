//! What a model's sentences are judged by: all that it was given, and what was done.

use std::collections::HashSet;

use language::{
    find_phrase,
    guard::Guard,
    is_stop_word, keys, normalize,
    quantity::{Figure, figures},
};

use super::orders;

/// What is known to be true, and what the caller said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grounds {
    /// Figures with a source.
    pub(super) figures: Vec<Figure>,
    /// Figures that only the caller named.
    pub(super) callers_figures: Vec<Figure>,
    /// The stems of each text of the material.
    material: Vec<HashSet<String>>,
    /// The texts in lower case.
    texts: Vec<String>,
    /// Their words in order.
    words: Vec<Vec<String>>,
    /// All words that the model was given.
    known: HashSet<String>,
    /// Names of the tools that did something, and of those that could.
    pub(super) done: Vec<String>,
    pub(super) able: Vec<String>,
    /// Runs of words of its orders.
    pub(super) orders: HashSet<String>,
}

impl Grounds {
    /// Adds a text that speaks for itself: a passage, what a tool found.
    pub(in crate::conversation) fn add_material(&mut self, text: &str) {
        self.figures.extend(figures(text));
        let stems = normalize(text).into_iter().map(|term| term.stem);
        self.material.push(stems.collect());
        self.texts.push(text.to_lowercase());
        let words = keys(text);
        self.known.extend(words.iter().cloned());
        self.words.push(words);
    }

    /// Adds what the caller said.
    pub(in crate::conversation) fn caller(mut self, text: &str) -> Self {
        self.callers_figures.extend(figures(text));
        self.known.extend(keys(text));
        self
    }

    /// Adds what the agent said: what it read back is the caller's still.
    pub(in crate::conversation) fn agent(mut self, text: &str, guard: &Guard) -> Self {
        for sentence in knowledge::sentences(text) {
            let figures = figures(&sentence);
            if guard.reads_back(&sentence) {
                self.callers_figures.extend(figures);
            } else {
                self.figures.extend(figures);
            }
        }
        self.known.extend(keys(text));
        self
    }

    /// Adds the orders that the model is given.
    pub(in crate::conversation) fn orders(mut self, text: &str) -> Self {
        self.orders.extend(orders::runs(text));
        self
    }

    /// Adds names, which are words of no language.
    pub(in crate::conversation) fn names(mut self, text: &str) -> Self {
        self.known.extend(keys(text));
        self
    }

    /// What tools did, and what they could do.
    pub(in crate::conversation) fn deeds(
        mut self,
        done: impl IntoIterator<Item = String>,
        able: impl IntoIterator<Item = String>,
    ) -> Self {
        self.done.extend(done);
        self.able.extend(able);
        self
    }

    /// Whether one text of the material says all that `sentence` says.
    pub(super) fn is_in_material(&self, sentence: &str) -> bool {
        let terms = normalize(sentence).into_iter();
        let said: Vec<String> = terms
            .filter(|term| !is_stop_word(&term.text))
            .map(|term| term.stem)
            .collect();
        let mut material = self.material.iter();
        material.any(|text| said.iter().all(|stem| text.contains(stem)))
    }

    /// Whether the material has these words in a row.
    pub(super) fn says(&self, words: &str) -> bool {
        let words: Vec<&str> = words.split(' ').collect();
        self.words
            .iter()
            .any(|text| find_phrase(text, &words).is_some())
    }

    /// Whether the material names this address, in lower case; its dot may be spelt there.
    pub(super) fn names_address(&self, address: &str) -> bool {
        let spelt = address.replace('.', " dot ");
        let mut texts = self.texts.iter();
        texts.any(|text| text.contains(address) || text.contains(&spelt))
    }

    pub(super) fn has_word(&self, word: &str) -> bool {
        self.known.contains(word)
    }
}
