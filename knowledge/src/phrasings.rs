//! How alike a question is to what callers are known to say, by its words: the cosine of their rarities, to the nearest
//! sentence of each document.

use std::collections::{BTreeMap, HashMap};

use language::Lexicon;

use crate::index::Entry;

/// Whoever says little is like much: about the rarity of one everyday word.
const LITTLE: f32 = 6.0;

/// The sentences, by their stems.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phrasings {
    /// Which sentences have a stem, and how much it weighs in each.
    by_stem: HashMap<String, Vec<(u32, f32)>>,
    /// How rare a stem is among the sentences; of one that none has, the rarest.
    rarity: HashMap<String, f32>,
    unknown: f32,
    /// The documents, and the place of each sentence's among them.
    sources: Vec<String>,
    of_source: Vec<usize>,
    texts: Vec<String>,
}

impl Phrasings {
    pub(crate) fn new(lexicon: &Lexicon, entries: &[Entry]) -> Self {
        let firsts = entries.iter().filter(|entry| entry.chunk.ordinal == 0);
        let mut texts = Vec::new();
        let mut sentences: Vec<(&str, Vec<String>)> = Vec::new();
        for entry in firsts {
            for text in &entry.texts[..entry.asks] {
                texts.push(text.clone());
                sentences.push((&entry.chunk.source, stems(lexicon, text)));
            }
        }
        let mut frequency: HashMap<String, f32> = HashMap::new();
        for stem in sentences.iter().flat_map(|(_, stems)| stems) {
            *frequency.entry(stem.clone()).or_insert(0.0) += 1.0;
        }
        let all = f32::from(u16::try_from(sentences.len()).unwrap_or(u16::MAX)).max(1.0);
        let rarity = |times: f32| (1.0 + all / times).ln();
        let mut phrasings = Self {
            rarity: frequency
                .into_iter()
                .map(|(stem, times)| (stem, rarity(times)))
                .collect(),
            unknown: rarity(1.0),
            texts,
            ..Self::default()
        };
        for (at, (source, stems)) in (0..).zip(sentences) {
            let length = phrasings.length(&stems);
            for stem in stems {
                let weight = phrasings.rarity(&stem) / length;
                let with = phrasings.by_stem.entry(stem).or_default();
                with.push((at, weight));
            }
            if phrasings.sources.last().is_none_or(|last| last != source) {
                phrasings.sources.push(source.to_owned());
            }
            phrasings.of_source.push(phrasings.sources.len() - 1);
        }
        phrasings
    }

    /// How alike these stems are to the nearest sentence of each document: 1 for the same, by source.
    pub(crate) fn likeness(&self, stems: &[String]) -> BTreeMap<&str, f32> {
        let mut best = vec![0.0_f32; self.sources.len()];
        for (source, sum) in self.of_source.iter().zip(self.all(stems)) {
            best[*source] = best[*source].max(sum);
        }
        let sources = self.sources.iter().map(String::as_str).zip(best);
        sources.filter(|(_, best)| *best > 0.0).collect()
    }

    /// How alike these stems are to each sentence of a document.
    pub(crate) fn of(&self, source: &str, stems: &[String]) -> Vec<(&str, f32)> {
        let place = self.sources.iter().position(|of| of == source);
        let texts = self.of_source.iter().zip(&self.texts).zip(self.all(stems));
        let own = texts.filter(|((of, _), sum)| Some(**of) == place && *sum > 0.0);
        own.map(|((_, text), sum)| (text.as_str(), sum)).collect()
    }

    fn all(&self, stems: &[String]) -> Vec<f32> {
        let mut stems = stems.to_vec();
        stems.sort_unstable();
        stems.dedup();
        let length = self.length(&stems);
        let mut sums = vec![0.0_f32; self.of_source.len()];
        for stem in &stems {
            let weight = self.rarity(stem) / (length + LITTLE);
            for (at, other) in self.by_stem.get(stem).into_iter().flatten() {
                if let Some(sum) = sums.get_mut(*at as usize) {
                    *sum += weight * other;
                }
            }
        }
        sums
    }

    fn rarity(&self, stem: &str) -> f32 {
        self.rarity.get(stem).copied().unwrap_or(self.unknown)
    }

    fn length(&self, stems: &[String]) -> f32 {
        let squares = stems.iter().map(|stem| self.rarity(stem).powi(2));
        squares.sum::<f32>().sqrt().max(f32::MIN_POSITIVE)
    }
}

/// Each once, sorted.
fn stems(lexicon: &Lexicon, text: &str) -> Vec<String> {
    let mut stems = lexicon.document_stems(text);
    stems.sort_unstable();
    stems.dedup();
    stems
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Lexicon, Phrasings};
    use crate::{
        chunk::Chunk,
        index::{Asks, Entry},
        trust::Provenance,
    };

    fn phrasings(lexicon: &Lexicon) -> Phrasings {
        let entry = |(source, phrasings): (&str, &[&str])| {
            let chunk = Chunk {
                source: source.to_owned(),
                title: source.to_owned(),
                topic: None,
                ordinal: 0,
                text: "Something.".to_owned(),
                provenance: Provenance::default(),
            };
            let asks = Asks {
                asks: Vec::new(),
                phrasings: phrasings.iter().map(|text| (*text).to_owned()).collect(),
            };
            Entry::new(lexicon, chunk, &asks)
        };
        let documents: [(&str, &[&str]); 2] = [
            (
                "fines",
                &[
                    "my book is late and i must pay",
                    "what does a late book cost",
                ],
            ),
            (
                "rooms",
                &["where may we study together", "a quiet room for four"],
            ),
        ];
        let entries: Vec<Entry> = documents.into_iter().map(entry).collect();
        Phrasings::new(lexicon, &entries)
    }

    #[test]
    fn a_question_is_like_the_document_whose_callers_say_nearly_the_same() {
        let lexicon = Lexicon::new(&BTreeMap::new(), &[], &[]);
        let phrasings = phrasings(&lexicon);
        let likeness = |text: &str| {
            let stems = lexicon.document_stems(text);
            let likeness = phrasings.likeness(&stems);
            let of = |source: &str| likeness.get(source).copied().unwrap_or_default();
            (of("fines"), of("rooms"))
        };
        let (fines, rooms) = likeness("my late book, what must i pay");
        assert!(
            fines > 0.2 && fines < 1.0 && rooms == 0.0,
            "{fines} {rooms}"
        );
        let (little, _) = likeness("book");
        assert!(
            little < fines / 2.0,
            "one word is like much: {little} beside {fines}"
        );
        assert_eq!(likeness(""), (0.0, 0.0));
        let stems = lexicon.document_stems("what does a late book cost");
        let own = phrasings.of("fines", &stems);
        let best = own.iter().max_by(|(_, a), (_, b)| a.total_cmp(b));
        assert_eq!(
            best.map(|(text, _)| *text),
            Some("what does a late book cost")
        );
    }
}
