//! What all conversations of a worker share: the documents, the language model, the company's systems.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use knowledge::{KnowledgeBase, Lookup, Proof};
use tokio::time::Instant;
use tools::{
    DeclaredDeed, DeclaredLookup, Deeds, LookupTool, Lookups, NotConnected, Tool, WebSearch,
    WebSearchTool,
};

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
    deeds: Option<Deeds>,
    transfer_to: Option<String>,
    web_search: Option<WebSearch>,
    /// Searches so far.
    retrievals: AtomicU64,
}

impl Replier {
    /// Answers from `knowledge`; `lookups` where other systems can be asked, `deeds` where they do what callers ask for.
    #[must_use]
    pub fn new(
        knowledge: Arc<KnowledgeBase>,
        config: ReplyConfig,
        lookups: Option<Lookups>,
        deeds: Option<Deeds>,
    ) -> Self {
        let shared = Shared {
            knowledge: RwLock::new(knowledge),
            llm: config.llm.map(Llm::new),
            lookups,
            deeds,
            transfer_to: config.transfer_to,
            web_search: config.web_search,
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

    /// The look-ups of the pack that somebody answers, its deeds that somebody does, and the search of the web where it may
    /// be used.
    #[must_use]
    pub fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let tools = self.look_ups();
        let look_ups = tools.filter_map(|tool| Some(Arc::new(tool.ok()?) as Arc<dyn Tool>));
        let web = self
            .web_search()
            .map(|tool| Arc::new(tool) as Arc<dyn Tool>);
        look_ups.chain(self.deeds()).chain(web).collect()
    }

    /// The deeds of the pack, where there are systems that do them.
    fn deeds(&self) -> impl Iterator<Item = Arc<dyn Tool>> {
        let declared = declared_deeds(&self.knowledge());
        let deeds = self.shared.deeds.clone();
        declared
            .into_iter()
            .filter_map(move |declared| match deeds.as_ref()?.tool(&declared) {
                Ok(tool) => Some(Arc::new(tool) as Arc<dyn Tool>),
                Err(error) => {
                    tracing::error!(%error, "a deed of the pack is left out");
                    None
                }
            })
    }

    /// The search of the web, where it is set up, the pack allows it, and a site is named that may be used.
    fn web_search(&self) -> Option<WebSearchTool> {
        let search = self.shared.web_search.as_ref()?;
        let base = self.knowledge();
        let policy = &base.pack().settings.tool_policy;
        if !policy.web_search {
            return None;
        }
        match search.tool(&policy.sites) {
            Ok(tool) => tool,
            Err(error) => {
                tracing::error!(%error, "the web is not searched: a site of the pack is no host");
                None
            }
        }
    }

    /// Whether the web is searched for questions that no document answers.
    #[must_use]
    pub fn searches_web(&self) -> bool {
        self.web_search().is_some()
    }

    /// Look-ups of the pack that nobody answers, with the reason.
    #[must_use]
    pub fn not_connected(&self) -> Vec<NotConnected> {
        self.look_ups().filter_map(Result::err).collect()
    }

    fn look_ups(&self) -> impl Iterator<Item = Result<LookupTool, NotConnected>> {
        let base = self.knowledge();
        let lookups = self.shared.lookups.as_ref();
        let tools = lookups.map(|lookups| {
            let declared = base.pack().lookups.iter().map(declared);
            let tools = declared.map(|declared| lookups.tool(&declared));
            tools.collect::<Vec<_>>()
        });
        tools.unwrap_or_default().into_iter()
    }

    /// What the agent can do in every conversation.
    pub(crate) fn abilities(&self) -> Abilities {
        Abilities {
            model: self.llm().map(|llm| llm.model().to_owned()),
            look_ups: self
                .look_ups()
                .filter_map(|tool| Some(tool.ok()?.spec().name.clone()))
                .collect(),
            web_search: self.searches_web(),
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

/// What the pack has done by other systems. A pack declares no deed yet.
fn declared_deeds(_base: &KnowledgeBase) -> Vec<DeclaredDeed> {
    Vec::new()
}

/// A look-up as its tool knows it.
fn declared(lookup: &Lookup) -> DeclaredLookup {
    DeclaredLookup {
        name: lookup.name.clone(),
        needs_proof: lookup.proof == Proof::Code,
        address: lookup.address.clone(),
        credential: lookup.credential.clone(),
        header: lookup.header.clone(),
        parameters: lookup.parameters.keys().cloned().collect(),
    }
}
