//! A pack and its index as one value, to be held in an `Arc` and swapped whole when either changes.

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::answer::{Answer, extract};
use crate::chunk::{Chunk, chunks};
use crate::error::PackError;
use crate::index::{Index, Passage};
use crate::pack::{DocumentText, Pack};
use crate::route::{Route, RouteContext, Routed};
use crate::router::Router;
use language::Lexicon;

/// Passages that an extractive answer looks at.
const ANSWER_PASSAGES: usize = 3;

/// Everything a call asks: routing, retrieval, answers. Immutable.
#[derive(Clone, Debug)]
pub struct KnowledgeBase {
    pack: Pack,
    lexicon: Lexicon,
    router: Router,
    index: Index,
    fingerprint: String,
}

impl KnowledgeBase {
    /// Loads a pack folder and indexes its documents.
    ///
    /// # Errors
    /// When a file is missing, no UTF-8, malformed or refers to something that does not exist.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        Ok(Self::new(Pack::load(folder)?))
    }

    /// Indexes the pack's own documents.
    pub fn new(pack: Pack) -> Self {
        let chunks = pack.documents.iter().flat_map(chunks).collect();
        Self::from_chunks(pack, chunks)
    }

    /// Indexes these documents in place of the pack's own.
    pub fn from_documents(mut pack: Pack, documents: Vec<DocumentText>) -> Self {
        pack.documents = documents;
        Self::new(pack)
    }

    /// Indexes chunks as they were stored. A chunk of a document that the pack knows gains its
    /// topic and its known ways of asking.
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
        let lexicon = Lexicon::new(&pack.words.synonyms, &pack.words.whole);
        let fingerprint = fingerprint(&pack, &chunks);
        let index = Index::new(&lexicon, chunks, &asks);
        let router = Router::new(&lexicon, &pack);
        Self {
            pack,
            lexicon,
            router,
            index,
            fingerprint,
        }
    }

    /// The pack.
    pub fn pack(&self) -> &Pack {
        &self.pack
    }

    /// The pack's documents in pieces, for storing.
    pub fn chunks(&self) -> Vec<Chunk> {
        self.pack.documents.iter().flat_map(chunks).collect()
    }

    /// A hash of everything that can change an answer, in hex: equal bases answer alike.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What a finished turn asks for.
    pub fn route(&self, text: &str, context: &RouteContext) -> Route {
        self.explain(text, context).route
    }

    /// The route with its reasons.
    pub fn explain(&self, text: &str, context: &RouteContext) -> Routed {
        self.router.route(&self.lexicon, text, context)
    }

    /// The `k` best passages for a banking question, one per document. `topics` are the route's.
    pub fn search(&self, query: &str, topics: &[String], k: usize) -> Vec<Passage> {
        self.index.search(&self.lexicon, query, topics, k)
    }

    /// The extractive answer to a banking question.
    pub fn answer(&self, question: &str, topics: &[String]) -> Answer {
        self.answer_from(
            question,
            topics,
            &self.search(question, topics, ANSWER_PASSAGES),
        )
    }

    /// The extractive answer from passages that [`Self::search`] found.
    pub fn answer_from(&self, question: &str, topics: &[String], passages: &[Passage]) -> Answer {
        extract(self, question, topics, passages)
    }

    pub(crate) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }
}

fn fingerprint(pack: &Pack, chunks: &[Chunk]) -> String {
    let mut hash = Sha256::new();
    // `Debug` of plain data is deterministic and covers every field, those added later too.
    hash.update(format!("{pack:?}{chunks:?}"));
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
