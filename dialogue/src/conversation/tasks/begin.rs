//! A task begins, and asks for what it needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use call::AuthLevel;
use knowledge::{Proof, SlotValue, Task, TaskSlot, Then};
use serde_json::{Map, Value};
use tools::{CallbackTool, Request};

use super::{Running, Stage};
use crate::{
    Awaiting, ReplyMeta,
    conversation::{Conversation, Purpose, Reply, Step},
};

/// What makes a reply that asks for what is needed.
pub(super) const QUESTION: &str = "question";

impl Conversation {
    /// Tasks that nobody can carry out here: what asks for them is read as if the pack had none.
    pub(in crate::conversation) fn unconnected_tasks(&self) -> impl Iterator<Item = String> {
        let tasks = self.base.pack().tasks.list.iter();
        tasks
            .filter(|task| !self.can_do(task))
            .map(|task| task.name.clone())
    }

    pub(in crate::conversation) fn can_do(&self, task: &Task) -> bool {
        let tools = task.tool.as_deref().into_iter().chain(task.reads());
        let mut tools = tools.filter(|tool| !self.abilities.tools.contains(*tool));
        tools.next().is_none()
    }

    pub(in crate::conversation) fn is_proven(&self) -> bool {
        self.facts.caller.level >= AuthLevel::OneTimeCode
    }

    /// Begins a task with the values that the turn says already.
    pub(in crate::conversation) fn begin_task(
        &mut self,
        name: &str,
        said: &str,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        self.begin_task_with(name, said, None, meta, steps);
    }

