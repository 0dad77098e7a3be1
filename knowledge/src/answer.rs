//! An answer taken from the documents themselves, for when no language model is there to phrase one.

use std::collections::BTreeSet;

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use crate::{
    index::{Index, Passage},
    pack::{Aspect, GroundingMode, Settings},
};

/// Sentences spoken at most; more is a lecture on a phone.
const MAX_SENTENCES: usize = 3;
/// Words spoken at most, about 25 seconds; the first sentence is spoken however long it is.
const MAX_WORDS: usize = 70;
/// Share of the question's words that a document must speak of.
const MIN_COVERAGE: f32 = 0.4;
/// The same when the router named the document's topic: its phrase already covered the subject.
const MIN_COVERAGE_ON_TOPIC: f32 = 0.0;
/// Score that a document needs when the router named no topic: one everyday word that
/// stands in many titles reaches less than 2, two words that belong together 5 and more (measured).
const MIN_SCORE_OFF_TOPIC: f32 = 3.5;
/// A second source counts as support when it scores this share of the first.
const SECOND_SOURCE: f32 = 0.35;

/// Added to a sentence that speaks of the aspect asked for; about the weight of one rare word.
const ASPECT: f32 = 3.0;

/// An extractive answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What to say, one sentence an item.
    pub sentences: Vec<String>,
    /// Where it comes from; empty when `supported` is false.
    pub sources: Vec<Citation>,
    /// Whether the documents answer the question; if not, `sentences` say so and offer a person.
    pub supported: bool,
}

/// A document that an answer rests on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Citation {
    /// The document's source id.
    pub source: String,
    /// The document's title.
    pub title: String,
}

/// Whether passages support an answer to the question they were found for, by the pack's grounding
/// mode: one good source, or two when strict.
#[must_use]
pub fn is_grounded(passages: &[Passage], topics: &[String], mode: GroundingMode) -> bool {
    let Some(best) = passages.first() else {
        return false;
    };
    let on_topic = best
        .topic
        .as_ref()
        .is_some_and(|topic| topics.contains(topic));
    let needed = if on_topic {
        MIN_COVERAGE_ON_TOPIC
    } else {
        MIN_COVERAGE
    };
    let sources = passages
        .iter()
        .filter(|p| p.score >= best.score * SECOND_SOURCE)
        .count();
    let strong = on_topic || best.score >= MIN_SCORE_OFF_TOPIC;
    strong
        && best.coverage >= needed
        && match mode {
            GroundingMode::Blended => true,
            GroundingMode::Strict => sources >= 2,
        }
}

/// What an answer is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extractor<'a> {
    pub(crate) lexicon: &'a Lexicon,
    pub(crate) index: &'a Index,
    pub(crate) aspects: &'a Aspects,
    pub(crate) settings: &'a Settings,
}

