//! What a question wants to know in particular: a price, a time, a place.

use std::collections::BTreeSet;

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use crate::pack::Aspect;

/// What questions may want to know in particular, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Aspects {
    /// Phrases that ask for it, and the words of sentences that answer.
    aspects: Vec<(Phrases, BTreeSet<String>)>,
}

impl Aspects {
    pub(crate) fn new(lexicon: &Lexicon, aspects: &[Aspect]) -> Self {
        let compile = |aspect: &Aspect| {
            let signs = aspect
                .signs
                .iter()
                .flat_map(|sign| language::normalize(sign));
            (
                Phrases::new(lexicon, &aspect.asks, &[], &[]),
                signs.map(|term| term.text).collect(),
            )
        };
        Self {
            aspects: aspects.iter().map(compile).collect(),
        }
    }

    /// The words of sentences that answer what is asked for in particular, if anything is.
    pub(crate) fn asked_for(&self, asked: &Utterance) -> Option<BTreeSet<&str>> {
        let aspects = self.aspects.iter();
        let asked = aspects.filter(|(asks, _)| !asks.matches(asked).is_empty());
        let signs: BTreeSet<&str> = asked
            .flat_map(|(_, signs)| signs.iter().map(String::as_str))
            .collect();
        (!signs.is_empty()).then_some(signs)
    }
}

pub(crate) fn has_sign(sentence: &str, signs: &BTreeSet<&str>) -> bool {
    let said = language::normalize(sentence);
    said.iter().any(|term| signs.contains(&*term.text))
}