    /// The same with what a model understood of it; each value is read like one that the caller said, and is read back
    /// before anything is done.
    pub(in crate::conversation) fn begin_task_with(
        &mut self,
        name: &str,
        said: &str,
        understood: Option<&Value>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let base = Arc::clone(&self.base);
        if self.unconfirmed.contains(name) {
            let line = &base.pack().tasks.words.lines.unconfirmed_unkept;
            return self.say_and_complete(line, Awaiting::None, meta, steps);
        }
        let task = base.pack().tasks.get(name).filter(|task| self.can_do(task));
        let Some(task) = task.cloned() else {
            let line = &base.pack().tasks.words.lines.failed;
            return self.say_and_complete(line, Awaiting::None, meta, steps);
        };
        let mut running = Running {
            known: self.known_before(&task),
            skipped: BTreeSet::new(),
            options: BTreeMap::new(),
            begun_with: said.to_owned(),
            order: Vec::new(),
            stage: Stage::Proving,
            task,
        };
        self.read_values(&mut running, None, said, false);
        self.take_own_number(&mut running, said);
        if self.is_proven() {
            self.take_up_left(&mut running);
        }
        for (slot, value) in understood.and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = value.as_str()
                && !running.known.contains_key(slot)
            {
                self.replace_value(&mut running, slot, value);
            }
        }
        self.open(running, meta, steps);
    }

    /// What is known of a task's slots before a word was said: the caller's number, the reference of what was done.
    fn known_before(&self, task: &Task) -> BTreeMap<String, SlotValue> {
        let value = |slot: &TaskSlot| {
            let from = slot.manner.from.as_ref()?;
            let reference = self.references.get(from)?;
            Some(SlotValue {
                spoken: self.base.spoken_option(reference),
                sent: reference.clone(),
            })
        };
        let slots = task.slots.iter();
        slots
            .filter_map(|slot| Some((slot.name.clone(), value(slot)?)))
            .collect()
    }

    fn open(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        if running.task.proof == Proof::Code && !self.is_proven() {
            return self.ask_for_proof(running, meta, steps);
        }
        if self.is_over_limit(&running, &meta, steps) {
            return;
        }
        if running.task.tool.as_deref() == Some(CallbackTool::NAME)
            && let Some(line) = self.nobody_there()
        {
            steps.push(Step::Say(line));
        }
        if let Some(line) = running.task.begin.clone() {
            self.say_filled(&running, &line, steps);
        }
        running.stage = Stage::Confirming;
        self.next(running, meta, steps);
    }

    /// The caller has to prove who they are; where nobody can, another task takes its place.
    fn ask_for_proof(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        if !self.facts.can_authenticate {
            return self.without_proof(running, meta, steps);
        }
        if let Some(line) = running.task.unproven.clone() {
            self.say_filled(&running, &line, steps);
        }
        running.stage = Stage::Proving;
        self.task = Some(running);
        let meta = ReplyMeta {
            model: QUESTION.to_owned(),
            ..meta
        };
        let way = self.way_to_authenticate().to_owned();
        self.say_and_complete(&way, Awaiting::Proof, meta, steps);
    }

    /// They cannot prove who they are.
    pub(super) fn without_proof(
        &mut self,
        running: Running,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        match running.task.fallback.clone() {
            Some(other) => self.begin_task(&other, "", meta, steps),
            None => {
                let fixed = self.offer_person();
                self.say_fixed(fixed, meta, steps);
            }
        }
    }

    /// The caller has proved who they are: the task that waited for it goes on, or one that an earlier call left.
    pub(in crate::conversation) fn proven(&mut self, steps: &mut Vec<Step>) {
        let Some(mut running) = self
            .task
            .take_if(|running| matches!(running.stage, Stage::Proving))
        else {
            return self.offer_left_at_once(steps);
        };
        self.take_up_left(&mut running);
        // It is said beside the conversation's turns, and asks at once; a reply under way goes on.
        let under_way = self.take_reply();
        let mut own = Vec::new();
        self.open(running, ReplyMeta::default(), &mut own);
        if let Reply::Complete { asks } = &self.reply {
            self.awaiting = *asks;
        }
        self.reply = under_way;
        steps.extend(own.into_iter().filter(|step| matches!(step, Step::Say(_))));
    }

    /// Asks for the next value, or reads back what will be done.
    pub(super) fn next(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let Some(slot) = running.missing().map(str::to_owned) else {
            return self.confirm(running, meta, steps);
        };
        let options = running.task.slot(&slot);
        let options = options.and_then(|slot| slot.manner.options.clone());
        if let Some(tool) = options {
            let request = Request {
                arguments: Value::Object(sent(&running)),
                ..self.request(&tool, self.seq, false)
            };
            running.stage = Stage::Asking { slot, misses: 0 };
            self.task = Some(running);
            return self.call(request, Purpose::Options, meta, steps);
        }
        let line = running
            .task
            .slot(&slot)
            .and_then(|slot| slot.value.ask.clone());
        running.stage = Stage::Asking { slot, misses: 0 };
        self.ask(running, &line.unwrap_or_default(), meta, steps);
    }

    /// Says a question of the task and waits.
    pub(super) fn ask(
        &mut self,
        running: Running,
        line: &str,
        mut meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        QUESTION.clone_into(&mut meta.model);
        self.say_filled(&running, line, steps);
        self.awaiting = Awaiting::None;
        let asks = match running.stage {
            Stage::Confirming => Awaiting::Agreement,
            _ => Awaiting::Value,
        };
        self.task = Some(running);
        self.complete(meta, asks, steps);
    }

    /// Reads back what will be done; a task without a tool is at its end.
    pub(super) fn confirm(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        match running.task.confirm.clone() {
            Some(_) if self.is_over_limit(&running, &meta, steps) => {}
            Some(line) if running.task.tool.is_some() => {
                running.stage = Stage::Confirming;
                self.ask(running, &line, meta, steps);
            }
            _ => self.then(running.task.then, Awaiting::None, meta, steps),
        }
    }

    /// What follows a task.
    pub(super) fn then(
        &mut self,
        then: Then,
        asks: Awaiting,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        match then {
            Then::Talk => self.complete(meta, asks, steps),
            Then::Person => {
                let fixed = self.offer_person();
                self.say_fixed(fixed, meta, steps);
            }
        }
    }

    /// A line of the task with its values, sentence by sentence.
    pub(super) fn say_filled(&self, running: &Running, line: &str, steps: &mut Vec<Step>) {
        let text = self.filled(running, line);
        steps.extend(knowledge::sentences(&text).into_iter().map(Step::Say));
    }

    /// A line of the task with its values, and what there is to choose from.
    pub(super) fn filled(&self, running: &Running, line: &str) -> String {
        let mut found = BTreeMap::new();
        if let Stage::Asking { slot, .. } = &running.stage
            && let Some(options) = running.options.get(slot)
        {
            found.insert("options".to_owned(), self.read_out(options));
        }
        self.base
            .say_of(&running.task, line, &running.known, &found)
    }

    /// Some fixed sentences, and the reply is complete.
    pub(super) fn say_and_complete(
        &mut self,
        text: &str,
        asks: Awaiting,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        steps.extend(knowledge::sentences(text).into_iter().map(Step::Say));
        self.complete(meta, asks, steps);
    }
}

/// The values as the tool takes them.
pub(super) fn sent(running: &Running) -> Map<String, Value> {
    let slots = running.task.slots.iter();
    let slots = slots.filter(|slot| !slot.manner.unsent);
    let values = slots.filter_map(|slot| {
        let value = running.known.get(&slot.name)?;
        Some((slot.name.clone(), Value::String(value.sent.clone())))
    });
    values.collect()
}
