//! Carries out what the conversation decides: searches, the web, the language model, tools; and hands on what
//! is to be said. Whoever speaks with the caller, by voice or in writing, uses the same driver.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use knowledge::{Heard, KnowledgeBase};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;
use tools::{DoneDeed, LeftTask, Outcome, Registry, Request, TransferTool};

use crate::{
    CallFacts, ModelRequest, Replier, ReplyEvent,
    conversation::{CallerTurn, Conversation, Event, Found, Prompt, Query, Step},
    draft::{Draft, Trial},
    web,
};

/// A caller waits so long for a tool in silence.
const PATIENCE: Duration = Duration::from_millis(700);

/// One conversation at work; cheap to clone.
#[derive(Clone)]
pub struct Driver {
    shared: Arc<Shared>,
}

struct Shared {
    replier: Replier,
    registry: Registry,
    /// Held for moments only, never over an await.
    conversation: Mutex<Conversation>,
    begun: Instant,
    /// What was kept last of a task under way.
    left: Mutex<Option<LeftTask>>,
    /// Where deeds run to their end, whatever becomes of the reply that asked for them.
    tasks: TaskTracker,
}

impl Driver {
    /// A conversation in which nothing was said yet, with the tools of `registry`.
    #[must_use]
    pub fn new(replier: Replier, registry: Registry, facts: CallFacts, tasks: TaskTracker) -> Self {
        let conversation = Conversation::new(replier.knowledge(), replier.abilities(), facts);
        Self {
            shared: Arc::new(Shared {
                replier,
                registry,
                conversation: Mutex::new(conversation),
                begun: Instant::now(),
                left: Mutex::default(),
                tasks,
            }),
        }
    }

    /// Reports something that asks for no reply. Returns the sentences that it calls for, if any.
    pub fn on(&self, event: Event) -> Vec<String> {
        // The turn is over, and what it said counts.
        let is_settled = matches!(event, Event::ReplyWritten);
        let steps = self.steps(event).into_iter();
        if is_settled {
            self.keep_left();
        }
        let sentences = steps.filter_map(|step| match step {
            Step::Say(sentence) => Some(sentence),
            _ => None,
        });
        sentences.collect()
    }

    /// What the caller, who has proved who they are, has done today in other conversations; `None`: nobody could find out.
    pub fn done_before(&self, done: Option<Vec<DoneDeed>>) {
        self.shared.registry.done_before(done.clone());
        self.on(Event::DoneBefore(done));
    }

    /// The caller finished a turn: the reply to it, which [`Reply::write`] writes.
    pub fn reply_to(&self, turn: CallerTurn) -> Reply {
        self.on(Event::Knowledge(self.shared.replier.knowledge()));
        let steps = self.steps(Event::CallerSaid(turn));
        Reply::new(self.clone(), steps, None)
    }

    /// The caller has probably finished a turn: the reply to it, in case. It reads, searches and asks the model at once;
    /// tools wait until [`Draft::settle`] says that the turn was over.
    pub fn draft(&self, turn: CallerTurn) -> (Draft, Reply) {
        let knowledge = self.shared.replier.knowledge();
        let (draft, trial, steps) = Draft::new(self.clone(), knowledge, turn);
        (draft, Reply::new(self.clone(), steps, Some(trial)))
    }

    /// Whether digits on a keypad would answer what was asked.
    #[must_use]
    pub fn takes_digits(&self) -> bool {
        self.conversation().takes_digits()
    }

    /// Puts the caller through, who agreed to it in the turn `seq`.
    pub async fn transfer(self, seq: i32) -> Outcome {
        let request = self.conversation().request(TransferTool::NAME, seq, true);
        self.shared.registry.call(request).await
    }

    /// What a colleague is told before they take the call, sentence by sentence.
    #[must_use]
    pub fn briefing(&self) -> [String; 2] {
        let conversation = self.conversation();
        conversation.knowledge().briefing(&conversation.briefing())
    }

    /// Whether this tool has done what it is for.
    #[must_use]
    pub fn has_done(&self, tool: &str) -> bool {
        self.shared.registry.has_done(tool)
    }

