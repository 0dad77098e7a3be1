//! Checks, carries out and records the calls of one conversation.

mod book;
mod limits;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use call::SessionId;
use jsonschema::Validator;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    BoxFuture, DoneDeed, Effect, Intent, LeftTask, Outcome, RecordedCall, Refusal, Tool, ToolCall,
    ToolCallLog, ToolCaller, ToolError, key::idempotency_key, outcome::reported,
};
use book::{Book, Claim, Known, Progress};
pub use limits::Limits;

/// How often in one turn a model may be given results and ask for more.
pub const MAX_ROUNDS: usize = 4;

/// The tools of one conversation; cheap to clone.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
}

struct Shared {
    session: SessionId,
    tools: Vec<Registered>,
    log: Arc<dyn ToolCallLog>,
    book: Book,
    /// What may be done in a day; without it there is no limit.
    limits: OnceLock<Limits>,
}

struct Registered {
    tool: Arc<dyn Tool>,
    arguments: Validator,
}

/// What is asked of the registry.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The tool's name.
    pub tool: String,
    /// Number of the caller's turn that asks for it.
    pub seq: i32,
    /// How many rounds of results the turn has had before.
    pub round: usize,
    /// What it is called with; nobody vouches for it yet.
    pub arguments: Value,
    /// The caller has agreed to it in so many words.
    pub consent: bool,
    /// For whom.
    pub caller: ToolCaller,
}

impl Registry {
    /// A conversation with these tools; one whose schema is invalid is left out, with an error in the
    /// log. `before`: the calls that an earlier life of the conversation left on record; none of them
    /// is made twice.
    #[must_use]
    pub fn new(
        session: SessionId,
        tools: Vec<Arc<dyn Tool>>,
        log: Arc<dyn ToolCallLog>,
        before: Vec<RecordedCall>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                session,
                tools: tools.into_iter().filter_map(Registered::new).collect(),
                log,
                book: Book::new(before),
                limits: OnceLock::new(),
            }),
        }
    }

    /// Makes a call, unless it was made before: then its outcome is returned again. Dropping the
    /// future cancels the call and records that.
    pub async fn call(&self, request: Request) -> Outcome {
        let shared = &self.shared;
        let Some(registered) = shared.find(&request.tool) else {
            // No row: its name is whatever a model wrote.
            tracing::warn!("a tool was asked for that is not there");
            return Outcome::Refused(Refusal::UnknownTool);
        };
        let effect = registered.tool.spec().effect;
        let arguments = (effect == Effect::Reads).then_some(&request.arguments);
        let key = idempotency_key(shared.session, request.seq, &request.tool, arguments);
        let resumed = match shared.book.claim(key, &request.tool, effect) {
            Claim::Finished(outcome) => return outcome,
            Claim::Running(outcome) => return outcome.await,
            Claim::Mine { resumed } => resumed,
        };
        let mut running = Running {
            shared,
            key,
            done: false,
        };
        let attempt = Attempt {
            shared,
            registered,
            request: &request,
            key,
        };
        let outcome = tokio::select! {
            // The conversation's end gives it up.
            biased;
            outcome = shared.book.outcome(key) => outcome,
            outcome = attempt.run(resumed) => outcome,
        };
        running.done = true;
        shared.book.publish(key, outcome)
    }

    /// Whether this tool leaves something behind.
    #[must_use]
    pub fn is_deed(&self, tool: &str) -> bool {
        let registered = self.shared.find(tool);
        registered.is_some_and(|found| found.tool.spec().effect != Effect::Reads)
    }

    /// Whether a call of this tool was carried out.
    #[must_use]
    pub fn has_done(&self, tool: &str) -> bool {
        self.shared.book.any(
            tool,
            |known| matches!(known, Known::Finished(outcome) if outcome.is_success()),
        )
    }

    /// No more may be done in a day than this; set once, before the first call.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        if self.shared.limits.set(limits).is_err() {
            tracing::error!("the limits of a conversation were set twice; the first ones stand");
        }
        self
    }

    /// What the caller, who has proved who they are, has done today in other conversations; `None`: nobody could find out.
    pub fn done_before(&self, before: Option<Vec<DoneDeed>>) {
        if let Some(limits) = self.shared.limits.get() {
            limits.know(before);
        }
    }

    /// Puts what a task under way knows on its way to the record, in the order of the calls.
    pub fn leave(&self, task: Option<LeftTask>) {
        self.shared.log.left(self.shared.session, task);
    }

    /// The conversation ends: waits for the calls under way, then gives up and records that. Nothing
    /// is recorded any more when this returns.
    pub async fn close(&self, patience: Duration) {
        let book = &self.shared.book;
        if timeout(patience, book.idle()).await.is_err() {
            for key in book.running() {
                self.shared.give_up(key);
            }
        }
    }
}

