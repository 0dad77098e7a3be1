//! Ranking: BM25 over chunks, in process, rebuilt whole when the documents change.
//!
//! A pack is some hundred chunks; a query takes well under a millisecond and needs no server.

use std::{collections::BTreeMap, sync::Arc};

use embedding::{Classifier, Vector};
use language::Lexicon;

use crate::{
    chunk::Chunk,
    heard::{Meanings, Sense},
    nearest::Nearest,
    phrasings::Phrasings,
    route::Question,
    trained::Trained,
    trust::{Provenance, Trust},
};

mod entry;
mod hit;
mod words;

pub(crate) use entry::{Asks, Entry, texts};
use hit::Hit;
use words::Words;

/// Saturation of repeated terms, and how far length counts (the usual range is 1.2 to 2 and 0.5 to 0.8).
const K1: f32 = 1.2;
const B: f32 = 0.6;
/// Two query words that stand together in a title or way of asking add this share of their weight.
const PAIR: f32 = 0.4;
/// What it adds to the words' score that a question has all the words of one that the document is known by.
const LIKE: f32 = 26.0;
/// A word of the question before counts as this part of one of this question.
const BEFORE: f32 = 0.35;
/// What the document gains that answered the question before.
const SAME_SOURCE: f32 = 9.0;
/// What the first routed topic's documents gain; the next ones gain half and a third of it.
const TOPIC: f32 = 5.0;
/// What the words add to nearness, for the chunk that scores most by them.
const WORDS: f32 = 0.45;
/// What it adds that the question sounds like the document, as learned from the ways of asking for each.
const LEARNED: f32 = 0.5;
/// Texts that are looked at for what a clause is about.
const LIKELY: usize = 24;
/// Words that score less add less.
const MANY: f32 = 14.0;
/// Chunks that are compared in full: so many that score most by words, and those of so many nearest texts.
const COMPARED: usize = 200;

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
    /// How much of the score the words of document and title give, without what callers are known to say.
    pub words: f32,
    /// How near the question is to the nearest text of the document, where the embedding model is there.
    pub nearness: Option<f32>,
    /// How likely the question is of this document of all, as learned from the ways of asking for each; 0 without the
    /// embedding model.
    pub learned: f32,
    /// Share of the question's meaningful words (by rarity) that the document speaks of, 0 to 1.
    pub coverage: f32,
    /// Log odds that the document answers the question.
    pub support: f32,
    /// What the document says of where its facts come from.
    pub provenance: Provenance,
    /// What is said before it, because it is older than the pack allows.
    pub introduction: Option<String>,
}

/// The index over all chunks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    words: Words,
    phrasings: Arc<Phrasings>,
    /// Which document a question sounds like; the kinds are the places of its first entries in `sources`.
    learned: Option<Arc<Classifier>>,
    sources: Vec<String>,
    nearest: Arc<Nearest>,
}

/// Sources of documents, and which of them a question sounds like.
pub(crate) type Sounds<'a> = (&'a [String], &'a Classifier);

impl Index {
    /// `asks` gives the known ways of asking for a source.
    pub(crate) fn new(
        lexicon: &Lexicon,
        chunks: Vec<Chunk>,
        asks: &BTreeMap<String, Asks>,
    ) -> Self {
        let none = Asks::default();
        let entries: Vec<Entry> = chunks
            .into_iter()
            .map(|chunk| {
                let asks = asks.get(&chunk.source).unwrap_or(&none);
                Entry::new(lexicon, chunk, asks)
            })
            .collect();
        let words = Words::new(&entries);
        let phrasings = Arc::new(Phrasings::new(lexicon, &entries));
        Self {
            phrasings,
            entries,
            words,
            learned: None,
            sources: Vec::new(),
            nearest: Arc::default(),
        }
    }

