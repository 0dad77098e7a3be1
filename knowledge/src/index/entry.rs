//! A chunk as it is found: by its words, and by what its texts mean.

use std::collections::{BTreeMap, BTreeSet};

use embedding::Vector;
use language::Lexicon;

use super::{LIKE, Passage, count, hit::Hit};
use crate::{answer::sentences, chunk::Chunk, pack::DocumentText};

/// A term in the title counts as this many in the text; one in a known way of asking as these.
const TITLE: f32 = 3.0;
const ASKS: f32 = 1.5;

/// How callers ask for a document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    /// Few, which count as the document's words.
    pub(crate) asks: Vec<String>,
    /// Many, which are compared one by one.
    pub(crate) phrasings: Vec<String>,
}

impl Asks {
    pub(crate) fn of(document: &DocumentText) -> Self {
        Self {
            asks: document.asks.clone(),
            phrasings: document.phrasings.clone(),
        }
    }
}

/// A chunk of a document.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) chunk: Chunk,
    pub(super) terms: BTreeMap<String, f32>,
    pub(super) pairs: BTreeSet<(String, String)>,
    pub(super) length: f32,
    /// What its meaning is found by.
    pub(crate) texts: Vec<String>,
    /// How many of these are the title and the ways of asking.
    pub(crate) asks: usize,
    /// What these mean, as far as that is known.
    pub(super) meanings: Vec<Vector>,
}

impl Entry {
    pub(crate) fn new(lexicon: &Lexicon, chunk: Chunk, asks: &Asks) -> Self {
        let mut terms: BTreeMap<String, f32> = BTreeMap::new();
        let mut pairs = BTreeSet::new();
        let body = lexicon.document_stems(&chunk.text);
        let length = count(body.len());
        let mut add = |stems: &[String], weight: f32, paired: bool| {
            for stem in stems {
                *terms.entry(stem.clone()).or_insert(0.0) += weight;
            }
            if paired {
                pairs.extend(
                    stems
                        .windows(2)
                        .map(|pair| (pair[0].clone(), pair[1].clone())),
                );
            }
        };
        add(&body, 1.0, false);
        add(&lexicon.document_stems(&chunk.title), TITLE, true);
        for ask in &asks.asks {
            add(&lexicon.document_stems(ask), ASKS, true);
        }
        Self {
            texts: texts(&chunk, asks),
            chunk,
            terms,
            pairs,
            length,
            asks: 1 + asks.asks.len() + asks.phrasings.len(),
            meanings: Vec::new(),
        }
    }

    /// How near the nearest of its texts is.
    pub(super) fn nearness(&self, meaning: &Vector) -> f32 {
        let nearness = self.meanings.iter().map(|text| text.nearness(meaning));
        nearness.fold(0.0, f32::max)
    }

    pub(super) fn passage(&self, hit: &Hit) -> Passage {
        Passage {
            source: self.chunk.source.clone(),
            title: self.chunk.title.clone(),
            topic: self.chunk.topic.clone(),
            text: self.chunk.text.clone(),
            score: hit.score,
            words: hit.words - LIKE * hit.like,
            nearness: hit.nearness,
            learned: hit.learned,
            coverage: hit.coverage,
            support: hit.support,
            provenance: self.chunk.provenance,
            introduction: None,
        }
    }
}

/// What a chunk's meaning is found by: title, known ways of asking, paragraphs, sentences.
pub(crate) fn texts(chunk: &Chunk, asks: &Asks) -> Vec<String> {
    let mut texts = vec![chunk.title.clone()];
    texts.extend(asks.asks.iter().chain(&asks.phrasings).cloned());
    texts.extend(chunk.text.split("\n\n").map(str::to_owned));
    texts.extend(sentences(&chunk.text));
    texts
}