    /// The conversation ends: deeds under way have so long to come to their end, then they are given
    /// up, and the record says so.
    pub async fn close(&self, patience: Duration) {
        self.keep_left();
        self.shared.registry.close(patience).await;
    }

    async fn call(&self, request: Request) -> Outcome {
        let registry = self.shared.registry.clone();
        if !registry.is_deed(&request.tool) {
            return registry.call(request).await;
        }
        // Before its intent: no other call may offer to do once more what is being done.
        self.keep(None);
        let deed = async move { registry.call(request).await };
        // It broke off: nobody knows.
        let done = self.shared.tasks.spawn(deed).await;
        done.unwrap_or(Outcome::Unknown)
    }

    fn keep_left(&self) {
        let left = self.conversation().left();
        self.keep(left);
    }

    /// Puts what is unfinished on its way to the record, where it changed.
    fn keep(&self, left: Option<LeftTask>) {
        let kept = self.shared.left.lock();
        let mut kept = kept.unwrap_or_else(PoisonError::into_inner);
        if *kept != left {
            kept.clone_from(&left);
            self.shared.registry.leave(left);
        }
    }

    pub(crate) fn steps(&self, event: Event) -> Vec<Step> {
        let mut steps = Vec::new();
        let now = self.now();
        self.conversation().on(event, now, &mut steps);
        steps
    }

    /// Time since the conversation began.
    pub(crate) fn now(&self) -> Duration {
        self.shared.begun.elapsed()
    }

    pub(crate) fn conversation(&self) -> MutexGuard<'_, Conversation> {
        self.shared
            .conversation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reply to one turn.
#[must_use = "it is written by `write`"]
pub struct Reply {
    driver: Driver,
    steps: VecDeque<Step>,
    /// When a language model was asked first.
    model_asked: Option<Instant>,
    requests: Vec<ModelRequest>,
    /// It is a draft, or was one.
    trial: Option<Trial>,
}

impl Reply {
    fn new(driver: Driver, steps: Vec<Step>, trial: Option<Trial>) -> Self {
        Self {
            driver,
            steps: steps.into(),
            model_asked: None,
            requests: Vec::new(),
            trial,
        }
    }

    /// Writes it into `out`: sentences as soon as they are whole, then one [`ReplyEvent::Done`]. Ends
    /// early when nobody listens to `out`; dropping the future cancels it with all it has started,
    /// except deeds.
    pub async fn write(mut self, out: mpsc::Sender<ReplyEvent>) {
        while let Some(step) = self.steps.pop_front() {
            let is_open = match step {
                Step::Say(sentence) => out.send(ReplyEvent::Sentence(sentence)).await.is_ok(),
                Step::Read(text) => {
                    let base = self.knowledge();
                    let heard = read(base, text).await;
                    self.report(Event::Read(Box::new(heard)));
                    true
                }
                Step::Find(query) => {
                    let base = self.knowledge();
                    let found = find(&self.driver.shared.replier, base, query).await;
                    self.report(Event::Found(found));
                    true
                }
                Step::SearchWeb(query) => {
                    if !self.is_settled().await {
                        return;
                    }
                    let base = self.knowledge();
                    let outcome = self.driver.call(query.request).await;
                    let found = web::answer(base, query.question, outcome).await;
                    self.report(Event::WebFound(found));
                    true
                }
                Step::CallTool(id, request) => {
                    if !self.is_settled().await {
                        return;
                    }
                    let driver = self.driver.clone();
                    let (outcome, is_open) = self.patiently(driver.call(request), &out).await;
                    self.report(Event::ToolDone(id, outcome));
                    is_open
                }
                Step::CallTools(requests) => {
                    if !self.is_settled().await {
                        return;
                    }
                    let driver = self.driver.clone();
                    let calls = requests.into_iter().map(|(id, request)| {
                        let driver = &driver;
                        async move { (id, driver.call(request).await) }
                    });
                    let (ended, is_open) = self.patiently(join_all(calls), &out).await;
                    self.report(Event::ToolsDone(ended));
                    is_open
                }
                Step::AskModel(prompt) => self.ask_model(&prompt, &out).await,
                Step::Done(mut meta) => {
                    meta.model_requests = std::mem::take(&mut self.requests);
                    if let Some(failure) = &meta.failure {
                        tracing::warn!(%failure, answered_by = meta.model, "the language model did not finish its answer");
                    }
                    out.send(ReplyEvent::Done(*meta)).await.is_ok()
                }
            };
            if !is_open {
                return;
            }
        }
    }

