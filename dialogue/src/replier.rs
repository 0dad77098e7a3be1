//! What all conversations of a worker share: the documents, the language model, the company's systems.

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use knowledge::{KnowledgeBase, Lookup, Proof};
use language::phrase::written_out;
use tokio::time::Instant;
use tools::{DeclaredLookup, LookupTool, Lookups, NotConnected, Tool, WebSearch, WebSearchTool};

use crate::{
    PASSAGES, ReplyConfig,
    conversation::{Abilities, Found, Function, FunctionKind, Query},
    llm::Models,
};

/// Ways of asking for a look-up that a language model is told.
const EXAMPLES: usize = 6;

/// What answers are made with. Shared by all calls; cheap to clone.
#[derive(Debug, Clone)]
pub struct Replier {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Swapped whole when documents change; a reply under way keeps the one it began with.
    knowledge: RwLock<Arc<KnowledgeBase>>,
    models: Models,
    lookups: Option<Lookups>,
    transfer_to: Option<String>,
    web_search: Option<WebSearch>,
    /// Searches so far.
    retrievals: AtomicU64,
}

impl Replier {
    /// Answers from `knowledge`; `lookups` where other systems can be asked.
    #[must_use]
    pub fn new(
        knowledge: Arc<KnowledgeBase>,
        config: ReplyConfig,
        lookups: Option<Lookups>,
    ) -> Self {
        let shared = Shared {
            knowledge: RwLock::new(knowledge),
            models: Models::new(config.llm.into_iter().chain(config.llm_fallback)),
            lookups,
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

    /// The look-ups of the pack that somebody answers, and the search of the web where it may be used.
    #[must_use]
    pub fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let tools = self.look_ups();
        let look_ups = tools.filter_map(|tool| Some(Arc::new(tool.ok()?) as Arc<dyn Tool>));
        let web = self
            .web_search()
            .map(|tool| Arc::new(tool) as Arc<dyn Tool>);
        look_ups.chain(web).collect()
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
            model: self.models().name().map(str::to_owned),
            look_ups: self
                .look_ups()
                .filter_map(|tool| Some(tool.ok()?.spec().name.clone()))
                .collect(),
            web_search: self.searches_web(),
            transfer: self.shared.transfer_to.is_some(),
            tools: self.functions(),
        }
    }

    /// The look-ups that a language model may ask for.
    fn functions(&self) -> Vec<Function> {
        let base = self.knowledge();
        let tools = self.look_ups().filter_map(Result::ok);
        let functions = tools.map(|tool| {
            let spec = tool.spec();
            let look_up = base.pack().lookup(&spec.name);
            let phrases = look_up.into_iter().flat_map(|look_up| &look_up.phrases);
            let asked_by: Vec<String> = phrases.flat_map(|phrase| written_out(phrase)).collect();
            let examples: Vec<&str> = asked_by.iter().map(String::as_str).take(EXAMPLES).collect();
            Function {
                name: spec.name.clone(),
                description: format!(
                    "Finds the {} for the caller, who asks in words such as: {}.",
                    spec.name.replace('_', " "),
                    examples.join("; ")
                ),
                parameters: spec.arguments.clone(),
                asked_by,
                kind: FunctionKind::LookUp,
            }
        });
        functions.collect()
    }

    pub(crate) fn models(&self) -> &Models {
        &self.shared.models
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
