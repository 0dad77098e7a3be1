//! From a turn to its reply: routes it, and lets the right part answer.

use super::conversation::actions::{fixed_reply, offer};
use super::conversation::sentences::SentenceStream;
use super::llm::Llm;
use super::retrieval::{Found, Retrieval};
use super::{
    Awaiting, ReplyConfig, ReplyEvent, ReplyMeta, ReplyRequest, conversation::prompt, extractive,
};
use call::{Speaker, Turn};
use knowledge::{KnowledgeBase, Route, RouteContext, is_grounded, sentences};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::mpsc;
use tools::{Lookups, ToolError};

/// Caller turns that the current one can lean on ("and how much does that cost?").
const LEANS_ON: usize = 6;

/// Answers turns. Shared by all calls; cheap to clone.
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
    retrieval: Retrieval,
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
            retrieval: Retrieval::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Answers `request` into `out`: sentences as soon as they are whole, then one
    /// [`ReplyEvent::Done`]. Ends early when nobody listens to `out`; dropping the future cancels.
    pub async fn reply(&self, request: ReplyRequest, out: mpsc::Sender<ReplyEvent>) {
        let base = self.knowledge();
        let context = context(&base, &request);
        let route = base.route(&request.text, &context);
        let meta = ReplyMeta {
            route: route.name().to_owned(),
            intent: intent(&route),
            model: "pack".to_owned(),
            ..ReplyMeta::default()
        };
        let meta = match &route {
            Route::Knowledge { topics, .. } => {
                self.answer(&base, &request, topics, meta, &out).await
            }
            Route::Lookup(name) if self.can_look_up(&request).is_some() => {
                self.look_up(&base, &request, name, meta, &out).await
            }
            _ => self.say_fixed(&base, &request, &route, meta, &out).await,
        };
        // A closed channel means that the reply was cancelled; there is nobody to tell.
        let _cancelled = out.send(ReplyEvent::Done(meta)).await;
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
        self.shared.retrieval.asked()
    }

    /// Where a consenting caller is transferred to, if anywhere.
    #[must_use]
    pub fn transfer_target(&self) -> Option<String> {
        let configured = self.shared.transfer_to.clone();
        configured.or_else(|| self.knowledge().pack().settings.transfer_number.clone())
    }

    async fn say_fixed(
        &self,
        base: &KnowledgeBase,
        request: &ReplyRequest,
        route: &Route,
        meta: ReplyMeta,
        out: &mpsc::Sender<ReplyEvent>,
    ) -> ReplyMeta {
        let fixed = fixed_reply(
            route,
            request,
            base.pack(),
            self.transfer_target().is_some(),
        )
        .unwrap_or_default();
        say(&sentences(&fixed.text), out).await;
        ReplyMeta {
            action: fixed.action,
            awaiting: fixed.awaiting,
            ..meta
        }
    }

    /// A question about the trade: search, then the model if there is one and the documents support an
    /// answer, then the documents themselves if it said nothing.
    async fn answer(
        &self,
        base: &KnowledgeBase,
        request: &ReplyRequest,
        topics: &[String],
        mut meta: ReplyMeta,
        out: &mpsc::Sender<ReplyEvent>,
    ) -> ReplyMeta {
        let found = self.shared.retrieval.search(base, &request.text, topics);
        meta.retrieval = Some(found.took);
        let supported = is_grounded(&found.passages, topics, base.pack().settings.grounding_mode);
        if let Some(llm) = self.shared.llm.as_ref().filter(|_| supported)
            && let Some(last) = phrase(llm, base, request, &found, &mut meta, out).await
        {
            if base.pack().listening.offers_person(&last) {
                meta.awaiting = offer(request.caller.channel, self.transfer_target().is_some());
            }
            return meta;
        }
        let (answer, sources) = extractive::answer(base, &request.text, topics, &found);
        say(&answer.sentences, out).await;
        meta.model = if answer.supported {
            "extractive"
        } else {
            "pack"
        }
        .to_owned();
        meta.sources = sources;
        // "I do not know; would you like to speak to a person?" is an offer, if the pack words it so.
        if !answer.supported
            && answer
                .sentences
                .last()
                .is_some_and(|last| base.pack().listening.offers_person(last))
        {
            meta.awaiting = offer(request.caller.channel, self.transfer_target().is_some());
        }
        meta
    }

    /// The company's systems and the customer, if both are there to look something up.
    fn can_look_up<'a>(&'a self, request: &'a ReplyRequest) -> Option<(&'a Lookups, &'a str)> {
        request.caller.authenticated_name.as_ref()?;
        Some((
            self.shared.lookups.as_ref()?,
            request.caller.customer.as_deref()?,
        ))
    }

    async fn look_up(
        &self,
        base: &KnowledgeBase,
        request: &ReplyRequest,
        name: &str,
        mut meta: ReplyMeta,
        out: &mpsc::Sender<ReplyEvent>,
    ) -> ReplyMeta {
        let pack = base.pack();
        let (Some((lookups, customer)), Some(lookup)) =
            (self.can_look_up(request), pack.lookup(name))
        else {
            return meta;
        };
        let settings = &pack.settings;
        let text = match lookups.find(name, customer).await {
            Ok(found) => match lookup.sentence(&found, settings.currency.as_ref()) {
                Some(sentence) => {
                    "tool".clone_into(&mut meta.model);
                    sentence
                }
                None => {
                    tracing::warn!(
                        lookup = name,
                        "the answer lacks a field that the pack describes"
                    );
                    settings.lines.technical_problem.clone()
                }
            },
            Err(ToolError::Unknown) => lookup.unavailable.clone(),
            Err(error) => {
                tracing::warn!(lookup = name, %error, "a look-up failed");
                settings.lines.technical_problem.clone()
            }
        };
        say(&sentences(&text), out).await;
        meta
    }
}

