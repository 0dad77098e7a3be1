//! An answer taken from the documents themselves, for when no language model is there to phrase one.

use std::collections::BTreeSet;

use embedding::Vector;
use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use crate::{
    heard::Meanings,
    index::{Index, Passage},
    pack::{Aspect, GroundingMode, Settings, Topic},
    route::Question,
};

/// Sentences spoken at most; more is a lecture on a phone.
const MAX_SENTENCES: usize = 3;
/// Sentences to each of two questions.
const SENTENCES_OF_EACH: usize = 2;
/// Words spoken at most, about 25 seconds; the first sentence is spoken however long it is.
const MAX_WORDS: usize = 70;
/// Support from which on a document answers a question.
pub(crate) const SUPPORTED: f32 = 0.8;
/// Where a pack has words to offer what may be the answer: from which support on they are said, and to which.
const OFFERED: f32 = 0.3;
const SURE: f32 = 1.4;
/// A second source counts as support when it scores this share of the first.
const SECOND_SOURCE: f32 = 0.35;

/// Added to the first sentence of a document, and to the others of its first paragraph.
const FIRST: f32 = 0.8;
const LEAD: f32 = 1.2;
/// A sentence beyond the first paragraph is worth this much to be said beside the best one.
const WORTH_SAYING: f32 = 1.5;
/// Words by which a sentence leans on the one before it.
const LEANING: [&str; 8] = [
    "it", "they", "this", "that", "these", "those", "then", "both",
];
/// What a sentence that means the question gains.
const NEAR: f32 = 12.0;
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
    /// What may answer it: `sentences` ask whether to say it.
    pub perhaps: Option<Perhaps>,
}

/// An answer that is said to a caller who agrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Perhaps {
    /// What to say, one sentence an item.
    pub sentences: Vec<String>,
    /// Where it comes from.
    pub source: Citation,
}

impl Answer {
    /// One answer to several questions, in their order: what is known, then that the rest is not.
    #[must_use]
    pub fn together(mut answers: Vec<Self>) -> Self {
        // What is known first, then what may be known: an offer is not lost behind a "no".
        answers.sort_by_key(|answer| (!answer.supported, answer.perhaps.is_none()));
        if answers.len() < 2 || answers.iter().all(|answer| !answer.supported) {
            answers.truncate(1);
        }
        let limit = if answers.len() < 2 {
            MAX_SENTENCES
        } else {
            SENTENCES_OF_EACH
        };
        let mut together = Self {
            sentences: Vec::new(),
            sources: Vec::new(),
            supported: answers.iter().any(|answer| answer.supported),
            perhaps: answers.iter().find_map(|answer| answer.perhaps.clone()),
        };
        for answer in answers {
            let said = &together.sentences;
            let new = answer
                .sentences
                .into_iter()
                .filter(|sentence| !said.contains(sentence));
            let new: Vec<String> = new.take(limit).collect();
            together.sentences.extend(new);
            together.sources.extend(answer.sources);
        }
        together
    }
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
pub fn is_grounded(passages: &[Passage], mode: GroundingMode) -> bool {
    let Some(best) = passages.first() else {
        return false;
    };
    let sources = passages
        .iter()
        .filter(|p| p.words >= best.words * SECOND_SOURCE)
        .count();
    best.support >= SUPPORTED
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
    pub(crate) meanings: Option<&'a Meanings>,
    pub(crate) urgent: &'a BTreeSet<String>,
    pub(crate) topics: &'a [Topic],
}

impl Extractor<'_> {
    /// Answers from passages found for `question`, best first.
    pub(crate) fn answer(self, question: &Question, passages: &[Passage]) -> Answer {
        let settings = self.settings;
        match passages.first() {
            Some(best) if settings.lines.perhaps.is_some() && may_answer(best) => {
                self.offer(question, best)
            }
            Some(best) if is_grounded(passages, settings.grounding_mode) => Answer {
                sentences: self.choose(question, best),
                sources: vec![cite(best)],
                supported: true,
                perhaps: None,
            },
            _ => self.unsupported(),
        }
    }

    fn unsupported(self) -> Answer {
        Answer {
            sentences: sentences(&self.settings.lines.unsupported),
            sources: Vec::new(),
            supported: false,
            perhaps: None,
        }
    }

