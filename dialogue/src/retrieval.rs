//! The search for passages, for the trade's questions alone, and counted so that it can be shown.

use knowledge::{KnowledgeBase, Passage};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Passages given to a model or an extractive answer; more dilute a short spoken answer.
const PASSAGES: usize = 3;

/// Counts searches over all calls.
#[derive(Debug, Default)]
pub(super) struct Retrieval {
    asked: AtomicU64,
}

/// What one search found.
#[derive(Debug)]
pub(super) struct Found {
    /// Best first.
    pub(super) passages: Vec<Passage>,
    pub(super) took: Duration,
}

impl Retrieval {
    /// Searches for a question about the trade with the topics of its route.
    pub(super) fn search(&self, base: &KnowledgeBase, question: &str, topics: &[String]) -> Found {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let passages = base.search(question, topics, PASSAGES);
        Found {
            passages,
            took: begun.elapsed(),
        }
    }

    /// Searches since the worker began.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}
