//! What every entry scores by its words: BM25, by an inverted index with the weights made beforehand.

use std::collections::HashMap;

use super::{B, Entry, K1, PAIR, count};

/// Which entries have a word, and what it weighs in each.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    by_stem: HashMap<String, Word>,
    /// Entries that have been added.
    entries: usize,
    /// Entries that say how rare and how long is usual.
    documents: usize,
    average_length: f32,
}

/// One word of the entries.
#[derive(Clone, Debug, Default)]
struct Word {
    /// In how many documents it occurs.
    frequency: usize,
    rarity: f32,
    /// The places of entries that have it, and what it adds to the score of each.
    entries: Vec<(usize, f32)>,
    /// The words that stand behind it in a title or way of asking, with the entries that have the two so.
    before: HashMap<String, Vec<usize>>,
}

/// What some words score in every entry.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    single: Vec<f32>,
    pairs: Vec<f32>,
    /// The rarities of the words that an entry has.
    held: Vec<f32>,
    /// Of all words.
    all: f32,
}

impl Words {
    /// Of the pack's documents.
    pub(super) fn new(entries: &[Entry]) -> Self {
        let total: f32 = entries.iter().map(|entry| entry.length).sum();
        let mut words = Self {
            documents: entries.len(),
            average_length: (total / count(entries.len().max(1))).max(1.0),
            ..Self::default()
        };
        for stem in entries.iter().flat_map(|entry| entry.terms.keys()) {
            words.by_stem.entry(stem.clone()).or_default().frequency += 1;
        }
        let all = count(words.documents);
        for word in words.by_stem.values_mut() {
            word.rarity = rarity(word.frequency, all);
        }
        words.add(entries);
        words
    }

    /// Adds entries that are no documents of the pack. How rare a word is stays what it is among the documents.
    pub(super) fn add(&mut self, entries: &[Entry]) {
        let unknown = rarity(0, count(self.documents));
        let new = |rarity| Word {
            rarity,
            ..Word::default()
        };
        for (at, entry) in (self.entries..).zip(entries) {
            let norm = K1 * (1.0 - B + B * entry.length / self.average_length);
            for (stem, times) in &entry.terms {
                let word = self.by_stem.entry(stem.clone());
                let word = word.or_insert_with(|| new(unknown));
                let weight = word.rarity * times * (K1 + 1.0) / (times + norm);
                word.entries.push((at, weight));
            }
            for (first, second) in &entry.pairs {
                let word = self.by_stem.entry(first.clone());
                let word = word.or_insert_with(|| new(unknown));
                word.before.entry(second.clone()).or_default().push(at);
            }
        }
        self.entries += entries.len();
    }

    /// BM25's inverse document frequency, never negative.
    pub(super) fn rarity(&self, stem: &str) -> f32 {
        let word = self.by_stem.get(stem);
        word.map_or_else(|| rarity(0, count(self.documents)), |word| word.rarity)
    }

    /// Whether any document has this stem.
    pub(super) fn knows(&self, stem: &str) -> bool {
        let word = self.by_stem.get(stem);
        word.is_some_and(|word| word.frequency > 0)
    }

    /// What these stems score in every entry.
    pub(super) fn scores(&self, stems: &[String]) -> Scores {
        let mut scores = Scores {
            single: vec![0.0; self.entries],
            pairs: vec![0.0; self.entries],
            held: vec![0.0; self.entries],
            all: 0.0,
        };
        for stem in stems {
            scores.all += self.rarity(stem);
            let Some(word) = self.by_stem.get(stem) else {
                continue;
            };
            for (at, weight) in &word.entries {
                scores.single[*at] += weight;
                scores.held[*at] += word.rarity;
            }
        }
        for pair in stems.windows(2) {
            let word = self.by_stem.get(&pair[0]);
            let Some(entries) = word.and_then(|word| word.before.get(&pair[1])) else {
                continue;
            };
            let weight = PAIR * (self.rarity(&pair[0]) + self.rarity(&pair[1]));
            for at in entries {
                scores.pairs[*at] += weight;
            }
        }
        scores
    }
}

impl Scores {
    /// What an entry scores.
    pub(super) fn of(&self, entry: usize) -> f32 {
        self.single[entry] + self.pairs[entry]
    }

    /// Share of the words, by their rarity, that an entry has, 0 to 1.
    pub(super) fn coverage(&self, entry: usize) -> f32 {
        if self.all > 0.0 {
            self.held[entry] / self.all
        } else {
            0.0
        }
    }

    /// The highest score.
    pub(super) fn best(&self) -> f32 {
        let both = self.single.iter().zip(&self.pairs);
        both.map(|(single, pairs)| single + pairs)
            .fold(0.0, f32::max)
    }
}

