//! An answer taken from the documents themselves, for when no language model is there to phrase one.

use std::collections::{BTreeMap, BTreeSet};

use embedding::Vector;
use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};

use crate::{
    heard::Meanings,
    index::{Index, Passage},
    pack::{Aspect, DocumentText, GroundingMode, Lines, Settings, Topic},
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
/// A second document of another topic that scores less than this below the first may be the one too.
const EITHER: f32 = 0.12;
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
/// What a sentence gains that answers what means the same.
const ASKED: f32 = 18.0;
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
    /// What may answer it: `sentences` ask whether to say it, or which of two.
    pub perhaps: Vec<Perhaps>,
    /// What else the document says, in its order.
    pub rest: Vec<String>,
}

/// An answer that is said to a caller who agrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Perhaps {
    /// What it is about, in words that callers are asked with.
    pub label: String,
    /// What else the document says, in its order.
    pub rest: Vec<String>,
    /// What to say, one sentence an item.
    pub sentences: Vec<String>,
    /// Where it comes from.
    pub source: Citation,
}

impl Answer {
    /// Offers the first of two alone.
    pub fn offer_first(&mut self, lines: &Lines) {
        self.perhaps.truncate(1);
        if let Some((line, first)) = lines.perhaps.as_ref().zip(self.perhaps.first()) {
            self.sentences = sentences(&line.replace("{topic}", &first.label));
        }
    }