impl Registered {
    fn new(tool: Arc<dyn Tool>) -> Option<Self> {
        match jsonschema::validator_for(&tool.spec().arguments) {
            Ok(arguments) => Some(Self { tool, arguments }),
            Err(error) => {
                tracing::error!(tool = tool.spec().name, %error, "a tool is left out: the schema of its arguments is invalid");
                None
            }
        }
    }
}

impl Shared {
    fn find(&self, name: &str) -> Option<&Registered> {
        let mut tools = self.tools.iter();
        tools.find(|registered| registered.tool.spec().name == name)
    }

    /// Ends a call that nobody waits for any more.
    fn give_up(&self, key: Uuid) {
        let Some((outcome, is_recorded)) = self.book.abandoned(key) else {
            return;
        };
        if !is_recorded {
            // The record is on its way; nobody waits until it is kept.
            drop(self.log.finish(self.session, key, &outcome));
        }
        self.book.publish(key, outcome);
    }
}

/// Ends a call whose future is dropped.
struct Running<'a> {
    shared: &'a Shared,
    key: Uuid,
    done: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.shared.give_up(self.key);
        }
    }
}

/// One call on its way.
struct Attempt<'a> {
    shared: &'a Shared,
    registered: &'a Registered,
    request: &'a Request,
    key: Uuid,
}

