//! Which sentences of a passage answer a question.

use std::collections::BTreeSet;

use embedding::Vector;
use language::phrase::Utterance;

use super::{Extractor, MAX_SENTENCES, MAX_WORDS, aspects::has_sign, sentences};
use crate::{index::Passage, route::Question};

/// Added to the first sentence of a document, and to the others of its first paragraph.
const FIRST: f32 = 0.8;
const LEAD: f32 = 1.2;
/// A sentence beyond the first paragraph is worth this much to be said beside the best one.
const WORTH_SAYING: f32 = 1.5;
/// What a sentence that means the question gains.
const NEAR: f32 = 12.0;
/// What a sentence gains that answers what means the same.
const ASKED: f32 = 18.0;
/// Added to a sentence that speaks of the aspect asked for; about the weight of one rare word.
const ASPECT: f32 = 3.0;
/// Words by which a sentence leans on the one before it.
const LEANING: [&str; 8] = [
    "it", "they", "this", "that", "these", "those", "then", "both",
];

impl Extractor<'_> {
    /// The sentences of a passage that answer the question: the nearest one first, with the one before it where it leans
    /// on that, then the next nearest of those that are worth saying. Whoever is in need hears the first one first.
    pub(crate) fn choose(self, question: &Question, passage: &Passage) -> Vec<String> {
        let text = passage.text.as_str();
        let lead = text.split("\n\n").next().unwrap_or(text);
        let lead = sentences(lead).len();
        let all = sentences(text);
        let mut chosen: Vec<usize> = Vec::new();
        let mut choose = |at: usize| {
            let before = at.checked_sub(1).filter(|_| leans_back(&all[at]));
            for at in [Some(at), before].into_iter().flatten() {
                if !chosen.contains(&at) {
                    chosen.push(at);
                }
            }
        };
        let topic = passage.topic.as_ref();
        if topic.is_some_and(|topic| self.urgent.contains(topic)) {
            choose(0);
        }
        let ranked = self.ranked(question, passage, &all, lead).into_iter();
        for (place, (at, worth)) in ranked.enumerate() {
            if place == 0 || worth > WORTH_SAYING || at < lead {
                choose(at);
            }
        }
        shorten(chosen.into_iter().map(|at| all[at].clone()).collect())
    }

    /// The places of all sentences with what each is worth as an answer, the best first.
    fn ranked(
        self,
        question: &Question,
        passage: &Passage,
        all: &[String],
        lead: usize,
    ) -> Vec<(usize, f32)> {
        let asked = self.lexicon.terms(&question.text);
        // The title's words are the subject of every sentence; they do not distinguish sentences.
        let subject = self.lexicon.document_stems(&passage.title);
        let wanted = self.lexicon.stems(&asked);
        let wanted: BTreeSet<String> = wanted.filter(|stem| !subject.contains(stem)).collect();
        let signs = self.aspects.asked_for(&Utterance::new(asked));
        let meaning = question.vector.as_ref();
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
        let worth = |(at, sentence): (usize, &String)| {
            let words = alike.iter().filter(|(answer, _)| *answer == sentence);
            let words = words.map(|(_, likeness)| ASKED * likeness);
            let asked = words.fold(self.asked(&passage.source, sentence, meaning), f32::max);
            let near = self.nearness(sentence, meaning);
            let worth = self.worth(sentence, &wanted, signs.as_ref());
            (at, favour(at) + near + asked + worth)
        };
        let mut ranked: Vec<(usize, f32)> = all.iter().enumerate().map(worth).collect();
        ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        ranked
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
