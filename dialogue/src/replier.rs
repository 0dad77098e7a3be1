//! What all conversations of a worker share: the documents, the language model, the company's systems.

mod offered;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::NaiveDateTime;
use knowledge::{FixedArgument, KnowledgeBase, Lookup, OWN_TOOLS, Proof, Task, TaskEffect};
use serde_json::{Value, json};
use tokio::time::Instant;
use tools::{
    CallbackTool, DeclaredDeed, DeclaredLookup, DeclaredOptions, Deeds, Effect, Limit, LookupTool,
    Lookups, Mcp, McpTool, MessageTool, NotConnected, TicketTool, Tool, WebSearch, WebSearchTool,
    WrongDeed,
};

use crate::{
    PASSAGES, ReplyConfig,
    conversation::{Abilities, Found, Query, tasks::limit_of},
    llm::Models,
};

/// Longest argument of a deed, in characters.
const MAX_ARGUMENT: usize = 1000;

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
    deeds: Option<Deeds>,
    transfer_to: Option<String>,
    consults: bool,
    messages: bool,
    web_search: Option<WebSearch>,
    mcp: Option<Mcp>,
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
            models: Models::new(config.llm.into_iter().chain(config.llm_fallback)),
            lookups,
            deeds,
            transfer_to: config.transfer_to,
            consults: config.consults,
            messages: config.messages,
            web_search: config.web_search,
            mcp: config.mcp,
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

    /// What the company's clocks show.
    #[must_use]
    pub fn local_time(&self) -> NaiveDateTime {
        let offset = self.knowledge().pack().settings.utc_offset;
        let now = chrono::Utc::now();
        offset.map_or_else(
            || now.naive_utc(),
            |offset| now.with_timezone(&offset.0).naive_local(),
        )
    }

    /// Where a consenting caller is transferred to, if anywhere.
    #[must_use]
    pub fn transfer_target(&self) -> Option<String> {
        let configured = self.shared.transfer_to.clone();
        configured.or_else(|| self.knowledge().pack().settings.transfer_number.clone())
    }

    /// The look-ups of the pack that somebody answers, its deeds that somebody does, the search of the web where it may be
    /// used, and the listed tools of MCP servers.
    #[must_use]
    pub fn tools(&self) -> Vec<Arc<dyn Tool>> {
        let tools = self.look_ups();
        let look_ups = tools.filter_map(|tool| Some(Arc::new(tool.ok()?) as Arc<dyn Tool>));
        let web = self
            .web_search()
            .map(|tool| Arc::new(tool) as Arc<dyn Tool>);
        let mcp = self.mcp_tools().into_iter();
        let mcp = mcp.map(|tool| Arc::new(tool) as Arc<dyn Tool>);
        look_ups.chain(self.deeds()).chain(web).chain(mcp).collect()
    }

    /// The listed tools of MCP servers that are there; none whose name something of the pack has, which goes before.
    fn mcp_tools(&self) -> Vec<McpTool> {
        let Some(mcp) = &self.shared.mcp else {
            return Vec::new();
        };
        let base = self.knowledge();
        let (pack, systems) = (base.pack(), base.pack().tasks.system_tools());
        let is_taken = |name: &str| pack.lookup(name).is_some() || systems.contains(name);
        let mut tools = mcp.tools();
        tools.retain(|tool| {
            let name = &tool.spec().name;
            if is_taken(name) {
                tracing::error!(tool = name, "a tool of an MCP server is left out: the pack has a look-up or a deed of its name");
            }
            !is_taken(name)
        });
        tools
    }

    /// What tasks of the pack have done by the company's systems, and what these know to choose from.
    fn deeds(&self) -> impl Iterator<Item = Arc<dyn Tool>> {
        let base = self.knowledge();
        let deeds = self.shared.deeds.clone();
        let systems = deeds.map(|deeds| system_tools(&base, &deeds));
        systems.unwrap_or_default().into_iter()
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
        let model = self.models().name().map(str::to_owned);
        let look_ups: Vec<LookupTool> = self.look_ups().filter_map(Result::ok).collect();
        let tools = self.task_tools();
        let base = self.knowledge();
        let functions = match model {
            Some(_) => offered::functions(&base, &look_ups, &self.mcp_tools(), &tools),
            None => Vec::new(),
        };
        Abilities {
            model,
            look_ups: look_ups
                .iter()
                .map(|tool| tool.spec().name.clone())
                .collect(),
            tools,
            web_search: self.searches_web(),
            transfer: self.shared.transfer_to.is_some(),
            consults: self.shared.consults,
            functions,
        }
    }

    /// The names of the tools that tasks may use: what every call has, and what the company's systems do. The pack was
    /// checked when it was loaded: whatever it names can be made.
    fn task_tools(&self) -> BTreeSet<String> {
        let base = self.knowledge();
        let own = [CallbackTool::NAME, TicketTool::NAME].map(str::to_owned);
        let systems = self.shared.deeds.is_some().then(|| {
            let names = base.pack().tasks.system_tools().into_iter();
            names.map(str::to_owned).collect::<Vec<_>>()
        });
        let messages = self.shared.messages.then(|| MessageTool::NAME.to_owned());
        own.into_iter()
            .chain(messages)
            .chain(systems.into_iter().flatten())
            .collect()
    }

    /// What may be done in a day for one person.
    #[must_use]
    pub fn limits(&self) -> Vec<Limit> {
        let base = self.knowledge();
        let tasks = base.pack().tasks.list.iter();
        tasks.filter_map(|task| limit_of(task)).collect()
    }

    /// The kinds of tickets that the pack's tasks leave, with the days that a person has for each.
    #[must_use]
    pub fn tickets(&self) -> BTreeMap<String, u32> {
        let base = self.knowledge();
        let tasks = base.pack().tasks.list.iter();
        let tickets = tasks.filter(|task| task.tool.as_deref() == Some(TicketTool::NAME));
        let kinds = tickets.filter_map(|task| match task.fixed.get("kind")? {
            FixedArgument::Text(kind) => Some((kind.clone(), task.due_in_days)),
            FixedArgument::Truth(_) | FixedArgument::Number(_) => None,
        });
        kinds.collect()
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

/// The tools of the pack's tasks that are neither callbacks nor tickets: deeds, and what there is to choose from. Those
/// that are declared wrongly are left out, with an error in the log.
fn system_tools(base: &KnowledgeBase, deeds: &Deeds) -> Vec<Arc<dyn Tool>> {
    let mut tools: Vec<Arc<dyn Tool>> = Vec::new();
    for task in &base.pack().tasks.list {
        for name in task.reads() {
            if tools.iter().any(|tool| tool.spec().name == name) {
                continue;
            }
            let declared = DeclaredOptions {
                name: name.to_owned(),
                description: format!("What there is to choose from: {}.", name.replace('_', " ")),
                needs_proof: task.proof == Proof::Code,
                arguments: open_schema(),
            };
            tools.extend(kept(deeds.options(&declared)));
        }
        let own = |name: &&str| OWN_TOOLS.contains(name);
        let known = |name: &&str| tools.iter().any(|tool| tool.spec().name == **name);
        let name = task
            .tool
            .as_deref()
            .filter(|name| !own(name) && !known(name));
        let Some(name) = name else {
            continue;
        };
        let declared = DeclaredDeed {
            name: name.to_owned(),
            description: format!("Does for the caller: {}.", task.name.replace('_', " ")),
            needs_proof: task.proof == Proof::Code,
            consent: true,
            arguments: schema(task),
            effect: match task.effect {
                TaskEffect::Once => Effect::Once,
                TaskEffect::Idempotent => Effect::Idempotent,
                TaskEffect::Status => Effect::Status,
            },
        };
        tools.extend(kept(deeds.tool(&declared)));
    }
    tools
}

fn kept<T: Tool + 'static>(tool: Result<T, WrongDeed>) -> Option<Arc<dyn Tool>> {
    match tool {
        Ok(tool) => Some(Arc::new(tool)),
        Err(error) => {
            tracing::error!(%error, "a tool of the pack's tasks is left out");
            None
        }
    }
}

