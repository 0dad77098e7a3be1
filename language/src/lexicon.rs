//! Normalised words with the pack's synonyms put in, so that "cash machine" meets "ATM".

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    normalize::{Term, normalize},
    stop_words::is_stop_word,
};

/// Words of an utterance beyond these are ignored: nobody speaks so long a question, and a pasted
/// text must not occupy a worker.
const MAX_TERMS: usize = 400;

/// A phrase, as stems, and the words that replace it.
type Replacement = (Vec<String>, Vec<Term>);

/// The pack's synonyms, compiled.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    /// First stem of the phrase -> the phrases (as stems, longest first) and their replacements.
    phrases: BTreeMap<String, Vec<Replacement>>,
    /// Words that are their own stem.
    whole: BTreeSet<String>,
    /// Words that do not distinguish documents, besides the stop words of the language.
    unspecific: BTreeSet<String>,
}

impl Lexicon {
    /// Each key of `synonyms`, a word or several, is replaced by its value. A word of `whole` is not a form of another
    /// word ("booking" means more than "book"). A word of `unspecific` does not distinguish documents, like a stop word.
    #[must_use]
    pub fn new(
        synonyms: &BTreeMap<String, String>,
        whole: &[String],
        unspecific: &[String],
    ) -> Self {
        let mut lexicon = Self {
            phrases: BTreeMap::new(),
            whole: whole.iter().cloned().collect(),
            unspecific: unspecific.iter().cloned().collect(),
        };
        for (from, to) in synonyms {
            let to = lexicon.stemmed(to);
            let from: Vec<String> = lexicon.stemmed(from).into_iter().map(|w| w.stem).collect();
            if let Some(first) = from.first() {
                let phrases = lexicon.phrases.entry(first.clone()).or_default();
                phrases.push((from, to));
            }
        }
        for list in lexicon.phrases.values_mut() {
            list.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        }
        lexicon
    }

    /// The words of an utterance or question.
    #[must_use]
    pub fn terms(&self, text: &str) -> Vec<Term> {
        let mut all = self.stemmed(text);
        all.truncate(MAX_TERMS);
        self.replace(all)
    }

    /// The stems of the words that speak of a subject, in order.
    pub fn stems(&self, terms: &[Term]) -> impl Iterator<Item = String> {
        let subject =
            |term: &&Term| !is_stop_word(&term.text) && !self.unspecific.contains(&term.text);
        terms.iter().filter(subject).map(|term| term.stem.clone())
    }

    /// The same of a document's text, however long.
    #[must_use]
    pub fn document_stems(&self, text: &str) -> Vec<String> {
        let terms = self.replace(self.stemmed(text));
        self.stems(&terms).collect()
    }

    fn stemmed(&self, text: &str) -> Vec<Term> {
        let mut terms = normalize(text);
        for term in &mut terms {
            if self.whole.contains(&term.text) {
                term.stem.clone_from(&term.text);
            }
        }
        terms
    }

    fn replace(&self, all: Vec<Term>) -> Vec<Term> {
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

    fn phrase_at(&self, rest: &[Term]) -> Option<(usize, &[Term])> {
        let list = self.phrases.get(&rest.first()?.stem)?;
        list.iter()
            .find(|(from, _)| {
                from.len() <= rest.len()
                    && from.iter().zip(rest).all(|(stem, word)| *stem == word.stem)
            })
            .map(|(from, to)| (from.len(), to.as_slice()))
    }
}
