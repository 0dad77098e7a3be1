//! What all conversations of a worker share: the documents, the language model, the company's systems.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use knowledge::KnowledgeBase;
use tokio::time::Instant;
use tools::{Lookups, Tool};

use crate::{
    PASSAGES, ReplyConfig,
    conversation::{Abilities, Found, Query},
    llm::Llm,
};

/// What answers are made with. Shared by all calls; cheap to clone.
#[derive(Debug, Clone)]
pub struct Replier {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Swapped whole when documents change; a reply under way keeps the one it began with.
    knowledge: RwLock<Arc<KnowledgeBase>>,
    llm: Option<Llm>,
    lookups: Option<Lookups>,
    transfer_to: Option<String>,
    /// Searches so far.
    retrievals: AtomicU64,
}

impl Replier {
    /// Answers from `knowledge`; `lookups` where the company's systems are connected.
    #[must_use]
    pub fn new(
        knowledge: Arc<KnowledgeBase>,
        config: ReplyConfig,
        lookups: Option<Lookups>,
    ) -> Self {
        let shared = Shared {
            knowledge: RwLock::new(knowledge),
            llm: config.llm.map(Llm::new),
            lookups,
            transfer_to: config.transfer_to,
            retrievals: AtomicU64::new(0),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The knowledge that the next reply will use.
    #[must_use]
    pub fn knowledge(&self) -> Arc<KnowledgeBase> {
        let held = self
            .shared
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }

    /// Replaces the knowledge for the replies that begin from now on.
    pub fn set_knowledge(&self, knowledge: Arc<KnowledgeBase>) {
        *self
            .shared
            .knowledge
            .write()
            .unwrap_or_else(PoisonError::into_inner) = knowledge;
    }

    /// Searches over all calls since the worker began: one for each question about the trade,
    /// none for anything else.
    #[must_use]
    pub fn retrievals(&self) -> u64 {
        self.shared.retrievals.load(Ordering::Relaxed)
    }

    /// Where a consenting caller is transferred to, if anywhere.
    #[must_use]
    pub fn transfer_target(&self) -> Option<String> {
        let configured = self.shared.transfer_to.clone();
        configured.or_else(|| self.knowledge().pack().settings.transfer_number.clone())
    }

    /// The look-ups of the pack, where the company's systems are connected.
    #[must_use]
    pub fn look_up_tools(&self) -> Vec<Arc<dyn Tool>> {
        let Some(lookups) = &self.shared.lookups else {
            return Vec::new();
        };
        let base = self.knowledge();
        let names = base.pack().lookups.iter().map(|lookup| &lookup.name);
        names
            .map(|name| Arc::new(lookups.tool(name)) as Arc<dyn Tool>)
            .collect()
    }

    /// What the agent can do in every conversation.
    pub(crate) fn abilities(&self) -> Abilities {
        Abilities {
            model: self.llm().map(|llm| llm.model().to_owned()),
            look_ups: self.shared.lookups.is_some(),
            transfer: self.shared.transfer_to.is_some(),
        }
    }

    pub(crate) fn llm(&self) -> Option<&Llm> {
        self.shared.llm.as_ref()
    }

    /// The only search there is.
    pub(crate) fn search(&self, base: &KnowledgeBase, query: &Query) -> Found {
        self.shared.retrievals.fetch_add(1, Ordering::Relaxed);
        let today = chrono::Utc::now().date_naive();
        let begun = Instant::now();
        Found {
            passages: base.search_all(&query.questions, PASSAGES, Some(today)),
            took: begun.elapsed(),
        }
    }
}