    fn report(&mut self, event: Event) {
        let steps = self.decide(event);
        self.steps.extend(steps);
    }

    fn decide(&self, event: Event) -> Vec<Step> {
        match &self.trial {
            Some(trial) => trial.on(event, &self.driver),
            None => self.driver.steps(event),
        }
    }

    fn knowledge(&self) -> Arc<KnowledgeBase> {
        match &self.trial {
            Some(trial) => trial.knowledge(&self.driver),
            None => Arc::clone(self.driver.conversation().knowledge()),
        }
    }

    /// What leaves this conversation waits until the turn is known to be over. `false` when it is not, or was not.
    async fn is_settled(&mut self) -> bool {
        match &mut self.trial {
            Some(trial) => trial.is_settled().await,
            None => true,
        }
    }

    /// Waits for tools; a caller who waits long is told so meanwhile. The second is `false` when nobody listens to `out`.
    async fn patiently<T>(
        &mut self,
        work: impl Future<Output = T>,
        out: &mpsc::Sender<ReplyEvent>,
    ) -> (T, bool) {
        let mut work = std::pin::pin!(work);
        if let Ok(done) = timeout(PATIENCE, &mut work).await {
            return (done, true);
        }
        let mut is_open = true;
        for step in self.decide(Event::ToolsSlow) {
            if let Step::Say(sentence) = step {
                is_open = out.send(ReplyEvent::Sentence(sentence)).await.is_ok();
            }
        }
        (work.await, is_open)
    }

    /// Passes the model's answer on until the conversation has what it needs; the steps after the
    /// sentences that came of it are left to be carried out. `false` when nobody listens to `out`.
    async fn ask_model(&mut self, prompt: &Prompt, out: &mpsc::Sender<ReplyEvent>) -> bool {
        let driver = self.driver.clone();
        let begun = *self.model_asked.get_or_insert_with(Instant::now);
        let mut answer = driver.shared.replier.models().ask(prompt, begun);
        let mut has_spoken = false;
        loop {
            let delta = answer.next(has_spoken).await;
            self.report(Event::ModelWrote(delta));
            while matches!(self.steps.front(), Some(Step::Say(_))) {
                let Some(Step::Say(sentence)) = self.steps.pop_front() else {
                    break;
                };
                has_spoken = true;
                if out.send(ReplyEvent::Sentence(sentence)).await.is_err() {
                    return false;
                }
            }
            // What is left is the end of the reply, or calls of tools.
            if !self.steps.is_empty() {
                self.requests.extend(answer.requests());
                return true;
            }
        }
    }
}

/// Reads a turn on a thread of its own: sound does not wait for the embedding model. A reading that broke off is done
/// by the words alone.
async fn read(base: Arc<KnowledgeBase>, text: String) -> Heard {
    let (of, said) = (Arc::clone(&base), text.clone());
    let reading = tokio::task::spawn_blocking(move || of.read(&said));
    reading.await.unwrap_or_else(|_| base.read_words(&text))
}

/// Searches on a thread of its own where meanings are compared: with thousands of texts that takes milliseconds. A search
/// that broke off found nothing.
async fn find(replier: &Replier, base: Arc<KnowledgeBase>, query: Query) -> Found {
    if !base.has_meanings() {
        return replier.search(&base, &query);
    }
    let replier = replier.clone();
    let finding = tokio::task::spawn_blocking(move || replier.search(&base, &query));
    finding.await.unwrap_or_default()
}
