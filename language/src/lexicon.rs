//! Folded words with the pack's synonyms put in, so that "cash machine" meets "ATM".

use std::collections::BTreeMap;

use crate::fold::{Word, words};

/// Words of an utterance beyond these are ignored: nobody speaks so long a question, and a pasted
/// text must not occupy a worker.
const MAX_WORDS: usize = 400;

/// A phrase, as stems, and the words that replace it.
type Replacement = (Vec<String>, Vec<Word>);

/// The pack's synonyms, compiled.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    /// First stem of the phrase -> the phrases (as stems, longest first) and their replacements.
    phrases: BTreeMap<String, Vec<Replacement>>,
}

impl Lexicon {
    /// Each key, a word or several, is replaced by its value.
    pub fn new(synonyms: &BTreeMap<String, String>) -> Self {
        let mut phrases: BTreeMap<String, Vec<Replacement>> = BTreeMap::new();
        for (from, to) in synonyms {
            let from: Vec<String> = words(from).into_iter().map(|w| w.stem).collect();
            if let Some(first) = from.first() {
                phrases
                    .entry(first.clone())
                    .or_default()
                    .push((from, words(to)));
            }
        }
        for list in phrases.values_mut() {
            list.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        }
        Self { phrases }
    }

    /// The words of an utterance or question.
    pub fn words(&self, text: &str) -> Vec<Word> {
        let mut all = words(text);
        all.truncate(MAX_WORDS);
        self.replace(all)
    }

    /// The words of a document, however long.
    pub fn document_words(&self, text: &str) -> Vec<Word> {
        self.replace(words(text))
    }

    fn replace(&self, all: Vec<Word>) -> Vec<Word> {
        let mut out = Vec::with_capacity(all.len());
        let mut at = 0;
        while at < all.len() {
            match self.phrase_at(&all[at..]) {
                Some((length, to)) => {
                    out.extend_from_slice(to);
                    at += length;
                }
                None => {
                    out.push(all[at].clone());
                    at += 1;
                }
            }
        }
        out
    }

    fn phrase_at(&self, rest: &[Word]) -> Option<(usize, &[Word])> {
        let list = self.phrases.get(&rest.first()?.stem)?;
        list.iter()
            .find(|(from, _)| {
                from.len() <= rest.len()
                    && from.iter().zip(rest).all(|(stem, word)| *stem == word.stem)
            })
            .map(|(from, to)| (from.len(), to.as_slice()))
    }
}
