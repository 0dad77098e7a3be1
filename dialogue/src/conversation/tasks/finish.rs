//! The deed that a task ends in, and what is said of its outcome.

use std::collections::BTreeMap;

use knowledge::{FixedArgument, SlotValue};
use serde_json::{Map, Value, json};
use tools::{CallbackTool, MessageTool, Outcome, Refusal, Request, TicketTool};

use super::{Running, Stage, begin::sent};
use crate::{
    Awaiting, CallAction, ReplyMeta,
    conversation::{Conversation, Purpose, Step, lookups::fields},
};

/// What makes a reply that says that something was done.
const DEED: &str = "deed";
/// Options that are read out.
const READ_OUT: usize = 3;
/// Options that may be picked.
const KEPT: usize = 20;

impl Conversation {
    /// The caller agreed: the deed is done.
    pub(super) fn carry_out(
        &mut self,
        mut running: Running,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        self.fill_silent(&mut running);
        let arguments = self.arguments(&running);
        let tool = running.task.tool.clone().unwrap_or_default();
        let request = Request {
            arguments: Value::Object(arguments),
            ..self.request(&tool, self.seq, true)
        };
        self.do_it(running, request, meta, steps);
    }

    /// What the tool is called with, as far as it is known.
    pub(super) fn arguments(&self, running: &Running) -> Map<String, Value> {
        let mut arguments = sent(running);
        for (name, value) in &running.task.fixed {
            let value = match value {
                FixedArgument::Text(text) => {
                    json!(self.base.written_of(text, &running.known))
                }
                FixedArgument::Truth(value) => json!(value),
                FixedArgument::Number(value) => json!(value),
            };
            arguments.insert(name.clone(), value);
        }
        arguments
    }

    /// Asks for the deed, or what came of it: the same request has the same key.
    pub(super) fn do_it(
        &mut self,
        mut running: Running,
        request: Request,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        running.stage = Stage::Doing(Box::new(request.clone()));
        self.task = Some(running);
        self.call(request, Purpose::Task, meta, steps);
    }

    /// What there is to choose from.
    pub(in crate::conversation) fn on_options(
        &mut self,
        outcome: &Outcome,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let Some(mut running) = self.task.take() else {
            return self.complete(meta, Awaiting::None, steps);
        };
        let Stage::Asking { slot, .. } = &running.stage else {
            return self.next(running, meta, steps);
        };
        let slot = slot.clone();
        let Outcome::Success(found) = outcome else {
            let lines = &self.base.pack().tasks.words.lines;
            let line = lines.failed.clone();
            steps.push(Step::Say(line));
            let fixed = self.offer_person();
            return self.say_fixed(fixed, meta, steps);
        };
        let options = self.options(found);
        running.options.insert(slot.clone(), options.clone());
        let Some(of) = running.task.slot(&slot).cloned() else {
            return self.complete(meta, Awaiting::None, steps);
        };
        if options.is_empty() {
            let line = of.manner.none.unwrap_or_default();
            self.say_filled(&running, &line, steps);
            let asks = of.manner.none_asks.unwrap_or(slot);
            running.forget(&asks);
            running.stage = Stage::Asking {
                slot: asks,
                misses: 0,
            };
            return self.ask(running, "", meta, steps);
        }
        let begun_with = std::mem::take(&mut running.begun_with);
        if let Some(value) = self.base.picks_by_time(&begun_with, &options).cloned() {
            running.set(&slot, value);
            return self.next(running, meta, steps);
        }
        let line = of.value.ask.unwrap_or_default();
        self.ask(running, &line, meta, steps);
    }

    /// The options of a tool's answer, as they are spoken.
    fn options(&self, found: &Value) -> Vec<SlotValue> {
        let list = found.get("options").and_then(Value::as_array);
        let options = list.into_iter().flatten().filter_map(|option| {
            let sent = option.get("value").unwrap_or(option).as_str()?.to_owned();
            // A time is said as the task has it: its day was asked for.
            let own = self.base.spoken_option(&sent);
            let theirs = option.get("spoken").and_then(Value::as_str);
            let spoken = theirs.filter(|_| own == sent).map_or(own, str::to_owned);
            Some(SlotValue { sent, spoken })
        });
        options.take(KEPT).collect()
    }