/// The slots and fixed arguments of a task, as its tool takes them.
fn schema(task: &Task) -> Value {
    let mut properties = serde_json::Map::new();
    let mut required: Vec<&str> = Vec::new();
    for slot in task.slots.iter().filter(|slot| !slot.manner.unsent) {
        let text = json!({ "type": "string", "minLength": 1, "maxLength": MAX_ARGUMENT });
        properties.insert(slot.name.clone(), text);
        if !slot.manner.optional {
            required.push(&slot.name);
        }
    }
    for (name, value) in &task.fixed {
        let kind = match value {
            FixedArgument::Text(_) => "string",
            FixedArgument::Truth(_) => "boolean",
            FixedArgument::Number(_) => "integer",
        };
        properties.insert(name.clone(), json!({ "type": kind }));
        required.push(name);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Whatever is known so far.
fn open_schema() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": ["string", "number", "boolean"] } })
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

#[cfg(test)]
mod tests {
    use tools::TransferTool;

    use super::*;

    #[test]
    fn a_pack_knows_the_tools_that_every_call_has_by_their_names() {
        let names = [
            CallbackTool::NAME,
            MessageTool::NAME,
            TicketTool::NAME,
            TransferTool::NAME,
        ];
        assert_eq!(OWN_TOOLS, names);
    }
}
