//! A pack and its index as one value, to be held in an `Arc` and swapped whole when either changes.

use std::collections::{BTreeMap, BTreeSet};

use language::Lexicon;
use sha2::{Digest, Sha256};

use crate::{
    answer::{Answer, Aspects, Extractor},
    chunk::{Chunk, chunks},
    heard::{Heard, Meanings},
    index::{Index, Passage},
    pack::{DocumentText, Pack},
    route::{Question, Route, RouteContext, Routed},
    rules::Rules,
    understand::Reader,
};

/// Passages that an extractive answer looks at.
const ANSWER_PASSAGES: usize = 3;

/// Everything a call asks: routing, retrieval, answers. Immutable.
#[derive(Clone, Debug)]
pub struct KnowledgeBase {
    pack: Pack,
    lexicon: Lexicon,
    rules: Rules,
    aspects: Aspects,
    index: Index,
    meanings: Option<Meanings>,
    fingerprint: String,
}

impl KnowledgeBase {
    /// Indexes the pack's own documents.
    #[must_use]
    pub fn new(pack: Pack) -> Self {
        let chunks = pack.documents.iter().flat_map(chunks).collect();
        Self::from_chunks(pack, chunks)
    }

    /// Indexes chunks as they were stored. A chunk of a document that the pack knows gains its
    /// topic and its known ways of asking.
    #[must_use]
    pub fn from_chunks(pack: Pack, mut chunks: Vec<Chunk>) -> Self {
        let known: BTreeMap<&str, &DocumentText> = pack
            .documents
            .iter()
            .map(|d| (d.source.as_str(), d))
            .collect();
        for chunk in &mut chunks {
            if chunk.topic.is_none() {
                chunk.topic = known
                    .get(chunk.source.as_str())
                    .and_then(|document| document.topic.clone());
            }
        }
        let asks = pack
            .documents
            .iter()
            .map(|d| (d.source.clone(), d.asks.clone()))
            .collect();
        let words = &pack.words;
        let lexicon = Lexicon::new(&words.synonyms, &words.whole, &words.unspecific);
        let fingerprint = fingerprint(&pack, &chunks);
        let index = Index::new(&lexicon, chunks, &asks);
        Self {
            rules: Rules::new(&lexicon, &pack),
            aspects: Aspects::new(&lexicon, &pack.words.aspects),
            pack,
            lexicon,
            index,
            meanings: None,
            fingerprint,
        }
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The pack's documents in pieces, for storing.
    #[must_use]
    pub fn chunks(&self) -> Vec<Chunk> {
        self.pack.documents.iter().flat_map(chunks).collect()
    }

    /// A hash of everything that can change an answer, in hex: equal bases answer alike.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The texts whose meaning counts: titles, known ways of asking, paragraphs and sentences of the documents.
    #[must_use]
    pub fn texts(&self) -> BTreeSet<String> {
        self.index.texts().map(str::to_owned).collect()
    }

    /// The same base, which understands by meaning too. What `meanings` lacks of [`Self::texts`] counts by its words
    /// alone.
    #[must_use]
    pub fn with_meanings(mut self, meanings: Meanings) -> Self {
        self.index.set_meanings(&meanings);
        self.meanings = Some(meanings);
        self
    }

    /// Whether it understands by meaning: reading a turn takes milliseconds then.
    #[must_use]
    pub fn has_meanings(&self) -> bool {
        self.meanings.is_some()
    }

    /// Reads a finished turn.
    #[must_use]
    pub fn read(&self, text: &str) -> Heard {
        let meanings = self.meanings.as_ref();
        Heard::read(text, &self.pack.meaning, |text| {
            meanings.map(|meanings| meanings.of(text))
        })
    }

    /// Reads a finished turn by its words alone.
    #[must_use]
    pub fn read_words(&self, text: &str) -> Heard {
        Heard::read(text, &self.pack.meaning, |_| None)
    }

    /// What a finished turn asks for.
    #[must_use]
    pub fn route(&self, text: &str, context: &RouteContext) -> Route {
        self.explain(text, context).route
    }

    /// The route with its reasons.
    #[must_use]
    pub fn explain(&self, text: &str, context: &RouteContext) -> Routed {
        self.understand(&self.read(text), context)
    }

    /// The route of a turn that was read, with its reasons.
    #[must_use]
    pub fn understand(&self, heard: &Heard, context: &RouteContext) -> Routed {
        let reader = Reader {
            rules: &self.rules,
            lexicon: &self.lexicon,
            index: &self.index,
            words: &self.pack.meaning,
        };
        reader.understand(heard, context)
    }

    /// The `k` best passages for a question about the trade, one per document.
    #[must_use]
    pub fn search(&self, question: &Question, k: usize) -> Vec<Passage> {
        self.index.search(&self.lexicon, question, k)
    }

    /// The extractive answer to a question about the trade.
    #[must_use]
    pub fn answer(&self, question: &Question) -> Answer {
        self.answer_from(question, &self.search(question, ANSWER_PASSAGES))
    }

    /// The extractive answer from passages that [`Self::search`] found.
    #[must_use]
    pub fn answer_from(&self, question: &Question, passages: &[Passage]) -> Answer {
        let extractor = Extractor {
            lexicon: &self.lexicon,
            index: &self.index,
            aspects: &self.aspects,
            settings: &self.pack.settings,
            meanings: self.meanings.as_ref(),
        };
        extractor.answer(question, passages)
    }
}

fn fingerprint(pack: &Pack, chunks: &[Chunk]) -> String {
    let mut hash = Sha256::new();
    // `Debug` of plain data is deterministic and covers every field, those added later too.
    hash.update(format!("{pack:?}{chunks:?}"));
    format!("{:x}", hash.finalize())
}