impl Attempt<'_> {
    /// `resumed`: an earlier life of the conversation wrote the intent and no outcome.
    async fn run(&self, resumed: bool) -> Outcome {
        let is_deed = self.registered.tool.spec().effect != Effect::Reads;
        let refusal = self.refusal().or_else(|| match resumed {
            // It may have been done, and was counted then.
            true => None,
            false => self.over_limit(),
        });
        let outcome = match refusal {
            // What is refused now may have been done before.
            Some(_) if resumed && is_deed => Outcome::Unknown,
            Some(refusal) => {
                if !resumed {
                    drop(self.intend());
                }
                Outcome::Refused(refusal)
            }
            None if resumed => self.resume().await,
            None => {
                let recorded = self.intend();
                // A deed is on record before its request leaves.
                if is_deed && recorded.await.is_err() {
                    Outcome::Refused(Refusal::NotRecorded)
                } else {
                    self.carry_out().await
                }
            }
        };
        if !matches!(outcome, Outcome::Success(_) | Outcome::Unknown)
            && let Some(limits) = self.shared.limits.get()
        {
            limits.give_back(self.key);
        }
        if !outcome.is_success() {
            let (kind, reason) = (outcome.kind().as_str(), outcome.reason_for_log());
            tracing::warn!(tool = self.request.tool, outcome = kind, %reason, "a call of a tool did not succeed");
        }
        let progress = Progress::Recorded(outcome.clone());
        self.shared.book.reached(self.key, progress);
        let recorded = self
            .shared
            .log
            .finish(self.shared.session, self.key, &outcome);
        if is_deed && outcome.is_success() && recorded.await.is_err() {
            // What is not on record is not said to be done.
            return Outcome::Unknown;
        }
        outcome
    }

    fn refusal(&self) -> Option<Refusal> {
        let (request, tool) = (self.request, &self.registered.tool);
        if request.round >= MAX_ROUNDS {
            return Some(Refusal::TooManyRounds);
        }
        if let Err(error) = self.registered.arguments.validate(&request.arguments) {
            return Some(Refusal::Arguments(error.masked().to_string()));
        }
        if request.caller.level < tool.needs() {
            return Some(Refusal::NotAuthenticated);
        }
        (tool.spec().consent && !request.consent).then_some(Refusal::NoConsent)
    }

    /// Counts it among what was done today, unless that is too much.
    fn over_limit(&self) -> Option<Refusal> {
        let (request, limits) = (self.request, self.shared.limits.get()?);
        let may = limits.take(self.key, &request.tool, &request.arguments);
        (!may).then_some(Refusal::Limit)
    }

    fn intend(&self) -> BoxFuture<'static, Result<(), crate::NotRecorded>> {
        self.shared.book.reached(self.key, Progress::Intended);
        let spec = self.registered.tool.spec();
        self.shared.log.intend(Intent {
            session: self.shared.session,
            key: self.key,
            seq: self.request.seq,
            tool: self.request.tool.clone(),
            deed: spec.effect != Effect::Reads && spec.consent,
            arguments: self.request.arguments.clone(),
        })
    }

    /// The request may have left in an earlier life of the conversation.
    async fn resume(&self) -> Outcome {
        match self.registered.tool.spec().effect {
            Effect::Reads => self.carry_out().await,
            Effect::Idempotent => repeated(Some(self.carry_out().await)),
            Effect::Once => Outcome::Unknown,
            Effect::Status => self.status().await,
        }
    }

    async fn carry_out(&self) -> Outcome {
        let effect = self.registered.tool.spec().effect;
        self.shared.book.reached(self.key, Progress::Requested);
        let (outcome, is_late) = self.ask().await;
        if let Some(outcome) = outcome {
            return outcome;
        }
        // Nobody saw how it ended.
        match effect {
            Effect::Reads if is_late => Outcome::TimedOut,
            Effect::Reads => Outcome::Failed("the answer broke off".to_owned()),
            Effect::Idempotent => repeated(self.ask().await.0),
            Effect::Once => Outcome::Unknown,
            Effect::Status => self.status().await,
        }
    }

    /// One request; what came of it if that is known, and whether it took too long.
    async fn ask(&self) -> (Option<Outcome>, bool) {
        let call = ToolCall {
            session: self.shared.session,
            seq: self.request.seq,
            arguments: &self.request.arguments,
            key: self.key,
            caller: &self.request.caller,
        };
        let tool = &self.registered.tool;
        match timeout(tool.spec().timeout, tool.call(call)).await {
            Ok(answer) => (reported(answer), false),
            Err(_late) => (None, true),
        }
    }

    /// What came of it by the other side's account. A request that is not known there may still be on its way, and be
    /// carried out when nobody waits any more: so it is neither repeated nor said to have failed.
    async fn status(&self) -> Outcome {
        let tool = &self.registered.tool;
        match timeout(tool.spec().timeout, tool.status(self.key)).await {
            Ok(Ok(Some(result))) => Outcome::Success(result),
            Ok(Err(ToolError::Declined(reason))) => Outcome::Refused(Refusal::Declined(reason)),
            Ok(Ok(None) | Err(_)) | Err(_) => Outcome::Unknown,
        }
    }
}

/// What is known after a request under a key that was sent before. That this one failed says nothing of the one before.
fn repeated(outcome: Option<Outcome>) -> Outcome {
    match outcome {
        Some(Outcome::Failed(_)) | None => Outcome::Unknown,
        Some(outcome) => outcome,
    }
}

#[cfg(test)]
mod tests;