fn rarity(frequency: usize, all: f32) -> f32 {
    let n = count(frequency);
    (1.0 + (all - n + 0.5) / (n + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use language::{
        Lexicon,
        phrase::{Phrase, Phrases, Utterance},
    };

    use super::{B, Entry, K1, PAIR, Words, count, rarity};
    use crate::{KnowledgeBase, chunk::chunks, index::Asks};

    /// The definition, entry by entry and word by word.
    struct Plain<'a> {
        entries: &'a [Entry],
        average_length: f32,
    }

    impl Plain<'_> {
        fn rarity(&self, stem: &str) -> f32 {
            let with = self
                .entries
                .iter()
                .filter(|entry| entry.terms.contains_key(stem));
            rarity(with.count(), count(self.entries.len()))
        }

        fn score(&self, entry: &Entry, rarities: &[f32], stems: &[String]) -> f32 {
            let norm = K1 * (1.0 - B + B * entry.length / self.average_length);
            let terms = stems.iter().zip(rarities);
            let single = terms.filter_map(|(stem, rarity)| {
                let times = entry.terms.get(stem)?;
                Some(rarity * times * (K1 + 1.0) / (times + norm))
            });
            let pairs = stems.windows(2).zip(rarities.windows(2));
            let pairs =
                pairs.filter(|(pair, _)| entry.pairs.contains(&(pair[0].clone(), pair[1].clone())));
            single.sum::<f32>()
                + pairs
                    .map(|(_, pair)| PAIR * (pair[0] + pair[1]))
                    .sum::<f32>()
        }
    }

    #[test]
    fn scores_are_those_of_the_definition_for_every_question_of_the_packs_tests() {
        for pack in ["bank", "property", "shop"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../packs")
                .join(pack);
            let base = KnowledgeBase::load(&folder).unwrap();
            let documents = &base.pack().documents;
            let entries: Vec<Entry> = documents
                .iter()
                .flat_map(|document| {
                    chunks(document)
                        .into_iter()
                        .map(move |chunk| (document, chunk))
                })
                .map(|(document, chunk)| Entry::new(base.lexicon(), chunk, &Asks::of(document)))
                .collect();
            let words = Words::new(&entries);
            let total: f32 = entries.iter().map(|entry| entry.length).sum();
            let plain = Plain {
                entries: &entries,
                average_length: (total / count(entries.len())).max(1.0),
            };
            let tests = base.tests(&folder).unwrap();
            let mut compared = 0;
            for turn in tests.iter().flat_map(|test| &test.turns) {
                let terms = base.lexicon().terms(&turn.said);
                let stems: Vec<String> = base.lexicon().stems(&terms).collect();
                let rarities: Vec<f32> = stems.iter().map(|stem| plain.rarity(stem)).collect();
                let scores = words.scores(&stems);
                let mut best: f32 = 0.0;
                for (at, entry) in entries.iter().enumerate() {
                    let wanted = plain.score(entry, &rarities, &stems);
                    assert!(
                        (scores.of(at) - wanted).abs() <= f32::EPSILON,
                        "{} for {:?}: {}, not {wanted}",
                        entry.chunk.source,
                        turn.said,
                        scores.of(at)
                    );
                    best = best.max(wanted);
                }
                assert!((scores.best() - best).abs() <= f32::EPSILON);
                compared += 1;
            }
            assert!(compared > 400, "{compared} questions of {pack}");
        }
    }

    #[test]
    fn phrases_match_what_each_matches_alone_in_every_turn_of_the_packs_tests() {
        for pack in ["bank", "property", "shop"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../packs")
                .join(pack);
            let base = KnowledgeBase::load(&folder).unwrap();
            let lexicon: &Lexicon = base.lexicon();
            let pack = base.pack();
            let topics = pack
                .topics
                .iter()
                .map(|topic| (&topic.phrases, &topic.unless));
            let talk = pack
                .small_talk
                .iter()
                .map(|talk| (&talk.phrases, &talk.unless));
            let parse = |written: &[String]| -> Vec<Phrase> {
                written
                    .iter()
                    .filter_map(|phrase| Phrase::parse(lexicon, phrase))
                    .collect()
            };
            let compiled = topics.chain(talk).map(|(any, unless)| {
                (
                    Phrases::new(lexicon, any, unless, &[]),
                    parse(any),
                    parse(unless),
                )
            });
            let compiled: Vec<_> = compiled.collect();
            let tests = base.tests(&folder).unwrap();
            for turn in tests.iter().flat_map(|test| &test.turns) {
                let said = Utterance::new(lexicon.terms(&turn.said));
                for (phrases, any, unless) in &compiled {
                    let mut wanted: Vec<&str> = any
                        .iter()
                        .filter(|phrase| phrase.find(&said).is_some())
                        .map(Phrase::written)
                        .collect();
                    if unless.iter().any(|phrase| phrase.find(&said).is_some()) {
                        wanted.clear();
                    }
                    let found: Vec<&str> = phrases
                        .matches(&said)
                        .iter()
                        .map(|(phrase, _)| phrase.written())
                        .collect();
                    assert_eq!(found, wanted, "{:?}", turn.said);
                }
            }
        }
    }
}