    /// With chunks that are no documents of the pack, to be ranked among these. How rare a word is stays what it is among
    /// the documents.
    pub(crate) fn with(&self, lexicon: &Lexicon, chunks: Vec<Chunk>) -> Self {
        let mut index = self.clone();
        let (more, none) = (chunks.into_iter(), Asks::default());
        let more: Vec<Entry> = more
            .map(|chunk| Entry::new(lexicon, chunk, &none))
            .collect();
        index.words.add(&more);
        index.entries.extend(more);
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

    /// Gives the texts the meanings that are known, and learns from these which document a question sounds like, where
    /// that was not learned before.
    pub(crate) fn set_meanings(&mut self, meanings: &Meanings, trained: Option<&Trained>) {
        for entry in &mut self.entries {
            let known = entry.texts.iter().filter_map(|text| meanings.known(text));
            entry.meanings = known.cloned().collect();
        }
        let (sources, examples) = self.ways_of_asking(meanings);
        let trained = trained.and_then(|trained| trained.classifier(&sources));
        let learned = trained.unwrap_or_else(|| Classifier::learn(&examples, sources.len()));
        self.learned = Some(Arc::new(learned));
        self.sources = sources;
        let nearest = Nearest::new(self.entries.iter().map(|entry| &*entry.meanings));
        self.nearest = Arc::new(nearest);
    }

    /// The sources of the documents, and what the ways of asking for each mean, with the document's place among them.
    pub(crate) fn ways_of_asking<'a>(
        &self,
        meanings: &'a Meanings,
    ) -> (Vec<String>, Vec<(&'a Vector, usize)>) {
        let (mut sources, mut examples) = (Vec::new(), Vec::new());
        for entry in self.entries.iter().filter(|entry| entry.chunk.ordinal == 0) {
            let known = entry.texts[..entry.asks]
                .iter()
                .filter_map(|text| meanings.known(text));
            examples.extend(known.map(|vector| (vector, sources.len())));
            sources.push(entry.chunk.source.clone());
        }
        (sources, examples)
    }

    /// How much a question sounds like each document, by source.
    fn sounds_like<'a>(
        &'a self,
        meaning: &Vector,
        other: Option<Sounds<'a>>,
    ) -> BTreeMap<&'a str, f32> {
        let own = self
            .learned
            .as_ref()
            .map(|learned| (&*self.sources, &**learned));
        let Some((sources, learned)) = other.or(own) else {
            return BTreeMap::new();
        };
        let sources = sources.iter().map(String::as_str);
        sources.zip(learned.shares(meaning)).collect()
    }

    /// The best passages, one per document, best first; equal scores in order of source.
    pub(crate) fn search(
        &self,
        lexicon: &Lexicon,
        question: &Question,
        k: usize,
        trust: Trust,
    ) -> Vec<Passage> {
        self.search_with(lexicon, question, k, trust, None)
    }

    /// The same with something else learned of which document a question sounds like.
    pub(crate) fn search_with(
        &self,
        lexicon: &Lexicon,
        question: &Question,
        k: usize,
        trust: Trust,
        other: Option<Sounds<'_>>,
    ) -> Vec<Passage> {
        let mut found = self.by_words(lexicon, question);
        if let Some(meaning) = question.meaning() {
            self.keep_likely(&mut found, &meaning);
            let most = found.iter().map(|hit| hit.words).fold(MANY, f32::max);
            let sounds_like = self.sounds_like(&meaning, other);
            for hit in &mut found {
                let entry = &self.entries[hit.entry];
                let nearness = entry.nearness(&meaning);
                let learned = sounds_like.get(&*entry.chunk.source).copied();
                hit.nearness = Some(nearness);
                hit.learned = learned.unwrap_or_default();
                hit.score = nearness + WORDS * hit.words / most + LEARNED * hit.learned;
            }
        }
        for hit in &mut found {
            let chunk = &self.entries[hit.entry].chunk;
            let topic = chunk.topic.as_ref();
            let on_topic = topic.is_some_and(|topic| question.topics.contains(topic));
            hit.support = hit.support(on_topic) - trust.lost_support(chunk.provenance);
            hit.score *= trust.kept(chunk.provenance);
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

    /// Leaves out of many chunks those that neither words nor meaning speak for.
    fn keep_likely(&self, found: &mut Vec<Hit>, meaning: &Vector) {
        if found.len() <= COMPARED {
            return;
        }
        let near = self.nearest.entries(meaning, COMPARED);
        found.sort_by(|a, b| b.words.total_cmp(&a.words));
        let mut place = 0..;
        found.retain(|hit| {
            let is_worded = place.next().is_some_and(|place| place < COMPARED);
            is_worded || near.contains(&hit.entry)
        });
    }

    /// What every chunk scores by its words.
    fn by_words(&self, lexicon: &Lexicon, question: &Question) -> Vec<Hit> {
        let stems = |text: &str| -> Vec<String> { lexicon.stems(&lexicon.terms(text)).collect() };
        let terms = stems(&question.text);
        let before = question.before.as_ref();
        let earlier = before.map_or_else(Vec::new, |before| stems(&before.question));
        let source = before.and_then(|before| before.source.as_deref());
        let likeness = self.phrasings.likeness(&terms);
        let (scores, earlier) = (self.words.scores(&terms), self.words.scores(&earlier));
        let hit = |(entry, of): (usize, &Entry)| {
            let like = likeness.get(&*of.chunk.source).copied().unwrap_or_default();
            let mut words = scores.of(entry)
                + topic_gain(of.chunk.topic.as_deref(), &question.topics)
                + BEFORE * earlier.of(entry)
                + LIKE * like;
            if source == Some(of.chunk.source.as_str()) {
                words += SAME_SOURCE;
            }
            Hit {
                entry,
                score: words,
                words,
                nearness: None,
                learned: 0.0,
                like,
                coverage: scores.coverage(entry),
                support: 0.0,
            }
        };
        self.entries.iter().enumerate().map(hit).collect()
    }

    /// How alike these stems are to each way of asking for a document.
    pub(crate) fn alike(&self, source: &str, stems: &[String]) -> Vec<(&str, f32)> {
        self.phrasings.of(source, stems)
    }

    /// What is nearest to this meaning.
    pub(crate) fn sense(&self, vector: Vector) -> Sense {
        let sounds_like = self.sounds_like(&vector, None);
        let near = self.nearest.entries(&vector, LIKELY);
        let near = near.into_iter().map(|at| {
            let entry = &self.entries[at];
            let share = sounds_like.get(&*entry.chunk.source).copied();
            (
                entry.nearness(&vector),
                share.unwrap_or_default(),
                &entry.chunk.topic,
            )
        });
        let mut nearness: f32 = 0.0;
        let best = near
            .inspect(|(near, ..)| nearness = nearness.max(*near))
            .max_by(|a, b| {
                let score = |(near, share, _): &(f32, f32, _)| near + LEARNED * share;
                score(a).total_cmp(&score(b))
            });
        let (share, topic) = best.map_or((0.0, None), |(_, share, topic)| (share, topic.clone()));
        Sense {
            nearness,
            topic,
            share,
            vector,
        }
    }

    /// What the best document scores for these stems.
    pub(crate) fn best_score(&self, stems: &[String]) -> f32 {
        self.words.scores(stems).best()
    }

    /// BM25's inverse document frequency, never negative.
    pub(crate) fn rarity(&self, stem: &str) -> f32 {
        self.words.rarity(stem)
    }

    /// Whether any document has this stem.
    pub(crate) fn knows(&self, stem: &str) -> bool {
        self.words.knows(stem)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Chunks of which one is nearest to the question, one has its words, and the others have neither.
    fn index(lexicon: &Lexicon) -> Index {
        let chunk = |(source, text): (String, &str)| Chunk {
            source,
            title: "Something".to_owned(),
            topic: None,
            ordinal: 0,
            text: text.to_owned(),
            provenance: Provenance::default(),
        };
        let others = (0..3 * COMPARED).map(|at| (format!("other/{at}"), "Nothing of this."));
        let worded = ("worded".to_owned(), "A parcel can be renewed.");
        let chunks = others.chain([("near".to_owned(), "Packages stay longer."), worded]);
        let mut index = Index::new(lexicon, chunks.map(chunk).collect(), &BTreeMap::new());
        for (at, entry) in index.entries.iter_mut().enumerate() {
            let apart = f32::from(u16::try_from(at).unwrap());
            let meaning = match entry.chunk.source.as_str() {
                "near" => Vector::new(vec![1.0, 0.1]),
                "worded" => Vector::new(vec![0.0, -1.0]),
                _ => Vector::new(vec![1.0, 1.0 + apart / 1000.0]),
            };
            entry.meanings = vec![Vector::new(vec![-1.0, 0.0]), meaning];
        }
        let nearest = Nearest::new(index.entries.iter().map(|entry| &*entry.meanings));
        index.nearest = Arc::new(nearest);
        index
    }

    #[test]
    fn of_many_chunks_those_are_found_that_words_or_meaning_speak_for() {
        let lexicon = Lexicon::new(&BTreeMap::new(), &[], &[]);
        let index = index(&lexicon);
        let mut question = Question::new("can a parcel be renewed", &[]);
        question.vector = Some(Vector::new(vec![1.0, 0.0]));
        let mut hits = index.by_words(&lexicon, &question);
        index.keep_likely(&mut hits, &question.meaning().unwrap());
        let kept: BTreeSet<&str> = hits
            .iter()
            .map(|hit| index.entries[hit.entry].chunk.source.as_str())
            .collect();
        assert!(kept.len() <= 2 * COMPARED, "{} are compared", kept.len());
        assert!(kept.contains("near") && kept.contains("worded"), "{kept:?}");

        let found = index.search(&lexicon, &question, 5, Trust::default());
        assert_eq!(found[0].source, "near", "{found:?}");
        let sense = index.sense(Vector::new(vec![0.1, -1.0]));
        assert!((sense.nearness - 0.995).abs() < 1e-3, "{sense:?}");
        question.vector = Some(Vector::new(vec![0.0, -1.0]));
        let found = index.search(&lexicon, &question, 5, Trust::default());
        assert_eq!(found[0].source, "worded", "{found:?}");
    }
}
