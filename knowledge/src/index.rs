//! Ranking: BM25 over chunks, in process, rebuilt whole when the documents change.
//!
//! A pack is some hundred chunks; a query takes well under a millisecond and needs no server.

use std::collections::{BTreeMap, BTreeSet};

use embedding::Vector;
use language::Lexicon;

use crate::{
    answer::sentences,
    chunk::Chunk,
    heard::{Meanings, Sense},
    route::Question,
};

/// Saturation of repeated terms, and how far length counts (the usual range is 1.2 to 2 and 0.5 to 0.8).
const K1: f32 = 1.2;
const B: f32 = 0.6;
/// A term in the title counts as this many in the text; one in a known way of asking as these.
const TITLE: f32 = 3.0;
const ASKS: f32 = 1.5;
/// Two query words that stand together in a title or way of asking add this share of their weight.
const PAIR: f32 = 0.4;
/// A word of the question before counts as this part of one of this question.
const BEFORE: f32 = 0.35;
/// What the document gains that answered the question before.
const SAME_SOURCE: f32 = 6.5;
/// What the first routed topic's documents gain; the next ones gain half and a third of it.
const TOPIC: f32 = 5.0;
/// What the words add to nearness, for the chunk that scores most by them.
const WORDS: f32 = 0.45;
/// Words that score less add less.
const MANY: f32 = 14.0;

/// A passage that may answer a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// The document's source id, `library/opening-hours`.
    pub source: String,
    /// The document's title.
    pub title: String,
    /// The document's topic.
    pub topic: Option<String>,
    /// The chunk's text.
    pub text: String,
    /// Higher is better; comparable within one search only.
    pub score: f32,
    /// How much of the score the words alone give.
    pub words: f32,
    /// How near the question is to the nearest text of the document, where the embedding model is there.
    pub nearness: Option<f32>,
    /// Share of the question's meaningful words (by rarity) that the document speaks of, 0 to 1.
    pub coverage: f32,
    /// Log odds that the document answers the question.
    pub support: f32,
}

/// The index over all chunks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    /// In how many entries a stem occurs.
    frequency: BTreeMap<String, usize>,
    average_length: f32,
}

#[derive(Clone, Debug)]
struct Entry {
    chunk: Chunk,
    terms: BTreeMap<String, f32>,
    pairs: BTreeSet<(String, String)>,
    length: f32,
    /// What its meaning is found by: title, known ways of asking, paragraphs, sentences.
    texts: Vec<String>,
    /// How many of these are the title and the ways of asking.
    asks: usize,
    /// What these mean, as far as that is known.
    meanings: Vec<Vector>,
}

/// What one chunk scores.
#[derive(Debug)]
struct Hit {
    entry: usize,
    score: f32,
    words: f32,
    nearness: Option<f32>,
    coverage: f32,
    support: f32,
}

impl Index {
    /// `asks` gives the known ways of asking for a source.
    pub(crate) fn new(
        lexicon: &Lexicon,
        chunks: Vec<Chunk>,
        asks: &BTreeMap<String, Vec<String>>,
    ) -> Self {
        let none = Vec::new();
        let entries: Vec<Entry> = chunks
            .into_iter()
            .map(|chunk| {
                let asks = asks.get(&chunk.source).unwrap_or(&none);
                Entry::new(lexicon, chunk, asks)
            })
            .collect();
        let mut frequency = BTreeMap::new();
        for stem in entries.iter().flat_map(|entry| entry.terms.keys()) {
            *frequency.entry(stem.clone()).or_insert(0) += 1;
        }
        let total: f32 = entries.iter().map(|entry| entry.length).sum();
        let average_length = (total / count(entries.len().max(1))).max(1.0);
        Self {
            entries,
            frequency,
            average_length,
        }
    }

    /// With chunks that are no documents of the pack, to be ranked among these. How rare a word is stays what it is among
    /// the documents.
    pub(crate) fn with(&self, lexicon: &Lexicon, chunks: Vec<Chunk>) -> Self {
        let mut index = self.clone();
        let more = chunks.into_iter();
        index
            .entries
            .extend(more.map(|chunk| Entry::new(lexicon, chunk, &[])));
        index
    }