    /// The first options in words: "nine o'clock, half past ten or noon".
    pub(super) fn read_out(&self, options: &[SlotValue]) -> String {
        let or = &self.base.pack().tasks.words.lines.or;
        let read: Vec<&str> = options
            .iter()
            .take(READ_OUT)
            .map(|option| &*option.spoken)
            .collect();
        match read.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} {or} {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    /// What came of the deed.
    pub(in crate::conversation) fn on_deed(
        &mut self,
        outcome: &Outcome,
        mut meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let Some(running) = self.task.take() else {
            return self.complete(meta, Awaiting::None, steps);
        };
        let lines = self.base.pack().tasks.words.lines.clone();
        self.untold = Some(running.clone());
        if let Stage::Doing(request) = &running.stage
            && matches!(outcome, Outcome::Success(_) | Outcome::Unknown)
        {
            self.count_deed(request);
        }
        match outcome {
            Outcome::Success(found) => self.done(running, found, meta, steps),
            Outcome::Unknown => {
                self.unconfirmed.insert(running.task.name.clone());
                self.report_unconfirmed(&running, meta, steps);
            }
            Outcome::Refused(Refusal::NotAuthenticated) => {
                meta.action = None;
                self.without_proof(running, meta, steps);
            }
            Outcome::Refused(Refusal::Limit) => self.say_limit(&running, meta, steps),
            Outcome::Refused(Refusal::Declined(reason)) => {
                self.dead_end.refused();
                self.untold = None;
                let line = running.task.declined.clone().unwrap_or(lines.failed);
                let reason = [("reason".to_owned(), reason.clone())].into();
                self.say_found(&running, &line, &reason, steps);
                self.choose_again(running, meta, steps);
            }
            Outcome::Refused(_) | Outcome::Failed(_) | Outcome::TimedOut | Outcome::Cancelled => {
                steps.push(Step::Say(lines.failed));
                let fixed = self.offer_person();
                self.say_fixed(fixed, meta, steps);
            }
        }
    }

    /// What was picked cannot be had any more: something else may be. Without anything to pick the task is over.
    fn choose_again(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let mut slots = running.task.slots.iter();
        let picked = slots.find(|slot| slot.manner.options.is_some());
        match picked.map(|slot| slot.name.clone()) {
            Some(slot) => {
                running.forget(&slot);
                self.next(running, meta, steps);
            }
            None => self.complete(meta, Awaiting::None, steps),
        }
    }

    fn done(
        &mut self,
        running: Running,
        found: &Value,
        mut meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let found = fields(found);
        if let Some(reference) = found.get("reference") {
            let name = running.task.name.clone();
            self.references.insert(name, reference.replace(' ', ""));
        }
        if let Some(line) = running.task.done.clone() {
            self.say_found(&running, &line, &found, steps);
        }
        if running.task.tool.as_deref() == Some(CallbackTool::NAME) {
            meta.action = Some(CallAction::Callback);
        }
        DEED.clone_into(&mut meta.model);
        if let Some(notice) = self.notice(&running, &found) {
            let told = Purpose::Notice(Box::new(running), found);
            return self.call(notice, told, meta, steps);
        }
        self.then(running.task.then, Awaiting::None, meta, steps);
    }

    /// The message about what was done, where one is due and can be sent. The same deed has the same one: a reply that
    /// tells of it again sends nothing again.
    fn notice(&self, running: &Running, found: &BTreeMap<String, String>) -> Option<Request> {
        let notice = running.task.notice.as_ref()?;
        if !self.abilities.tools.contains(MessageTool::NAME) {
            return None;
        }
        let Stage::Doing(deed) = &running.stage else {
            return None;
        };
        let text = &notice.text;
        let text = self
            .base
            .notice_of(&running.task, text, &running.known, found);
        let mut arguments = json!({ "text": text });
        if let Some(slot) = &notice.to {
            arguments["to"] = json!(running.known.get(slot)?.sent);
        }
        Some(Request {
            arguments,
            ..self.request(MessageTool::NAME, deed.seq, true)
        })
    }

    /// The message left, or did not: what was done is done all the same, and a message is not promised twice.
    pub(in crate::conversation) fn on_notice(
        &mut self,
        outcome: &Outcome,
        running: Running,
        found: &BTreeMap<String, String>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        if let Some(notice) = running
            .task
            .notice
            .as_ref()
            .filter(|_| outcome.is_success())
        {
            self.say_found(&running, &notice.said, found, steps);
        }
        self.then(running.task.then, Awaiting::None, meta, steps);
    }

    /// Nobody knows whether it was done: it is not said that it was, it is not done again, and a person looks into it.
    fn report_unconfirmed(&mut self, running: &Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let is_ticket = running.task.tool.as_deref() == Some(TicketTool::NAME);
        let seq = match &running.stage {
            Stage::Doing(request) => request.seq,
            _ => self.seq,
        };
        if !self.abilities.tools.contains(TicketTool::NAME) || is_ticket {
            let lines = &self.base.pack().tasks.words.lines;
            let line = lines.unconfirmed_unkept.clone();
            return self.say_and_complete(&line, Awaiting::None, meta, steps);
        }
        let arguments = json!({
            "kind": TicketTool::UNCONFIRMED,
            "text": format!("{}: nobody saw whether it was done", running.task.name),
            "urgent": true,
        });
        let request = Request {
            arguments,
            ..self.request(TicketTool::NAME, seq, true)
        };
        self.call(request, Purpose::Unconfirmed, meta, steps);
    }

    /// A person was told that nobody knows whether something was done, or was not.
    pub(in crate::conversation) fn on_unconfirmed(
        &mut self,
        outcome: &Outcome,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let lines = &self.base.pack().tasks.words.lines;
        let reference = match outcome {
            Outcome::Success(found) => found.get("reference").and_then(Value::as_str),
            _ => None,
        };
        let line = match reference {
            Some(reference) => {
                let shown = self.base.spoken_option(reference);
                lines.unconfirmed.replace("{reference}", &shown)
            }
            None => lines.unconfirmed_unkept.clone(),
        };
        self.say_and_complete(&line, Awaiting::None, meta, steps);
    }

    fn say_found(
        &self,
        running: &Running,
        line: &str,
        found: &BTreeMap<String, String>,
        steps: &mut Vec<Step>,
    ) {
        let text = self.base.say_of(&running.task, line, &running.known, found);
        steps.extend(knowledge::sentences(&text).into_iter().map(Step::Say));
    }
}
