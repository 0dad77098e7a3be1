//! The tools of a rehearsal: what a test says that they answer, and what was done with them.

use std::{collections::BTreeMap, sync::Arc};

use call::Channel;
use chrono::NaiveDate;
use knowledge::{FixedArgument, KnowledgeBase, TestCall, TestDialogue, ToolAnswer};
use serde_json::{Value, json};
use tools::{CallbackTool, MessageTool, Outcome, Refusal, Request, TicketTool, ToolCaller};

use crate::{Abilities, CallFacts};

/// The kind of dialogues in which something is done.
pub(crate) const TASK: &str = "task";
/// "Today" in every rehearsal, 10 in the morning: a Tuesday.
const TODAY: (i32, u32, u32) = (2026, 12, 1);

/// Tools, and what was done with them since the last turn.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    answers: BTreeMap<String, ToolAnswer>,
    /// Tools that only read.
    reading: Vec<String>,
    done: Vec<Request>,
    /// What is done must be what was expected.
    is_strict: bool,
}

/// What the agent can do, who calls, and the tools, for a dialogue in which something is done.
pub(crate) fn of_tasks(
    base: &Arc<KnowledgeBase>,
    dialogue: &TestDialogue,
) -> (Abilities, CallFacts, Stage) {
    let pack = base.pack();
    let reading = pack.tasks.list.iter().flat_map(|task| task.reads());
    let reading: Vec<String> = reading.map(str::to_owned).collect();
    let deeds = pack.tasks.list.iter().filter_map(|task| task.tool.clone());
    let own = [CallbackTool::NAME, TicketTool::NAME].map(str::to_owned);
    let abilities = Abilities {
        tools: deeds.chain(reading.iter().cloned()).chain(own).collect(),
        ..Abilities::default()
    };
    let (year, month, day) = TODAY;
    let today = NaiveDate::from_ymd_opt(year, month, day);
    let facts = CallFacts {
        channel: match dialogue.phone {
            Some(_) => Channel::Phone,
            None => Channel::Web,
        },
        can_authenticate: true,
        caller: ToolCaller {
            phone: dialogue.phone.clone(),
            ..ToolCaller::default()
        },
        begun: today.and_then(|day| day.and_hms_opt(10, 0, 0)),
        ..CallFacts::default()
    };
    let stage = Stage {
        answers: dialogue.tools.clone(),
        reading,
        done: Vec::new(),
        is_strict: true,
    };
    (abilities, facts, stage)
}

impl Stage {
    /// `is_new`: it is not one that came before.
    pub(crate) fn call(&mut self, request: Request, is_new: bool) -> Outcome {
        let answer = self.answers.get(&request.tool).cloned();
        if self.reading.contains(&request.tool) {
            let options = answer.unwrap_or_default().options;
            return Outcome::Success(json!({ "options": options }));
        }
        if is_new {
            self.done.push(request);
        }
        let Some(answer) = answer else {
            return Outcome::Success(json!({ "reference": "RF 100 200" }));
        };
        match answer {
            ToolAnswer {
                declined: Some(reason),
                ..
            } => Outcome::Refused(Refusal::Declined(reason)),
            ToolAnswer { fails: true, .. } => Outcome::Failed("it is away".to_owned()),
            ToolAnswer { unknown: true, .. } => Outcome::Unknown,
            ToolAnswer { fields, .. } => Outcome::Success(json!(fields)),
        }
    }

    /// What is wrong with what was done since the last turn.
    pub(crate) fn complaints(&mut self, expected: &[TestCall]) -> Vec<String> {
        let mut done = std::mem::take(&mut self.done);
        if !self.is_strict {
            return Vec::new();
        }
        let mut complaints = Vec::new();
        let is_notice = |request: &Request| request.tool == MessageTool::NAME;
        let tells_of_a_deed = done.iter().any(|request| !is_notice(request));
        for call in expected {
            match done.iter().position(|request| is(request, call)) {
                Some(at) => {
                    done.swap_remove(at);
                }
                None => complaints.push(format!("it does not do {call:?}, but {done:?}")),
            }
        }
        // A test need not name what a person is told of a deed that nobody saw the end of, nor the message about a deed.
        let unconfirmed = json!(TicketTool::UNCONFIRMED);
        let quiet = |request: &Request| {
            request.arguments.get("kind") == Some(&unconfirmed)
                || (tells_of_a_deed && is_notice(request))
        };
        done.retain(|request| !quiet(request));
        if complaints.is_empty() {
            let more = done.iter();
            complaints.extend(
                more.map(|request| format!("it does {} {}", request.tool, request.arguments)),
            );
        }
        complaints
    }
}

fn is(request: &Request, call: &TestCall) -> bool {
    let has = |(name, value): (&String, &FixedArgument)| {
        let value: Value = match value {
            FixedArgument::Text(text) => json!(text),
            FixedArgument::Truth(truth) => json!(truth),
            FixedArgument::Number(number) => json!(number),
        };
        request.arguments.get(name) == Some(&value)
    };
    request.tool == call.tool && call.arguments.iter().all(has)
}