    /// Gives the last `entries` what their texts mean, and returns these.
    pub(crate) fn set_meanings_of_last(&mut self, entries: usize, meanings: &Meanings) -> Meanings {
        let from = self.entries.len().saturating_sub(entries);
        let last = &mut self.entries[from..];
        let texts = last.iter().flat_map(|entry| entry.texts.iter().cloned());
        let own = meanings.of_others(&texts.collect());
        for entry in last {
            let known = entry.texts.iter().filter_map(|text| own.known(text));
            entry.meanings = known.cloned().collect();
        }
        own
    }

    /// Titles and known ways of asking.
    pub(crate) fn asks(&self) -> impl Iterator<Item = &str> {
        let entries = self.entries.iter().filter(|entry| entry.chunk.ordinal == 0);
        entries.flat_map(|entry| entry.texts[..entry.asks].iter().map(String::as_str))
    }

    /// The texts whose meaning counts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .flat_map(|entry| entry.texts.iter().map(String::as_str))
    }

    /// Gives the texts the meanings that are known.
    pub(crate) fn set_meanings(&mut self, meanings: &Meanings) {
        for entry in &mut self.entries {
            let known = entry.texts.iter().filter_map(|text| meanings.known(text));
            entry.meanings = known.cloned().collect();
        }
    }

    /// The best passages, one per document, best first; equal scores in order of source.
    pub(crate) fn search(&self, lexicon: &Lexicon, question: &Question, k: usize) -> Vec<Passage> {
        let mut found = self.by_words(lexicon, question);
        if let Some(meaning) = question.meaning() {
            let most = found.iter().map(|hit| hit.words).fold(MANY, f32::max);
            for hit in &mut found {
                let nearness = self.entries[hit.entry].nearness(&meaning);
                hit.nearness = Some(nearness);
                hit.score = nearness + WORDS * hit.words / most;
            }
        }
        for hit in &mut found {
            let topic = self.entries[hit.entry].chunk.topic.as_ref();
            let on_topic = topic.is_some_and(|topic| question.topics.contains(topic));
            hit.support = hit.support(on_topic);
        }
        found.sort_by(|a, b| {
            let source = |hit: &Hit| &self.entries[hit.entry].chunk.source;
            b.score
                .total_cmp(&a.score)
                .then_with(|| source(a).cmp(source(b)))
        });
        let mut passages: Vec<Passage> = Vec::new();
        for hit in found {
            let source = &self.entries[hit.entry].chunk.source;
            let is_new = passages.iter().all(|passage| passage.source != *source);
            if passages.len() < k && is_new && (hit.words > 0.0 || hit.nearness.is_some()) {
                passages.push(self.entries[hit.entry].passage(&hit));
            }
        }
        passages
    }

    /// What every chunk scores by its words.
    fn by_words(&self, lexicon: &Lexicon, question: &Question) -> Vec<Hit> {
        let stems = |text: &str| -> Vec<String> { lexicon.stems(&lexicon.terms(text)).collect() };
        let terms = stems(&question.text);
        let before = question.before.as_ref();
        let earlier = before.map_or_else(Vec::new, |before| stems(&before.question));
        let source = before.and_then(|before| before.source.as_deref());
        let hit = |(entry, of): (usize, &Entry)| {
            let mut words = self.score(of, &terms)
                + topic_gain(of.chunk.topic.as_deref(), &question.topics)
                + BEFORE * self.score(of, &earlier);
            if source == Some(of.chunk.source.as_str()) {
                words += SAME_SOURCE;
            }
            Hit {
                entry,
                score: words,
                words,
                nearness: None,
                coverage: self.coverage(of, &terms),
                support: 0.0,
            }
        };
        self.entries.iter().enumerate().map(hit).collect()
    }

    /// What is nearest to this meaning.
    pub(crate) fn sense(&self, vector: Vector) -> Sense {
        let entries = self.entries.iter();
        let near = entries.map(|entry| (entry.nearness(&vector), &entry.chunk.topic));
        let nearest = near.max_by(|(a, _), (b, _)| a.total_cmp(b));
        Sense {
            nearness: nearest.map_or(0.0, |(nearness, _)| nearness),
            topic: nearest.and_then(|(_, topic)| topic.clone()),
            vector,
        }
    }

    /// What the best document scores for these stems.
    pub(crate) fn best_score(&self, stems: &[String]) -> f32 {
        let entries = self.entries.iter();
        entries
            .map(|entry| self.score(entry, stems))
            .fold(0.0, f32::max)
    }

    fn score(&self, entry: &Entry, terms: &[String]) -> f32 {
        let norm = K1 * (1.0 - B + B * entry.length / self.average_length);
        let single: f32 = terms
            .iter()
            .filter_map(|term| {
                entry
                    .terms
                    .get(term)
                    .map(|tf| self.rarity(term) * tf * (K1 + 1.0) / (tf + norm))
            })
            .sum();
        let pairs: f32 = terms
            .windows(2)
            .filter(|pair| entry.pairs.contains(&(pair[0].clone(), pair[1].clone())))
            .map(|pair| PAIR * (self.rarity(&pair[0]) + self.rarity(&pair[1])))
            .sum();
        single + pairs
    }

    /// BM25's inverse document frequency, never negative.
    pub(crate) fn rarity(&self, stem: &str) -> f32 {
        let n = count(self.frequency.get(stem).copied().unwrap_or(0));
        let all = count(self.entries.len());
        (1.0 + (all - n + 0.5) / (n + 0.5)).ln()
    }

    /// Whether any document has this stem.
    pub(crate) fn knows(&self, stem: &str) -> bool {
        self.frequency.contains_key(stem)
    }

    fn coverage(&self, entry: &Entry, terms: &[String]) -> f32 {
        let weight = |found: bool| -> f32 {
            terms
                .iter()
                .filter(|t| !found || entry.terms.contains_key(*t))
                .map(|t| self.rarity(t))
                .sum()
        };
        let all = weight(false);
        if all > 0.0 { weight(true) / all } else { 0.0 }
    }
}