    /// One answer to several questions, in their order: what is known, then that the rest is not.
    #[must_use]
    pub fn together(mut answers: Vec<Self>) -> Self {
        // What is known first, then what may be known: an offer is not lost behind a "no".
        answers.sort_by_key(|answer| (!answer.supported, answer.perhaps.is_empty()));
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
            perhaps: answers
                .iter()
                .find(|answer| !answer.perhaps.is_empty())
                .map_or_else(Vec::new, |answer| answer.perhaps.clone()),
            rest: Vec::new(),
        };
        for answer in answers {
            let said = &together.sentences;
            let new = answer
                .sentences
                .into_iter()
                .filter(|sentence| !said.contains(sentence));
            let new: Vec<String> = new.take(limit).collect();
            together.rest.extend(answer.rest);
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
/// mode: one good source; or two when strict, of which one may be `beside` the documents.
#[must_use]
pub fn is_grounded(passages: &[Passage], beside: &[Citation], mode: GroundingMode) -> bool {
    passages.first().is_some_and(|best| {
        best.support >= SUPPORTED
            && match mode {
                GroundingMode::Blended => true,
                GroundingMode::Strict => speaking(passages).count() + beside.len() >= 2,
            }
    })
}

/// The passages that count as sources beside the best one, and that.
fn speaking(passages: &[Passage]) -> impl Iterator<Item = &Passage> {
    let least = passages
        .first()
        .map_or(0.0, |best| best.words * SECOND_SOURCE);
    passages.iter().filter(move |p| p.words >= least)
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
    pub(crate) answered_by: &'a BTreeMap<String, Vec<(String, Vector)>>,
    pub(crate) documents: &'a [DocumentText],
}

impl Extractor<'_> {
    /// Answers from passages found for `question`, best first.
    pub(crate) fn answer(
        self,
        question: &Question,
        passages: &[Passage],
        beside: &[Citation],
    ) -> Answer {
        let settings = self.settings;
        match passages.first() {
            Some(best) if settings.lines.perhaps.is_some() && may_answer(best) => {
                self.offer(question, passages)
            }
            Some(best) if is_grounded(passages, beside, settings.grounding_mode) => {
                let sentences = self.told(question, best);
                Answer {
                    rest: rest(best, &sentences),
                    sentences,
                    sources: self.rests_on(passages, beside),
                    supported: true,
                    perhaps: Vec::new(),
                }
            }
            _ => self.unsupported(),
        }
    }

    /// The source whose sentences are said; where two are wanted, the second too.
    fn rests_on(self, passages: &[Passage], beside: &[Citation]) -> Vec<Citation> {
        let wanted = match self.settings.grounding_mode {
            GroundingMode::Blended => 1,
            GroundingMode::Strict => 2,
        };
        let sources = speaking(passages).map(cite).chain(beside.iter().cloned());
        sources.take(wanted).collect()
    }

    fn unsupported(self) -> Answer {
        Answer {
            sentences: sentences(&self.settings.lines.unsupported),
            sources: Vec::new(),
            supported: false,
            perhaps: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// Asks whether to say what may be the answer, or which of two it is, where the pack has words for it.
    fn offer(self, question: &Question, passages: &[Passage]) -> Answer {
        let lines = &self.settings.lines;
        let blended = self.settings.grounding_mode == GroundingMode::Blended;
        let mut offered = passages.iter().filter_map(|passage| {
            let topic = self
                .topics
                .iter()
                .find(|topic| Some(&topic.id) == passage.topic.as_ref())?;
            let sentences = self.told(question, passage);
            let perhaps = Perhaps {
                label: topic.label.clone(),
                rest: rest(passage, &sentences),
                sentences,
                source: cite(passage),
            };
            Some((perhaps, passage.score))
        });
        let (Some(line), Some((first, score)), true) = (&lines.perhaps, offered.next(), blended)
        else {
            return self.unsupported();
        };
        let other = offered.find(|(other, _)| other.label != first.label);
        let other = other.filter(|(_, other)| score - other < EITHER);
        let (line, perhaps) = match (&lines.either, other) {
            (Some(line), Some((other, _))) => {
                let line = line.replace("{one}", &first.label);
                (line.replace("{other}", &other.label), vec![first, other])
            }
            _ => (line.replace("{topic}", &first.label), vec![first]),
        };
        Answer {
            sentences: sentences(&line),
            perhaps,
            ..self.unsupported()
        }
    }

    /// What a passage says to the question, behind its introduction where it has one.
    fn told(self, question: &Question, passage: &Passage) -> Vec<String> {
        let introduction = passage.introduction.iter().cloned();
        introduction.chain(self.choose(question, passage)).collect()
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
        let stems: Vec<String> = self.lexicon.stems(&asked).collect();
        let wanted = stems.iter().filter(|stem| !subject.contains(*stem));
        let wanted: BTreeSet<String> = wanted.cloned().collect();
        let signs = self.aspects.asked_for(&Utterance::new(asked));
        let meaning = question.vector.clone();
        let alike = match meaning {
            Some(_) => Vec::new(),
            None => self.alike(&passage.source, &wanted),
        };
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
                let words = alike.iter().filter(|(answer, _)| *answer == sentence);
                let words = words.map(|(_, likeness)| ASKED * likeness);
                let asked = self.asked(&passage.source, sentence, meaning.as_ref());
                let asked = words.fold(asked, f32::max);
                let worth = self.worth(sentence, &wanted, signs.as_ref());
                (at, favour(at) + near + asked + worth)
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

    /// How alike the question is, by its words, to what the pack says the sentences of a document answer.
    fn alike(&self, source: &str, stems: &BTreeSet<String>) -> Vec<(&str, f32)> {
        let mut documents = self.documents.iter();
        let Some(document) = documents.find(|document| document.source == source) else {
            return Vec::new();
        };
        let stems: Vec<String> = stems.iter().cloned().collect();
        let alike = self.index.alike(source, &stems).into_iter();
        let answered = alike.filter_map(|(ask, likeness)| {
            let answer = document.answered_by.get(ask)?;
            Some((answer.as_str(), likeness))
        });
        answered.collect()
    }

    /// How near the question is to what the pack says this sentence answers.
    fn asked(self, source: &str, sentence: &str, meaning: Option<&Vector>) -> f32 {
        let Some((asks, meaning)) = self.answered_by.get(source).zip(meaning) else {
            return 0.0;
        };
        let asks = asks.iter().filter(|(answer, _)| answer == sentence);
        let near = asks.map(|(_, ask)| ask.nearness(meaning));
        ASKED * near.fold(0.0, f32::max)
    }

    /// How much of the question a sentence speaks of, by the words' rarity.
    fn worth(
        self,
        sentence: &str,
        wanted: &BTreeSet<String>,
        signs: Option<&BTreeSet<&str>>,
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

/// What a passage says beside these sentences.
fn rest(passage: &Passage, said: &[String]) -> Vec<String> {
    let all = sentences(&passage.text).into_iter();
    all.filter(|sentence| !said.contains(sentence)).collect()
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
            perhaps: Vec::new(),
            rest: Vec::new(),
        };
        let offer = Answer {
            sentences: vec!["Shall I speak of films?".to_owned()],
            perhaps: vec![Perhaps {
                label: "films".to_owned(),
                rest: Vec::new(),
                sentences: vec!["A film costs one dollar.".to_owned()],
                source: Citation {
                    source: "library/films".to_owned(),
                    title: "Films".to_owned(),
                },
            }],
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
