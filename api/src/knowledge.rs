//! What the pages ask of the knowledge that calls are answered from; this crate knows no packs.

use std::{fmt, sync::Arc};

use serde::Serialize;
use utoipa::ToSchema;

/// A document of the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PackDocument {
    /// Its name in citations, such as `library/opening-hours`.
    pub source: String,
    /// Its title.
    pub title: String,
}

/// Questions that mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikeQuestions {
    /// Their places in the list that was given, in its order; never empty.
    pub asked: Vec<usize>,
    /// The document that comes nearest, if any does.
    pub nearest: Option<PackDocument>,
}

/// Puts like questions together, the most asked first.
pub type Grouping = dyn Fn(&[&str]) -> Vec<LikeQuestions> + Send + Sync;

/// What the pages ask of the pack that calls are answered from; cheap to clone.
#[derive(Clone)]
pub struct KnowledgeView {
    /// The pack's name.
    pub pack: String,
    /// The documents that a way of asking may be added to: not those that are fetched, which are written anew.
    pub documents: Arc<[PackDocument]>,
    /// Takes milliseconds of CPU for each question: it is called on a thread of its own, once at a time.
    pub group: Arc<Grouping>,
}

impl fmt::Debug for KnowledgeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnowledgeView({})", self.pack)
    }
}