impl Entry {
    fn new(lexicon: &Lexicon, chunk: Chunk, asks: &[String]) -> Self {
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
        for ask in asks {
            add(&lexicon.document_stems(ask), ASKS, true);
        }
        let mut texts = vec![chunk.title.clone()];
        texts.extend(asks.iter().cloned());
        texts.extend(chunk.text.split("\n\n").map(str::to_owned));
        texts.extend(sentences(&chunk.text));
        Self {
            chunk,
            terms,
            pairs,
            length,
            texts,
            asks: 1 + asks.len(),
            meanings: Vec::new(),
        }
    }

    /// How near the nearest of its texts is.
    fn nearness(&self, meaning: &Vector) -> f32 {
        let nearness = self.meanings.iter().map(|text| text.nearness(meaning));
        nearness.fold(0.0, f32::max)
    }

    fn passage(&self, hit: &Hit) -> Passage {
        Passage {
            source: self.chunk.source.clone(),
            title: self.chunk.title.clone(),
            topic: self.chunk.topic.clone(),
            text: self.chunk.text.clone(),
            score: hit.score,
            words: hit.words,
            nearness: hit.nearness,
            coverage: hit.coverage,
            support: hit.support,
        }
    }
}

impl Hit {
    /// Log odds that the chunk answers the question, fitted to the tests of three packs; see `docs/understanding.md`.
    fn support(&self, on_topic: bool) -> f32 {
        let words = self.words.min(30.0) / 10.0;
        let on_topic = if on_topic { 1.0 } else { 0.0 };
        match self.nearness {
            Some(near) => 3.1 * near + 1.6 * words + 2.0 * self.coverage + 0.1 * on_topic - 2.7,
            None => 1.9 * words + 2.4 * self.coverage + 0.9 * on_topic - 2.2,
        }
    }
}

fn topic_gain(topic: Option<&str>, topics: &[String]) -> f32 {
    let place = topics
        .iter()
        .position(|wanted| Some(wanted.as_str()) == topic);
    place.map_or(0.0, |place| TOPIC / count(place + 1))
}

fn count(n: usize) -> f32 {
    f32::from(u16::try_from(n).unwrap_or(u16::MAX))
}