/// Lets the model phrase the passages; its last sentence, if it said anything.
async fn phrase(
    llm: &Llm,
    base: &KnowledgeBase,
    request: &ReplyRequest,
    found: &Found,
    meta: &mut ReplyMeta,
    out: &mpsc::Sender<ReplyEvent>,
) -> Option<String> {
    let messages = prompt::messages(&base.pack().settings, request, &found.passages);
    let given = found.passages.iter().map(|passage| passage.text.as_str());
    let said = request.history.iter().map(|turn| turn.text.as_str());
    let facts = given.chain(said).chain([request.text.as_str()]);
    let told = llm.tell(messages, SentenceStream::new(facts), out).await;
    meta.llm_first_token = told.first_token;
    if let Err(failure) = &told.end {
        tracing::warn!(%failure, sentences = told.sentences, "the language model did not finish its answer");
    }
    if told.sentences == 0 {
        return None;
    }
    llm.model().clone_into(&mut meta.model);
    meta.sources = found.passages.iter().map(extractive::source).collect();
    Some(told.last)
}

async fn say(sentences: &[String], out: &mpsc::Sender<ReplyEvent>) {
    for sentence in sentences {
        if out
            .send(ReplyEvent::Sentence(sentence.clone()))
            .await
            .is_err()
        {
            return;
        }
    }
}

/// What the turns before say about this one: the subject they were on, read by the same rules.
fn context(base: &KnowledgeBase, request: &ReplyRequest) -> RouteContext {
    let caller: Vec<&Arc<Turn>> = request
        .history
        .iter()
        .filter(|turn| turn.speaker == Speaker::Caller)
        .collect();
    let mut context = RouteContext::default();
    for turn in caller.iter().skip(caller.len().saturating_sub(LEANS_ON)) {
        match base.route(&turn.text, &context) {
            Route::Knowledge { topics, .. } => context.last_topics = topics,
            Route::OutOfScope | Route::HumanRequested | Route::Lookup(_) | Route::Authenticate => {
                context.last_topics.clear();
            }
            Route::SmallTalk { .. }
            | Route::Repeat
            | Route::Goodbye
            | Route::Affirm
            | Route::Deny
            | Route::Unclear => {}
        }
    }
    context.awaiting = request.caller.awaiting != Awaiting::None;
    context
}

fn intent(route: &Route) -> Option<String> {
    match route {
        Route::Knowledge { topics, .. } => topics.first().cloned(),
        Route::SmallTalk { kind } => Some(kind.clone()),
        _ => None,
    }
}