    /// Asks whether to say what may be the answer, where the pack has words for it.
    fn offer(self, question: &Question, passage: &Passage) -> Answer {
        let line = self.settings.lines.perhaps.as_ref();
        let topic = passage.topic.as_ref().and_then(|id| {
            let mut topics = self.topics.iter();
            topics.find(|topic| topic.id == *id)
        });
        match (line, topic, self.settings.grounding_mode) {
            (Some(line), Some(topic), GroundingMode::Blended) => Answer {
                sentences: sentences(&line.replace("{topic}", &topic.label)),
                perhaps: Some(Perhaps {
                    sentences: self.choose(question, passage),
                    source: cite(passage),
                }),
                ..self.unsupported()
            },
            _ => self.unsupported(),
        }
    }

    /// The sentences of a passage that answer the question: the nearest one first, then the one before it where it
    /// leans on that, then the direct answer that the document begins with, then the next nearest.
    pub(crate) fn choose(self, question: &Question, passage: &Passage) -> Vec<String> {
        let text = passage.text.as_str();
        let lead = text.split("\n\n").next().unwrap_or(text);
        let lead = sentences(lead).len();
        let all = sentences(text);
        let asked = self.lexicon.terms(&question.text);
        // The title's words are the subject of every sentence; they do not distinguish sentences.
        let subject = self.lexicon.document_stems(&passage.title);
        let wanted: BTreeSet<String> = self
            .lexicon
            .stems(&asked)
            .filter(|stem| !subject.contains(stem))
            .collect();
        let signs = self.aspects.asked_for(Utterance::new(asked));
        let meaning = question.vector.clone();
        // The author put the more important sentence first.
        let favour = |at: usize| match at {
            0 => FIRST,
            at if at < lead => LEAD,
            _ => 0.0,
        };
        let mut ranked: Vec<(usize, f32)> = all
            .iter()
            .enumerate()
            .map(|(at, sentence)| {
                let near = self.nearness(sentence, meaning.as_ref());
                (at, favour(at) + near + self.worth(sentence, &wanted, signs))
            })
            .collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let mut chosen: Vec<usize> = Vec::new();
        let mut choose = |at: usize| {
            let before = at.checked_sub(1).filter(|_| leans_back(&all[at]));
            for at in [Some(at), before].into_iter().flatten() {
                if !chosen.contains(&at) {
                    chosen.push(at);
                }
            }
        };
        let mut ranked = ranked.into_iter();
        let topic = passage.topic.as_ref();
        if topic.is_some_and(|topic| self.urgent.contains(topic)) {
            choose(0);
        }
        if let Some((best, _)) = ranked.next() {
            choose(best);
        }
        choose(0);
        for (at, worth) in ranked {
            if worth > WORTH_SAYING || at < lead {
                choose(at);
            }
        }
        shorten(chosen.into_iter().map(|at| all[at].clone()).collect())
    }

    /// How near a sentence is to the question, where the embedding model is there.
    fn nearness(self, sentence: &str, meaning: Option<&Vector>) -> f32 {
        let known = self.meanings.and_then(|meanings| meanings.known(sentence));
        let nearness = known
            .zip(meaning)
            .map(|(known, meaning)| known.nearness(meaning));
        NEAR * nearness.unwrap_or_default()
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

/// It may answer, but not surely.
pub(crate) fn may_answer(passage: &Passage) -> bool {
    (OFFERED..SURE).contains(&passage.support)
}

fn cite(passage: &Passage) -> Citation {
    Citation {
        source: passage.source.clone(),
        title: passage.title.clone(),
    }
}

fn leans_back(sentence: &str) -> bool {
    let first = sentence.split_whitespace().next().unwrap_or_default();
    LEANING.contains(&&*first.to_lowercase())
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
    pub(crate) fn asked_for(&self, asked: Utterance) -> Option<&BTreeSet<String>> {
        let mut aspects = self.aspects.iter();
        let (_, signs) = aspects.find(|(asks, _)| !asks.matches(&asked).is_empty())?;
        Some(signs)
    }
}

pub(crate) fn has_sign(sentence: &str, signs: &BTreeSet<String>) -> bool {
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
    use super::{Answer, Citation, Perhaps, sentences};

    #[test]
    fn an_offer_is_not_lost_behind_what_nobody_knows() {
        let unknown = Answer {
            sentences: vec!["I do not know.".to_owned()],
            sources: Vec::new(),
            supported: false,
            perhaps: None,
        };
        let offer = Answer {
            sentences: vec!["Shall I speak of films?".to_owned()],
            perhaps: Some(Perhaps {
                sentences: vec!["A film costs one dollar.".to_owned()],
                source: Citation {
                    source: "library/films".to_owned(),
                    title: "Films".to_owned(),
                },
            }),
            ..unknown.clone()
        };
        let both = Answer::together(vec![unknown, offer.clone()]);
        assert_eq!(both, offer);
    }

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
