//! An answer taken from the documents themselves, for when no language model is there to phrase one.

use std::collections::{BTreeMap, BTreeSet};

use embedding::Vector;
use language::Lexicon;

use crate::{
    heard::Meanings,
    index::{Index, Passage},
    lines::Lines,
    pack::{DocumentText, GroundingMode, Settings, Topic},
    route::Question,
};

mod aspects;
mod choice;

pub(crate) use aspects::{Aspects, has_sign};

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
    /// What the documents say beside that, in their order.
    pub rest: Vec<More>,
}

/// A sentence that is said to a caller who wants to hear more.
#[derive(Clone, Debug, PartialEq)]
pub struct More {
    /// The sentence.
    pub sentence: String,
    /// Where it comes from.
    pub source: Citation,
}

/// An answer that is said to a caller who agrees.
#[derive(Clone, Debug, PartialEq)]
pub struct Perhaps {
    /// What it is about, in words that callers are asked with.
    pub label: String,
    /// What the document says beside that, in its order.
    pub rest: Vec<More>,
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
        for mut answer in answers {
            let said = &together.sentences;
            answer.sentences.retain(|sentence| !said.contains(sentence));
            let cut = answer
                .sentences
                .split_off(limit.min(answer.sentences.len()));
            if let Some(source) = answer.sources.first() {
                let more = |sentence| More {
                    sentence,
                    source: source.clone(),
                };
                together.rest.extend(cut.into_iter().map(more));
            }
            together.rest.append(&mut answer.rest);
            together.sentences.append(&mut answer.sentences);
            together.sources.append(&mut answer.sources);
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
}

/// It may answer, but not surely.
pub(crate) fn may_answer(passage: &Passage) -> bool {
    (OFFERED..SURE).contains(&passage.support)
}

/// What a passage says beside these sentences.
fn rest(passage: &Passage, said: &[String]) -> Vec<More> {
    let all = sentences(&passage.text).into_iter();
    let unsaid = all.filter(|sentence| !said.contains(sentence));
    let more = |sentence| More {
        sentence,
        source: cite(passage),
    };
    unsaid.map(more).collect()
}

fn cite(passage: &Passage) -> Citation {
    Citation {
        source: passage.source.clone(),
        title: passage.title.clone(),
    }
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
    fn what_does_not_fit_into_an_answer_to_two_questions_is_told_to_whoever_wants_more() {
        let answer = |title: &str, sentences: &[&str]| Answer {
            sentences: sentences.iter().map(|text| (*text).to_owned()).collect(),
            sources: vec![Citation {
                source: title.to_lowercase(),
                title: title.to_owned(),
            }],
            supported: true,
            perhaps: Vec::new(),
            rest: Vec::new(),
        };
        let both = Answer::together(vec![
            answer("Films", &["One.", "Two.", "Three."]),
            answer("Fines", &["Four."]),
        ]);
        assert_eq!(both.sentences, ["One.", "Two.", "Four."]);
        let rest: Vec<(&str, &str)> = both
            .rest
            .iter()
            .map(|more| (&*more.sentence, &*more.source.title))
            .collect();
        assert_eq!(rest, [("Three.", "Films")]);
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
