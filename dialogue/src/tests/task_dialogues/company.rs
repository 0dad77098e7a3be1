//! The company of a dialogue: its systems answer what the dialogue says, through a registry that writes rows.

use std::{collections::BTreeSet, time::Duration};

use call::AuthLevel;
use serde_json::Value;
use tools::{
    CallbackRequest, CallbackTool, Callbacks, DeedConfig, Deeds, Message, MessageTool, Messages,
    Request, TicketTool, ToolCall, ToolError, ToolSpec,
};

use super::*;
use crate::rehearsal::stage::{self, Stage};

/// A company for one dialogue; clones share it.
#[derive(Clone)]
pub(super) struct Company {
    stage: Arc<Mutex<Systems>>,
    facts: CallFacts,
}

struct Systems {
    stage: Stage,
    /// Deeds that have come: one that comes again under its key is not done again.
    seen: BTreeSet<Uuid>,
    /// How many were done.
    done: usize,
}

impl Company {
    pub(super) fn of(dialogue: &TestDialogue) -> Self {
        let (_, facts, stage) = stage::of_tasks(&BANK, dialogue);
        let systems = Systems {
            stage,
            seen: BTreeSet::new(),
            done: 0,
        };
        Self {
            stage: Arc::new(Mutex::new(systems)),
            facts,
        }
    }

    /// The pack's tasks are connected. Nobody is asked at that address: the tools below stand in.
    pub(super) fn replier(&self, llm: Option<LlmConfig>) -> Replier {
        let config = ReplyConfig {
            llm,
            messages: true,
            ..ReplyConfig::default()
        };
        let deeds = Deeds::new(DeedConfig {
            url: "http://127.0.0.1:1/".to_owned(),
            token: None,
            time: Duration::from_secs(5),
        });
        let deeds = deeds.expect("the address is one");
        Replier::new(Arc::clone(&BANK), config, None, Some(deeds))
    }

    pub(super) fn conversation(&self, replier: &Replier) -> (Driver, Rows) {
        let rows = Rows::default();
        let own: [Arc<dyn Tool>; 3] = [
            Arc::new(CallbackTool::new(Arc::new(Nobody))),
            Arc::new(MessageTool::new(Arc::new(Nobody))),
            Arc::new(TicketTool::new(Arc::new(Nobody), replier.tickets())),
        ];
        let declared = replier.tools().into_iter().chain(own);
        let tools = declared.map(|tool| {
            let tool = StandIn {
                spec: tool.spec().clone(),
                needs: tool.needs(),
                company: self.clone(),
            };
            Arc::new(tool) as Arc<dyn Tool>
        });
        let log = Arc::new(rows.clone());
        let registry = Registry::new(SessionId::new(), tools.collect(), log, Vec::new());
        let driver = Driver::new(
            replier.clone(),
            registry,
            self.facts.clone(),
            TaskTracker::new(),
        );
        (driver, rows)
    }

    /// What is wrong with what was done since the turn before.
    pub(super) fn complaints(&self, expected: &TestTurn) -> Vec<String> {
        let mut systems = self.stage.lock().unwrap();
        systems.stage.complaints(&expected.calls)
    }

    /// What is wrong with the rows: each call that came has an intent before it, and each intent an end.
    pub(super) fn rows_against(&self, rows: &[String]) -> Vec<String> {
        let intents = rows.iter().filter(|row| row.contains(" for turn ")).count();
        let ended = rows.len() - intents;
        let done = self.stage.lock().unwrap().done;
        let is_wrong = intents != ended || intents < done;
        let wrong = is_wrong.then(|| format!("{done} calls came, and the rows are {rows:?}"));
        wrong.into_iter().collect()
    }

    fn called(&self, spec: &ToolSpec, call: &ToolCall<'_>) -> Result<Value, ToolError> {
        let mut systems = self.stage.lock().unwrap();
        let request = Request {
            tool: spec.name.clone(),
            seq: call.seq,
            round: 0,
            arguments: call.arguments.clone(),
            consent: true,
            caller: call.caller.clone(),
        };
        let is_new = systems.seen.insert(call.key);
        systems.done += usize::from(is_new);
        let outcome = systems.stage.call(request, is_new);
        match outcome {
            Outcome::Success(found) => Ok(found),
            Outcome::Refused(tools::Refusal::Declined(reason)) => Err(ToolError::Declined(reason)),
            Outcome::Unknown => Err(ToolError::Unclear("nobody saw its end".to_owned())),
            other => Err(ToolError::Failed(format!("{other:?}"))),
        }
    }
}

/// A tool of the pack's, as it is declared, that the dialogue answers.
struct StandIn {
    spec: ToolSpec,
    needs: AuthLevel,
    company: Company,
}

impl Tool for StandIn {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        self.needs
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        let answer = self.company.called(&self.spec, &call);
        Box::pin(async { answer })
    }
}

/// Who keeps callbacks where nobody asks for one.
struct Nobody;

impl Callbacks for Nobody {
    fn record(&self, _: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>> {
        Box::pin(async { Err(ToolError::Failed("nobody keeps it".to_owned())) })
    }
}

impl Messages for Nobody {
    fn send(&self, _: Message) -> BoxFuture<'_, Result<(), ToolError>> {
        Box::pin(async { Err(ToolError::Failed("nobody sends it".to_owned())) })
    }
}