impl Extractor<'_> {
    /// Answers from passages found for `question`, best first.
    pub(crate) fn answer(self, question: &str, topics: &[String], passages: &[Passage]) -> Answer {
        let settings = self.settings;
        match passages.first() {
            Some(best) if is_grounded(passages, topics, settings.grounding_mode) => Answer {
                sentences: self.choose(question, best),
                sources: vec![Citation {
                    source: best.source.clone(),
                    title: best.title.clone(),
                }],
                supported: true,
            },
            _ => Answer {
                sentences: sentences(&settings.lines.unsupported),
                sources: Vec::new(),
                supported: false,
            },
        }
    }

    /// The sentences of a passage that answer the question: the direct answer (the first paragraph), or
    /// the one that speaks of what was asked in particular, followed by it.
    fn choose(self, question: &str, passage: &Passage) -> Vec<String> {
        let text = passage.text.as_str();
        let lead = text.split("\n\n").next().unwrap_or(text);
        let lead = sentences(lead);
        let all = sentences(text);
        let asked = self.lexicon.terms(question);
        // The title's words are the subject of every sentence; they do not distinguish sentences.
        let subject = self.lexicon.document_stems(&passage.title);
        let wanted: BTreeSet<String> = self
            .lexicon
            .stems(&asked)
            .filter(|stem| !subject.contains(stem))
            .collect();
        let signs = self.aspects.asked_for(Utterance::new(asked));
        let worth = |sentence: &String| self.worth(sentence, &wanted, signs);
        let lead_worth = lead.iter().map(worth).fold(0.0, f32::max);
        // Of equals the earlier sentence: the author put the more important one first.
        let particular = all.iter().skip(lead.len()).map(|s| (s, worth(s)));
        let particular = particular.reduce(|best, next| if next.1 > best.1 { next } else { best });
        let mut chosen = Vec::new();
        match particular {
            Some((sentence, worth))
                if worth > lead_worth * 1.25 + 0.5
                    && signs.is_some_and(|signs| has_sign(sentence, signs)) =>
            {
                chosen.push(sentence.clone());
                chosen.extend(lead);
            }
            Some((sentence, worth)) if worth > lead_worth * 0.8 && worth > 1.0 => {
                chosen.extend(lead);
                chosen.push(sentence.clone());
            }
            _ => chosen.extend(lead),
        }
        shorten(chosen)
    }

    /// How much of the question a sentence speaks of, by the words' rarity.
    fn worth(
        self,
        sentence: &str,
        wanted: &BTreeSet<String>,
        signs: Option<&BTreeSet<String>>,
    ) -> f32 {
        let said: BTreeSet<String> = self.lexicon.document_stems(sentence).into_iter().collect();
        let shared: f32 = said
            .intersection(wanted)
            .map(|stem| self.index.rarity(stem))
            .sum();
        let sign = signs.is_some_and(|signs| has_sign(sentence, signs));
        shared + if sign { ASPECT } else { 0.0 }
    }
}

fn shorten(chosen: Vec<String>) -> Vec<String> {
    let mut words = 0;
    let mut out = Vec::new();
    for sentence in chosen.into_iter().take(MAX_SENTENCES) {
        words += sentence.split_whitespace().count();
        if out.is_empty() || words <= MAX_WORDS {
            out.push(sentence);
        }
    }
    out
}

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
    fn asked_for(&self, asked: Utterance) -> Option<&BTreeSet<String>> {
        let mut aspects = self.aspects.iter();
        let (_, signs) = aspects.find(|(asks, _)| !asks.matches(&asked).is_empty())?;
        Some(signs)
    }
}

fn has_sign(sentence: &str, signs: &BTreeSet<String>) -> bool {
    let said = language::normalize(sentence);
    said.iter().any(|term| signs.contains(&term.text))
}

/// The sentences of a text, white space made single.
#[must_use]
pub fn sentences(text: &str) -> Vec<String> {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = Vec::new();
    let mut rest = flat.as_str();
    while let Some(end) = sentence_end(rest) {
        out.push(rest[..end].trim().to_owned());
        rest = &rest[end..];
    }
    if !rest.trim().is_empty() {
        out.push(rest.trim().to_owned());
    }
    out
}

/// The byte just after the first `.`, `!` or `?` that ends a sentence: white space and a capital,
/// a digit or a code follow. "2.5 percent" and "a.m. and" go on.
fn sentence_end(text: &str) -> Option<usize> {
    text.char_indices().find_map(|(at, c)| {
        let after = &text[at + c.len_utf8()..];
        let next = after.strip_prefix(' ')?.chars().next()?;
        (matches!(c, '.' | '!' | '?') && !next.is_lowercase()).then_some(at + c.len_utf8())
    })
}

#[cfg(test)]
mod tests {
    use super::sentences;

    #[test]
    fn sentences_end_at_stops_and_not_inside_numbers() {
        assert_eq!(
            sentences(
                "The rate is 2.5 percent. Open from 8 a.m. to noon!\nDial *236#. *100# is free. Is that all? yes"
            ),
            [
                "The rate is 2.5 percent.",
                "Open from 8 a.m. to noon!",
                "Dial *236#.",
                "*100# is free.",
                "Is that all? yes"
            ]
        );
        assert!(sentences(" \n ").is_empty());
    }
}
