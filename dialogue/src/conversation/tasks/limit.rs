//! How much of a task may be done in a day. What was done is told from rows; nobody is read what may not be done.

use knowledge::{FixedArgument, Task};
use serde_json::{Value, json};
use tools::{DoneDeed, Limit, Most, Request};

use super::Running;
use crate::{
    Awaiting, ReplyMeta,
    conversation::{Conversation, Step},
};

/// What was done before, in other conversations of the caller and in this one.
#[derive(Debug, Clone)]
pub(in crate::conversation) struct DayBook {
    /// `None`: nobody could find out.
    pub(in crate::conversation) before: Option<Vec<DoneDeed>>,
    /// With the turns that asked for them: an outcome that is told again counts once.
    here: Vec<(i32, DoneDeed)>,
}

impl Default for DayBook {
    /// Nothing was done.
    fn default() -> Self {
        Self {
            before: Some(Vec::new()),
            here: Vec::new(),
        }
    }
}

/// The limit of a task as the registry counts it.
pub(crate) fn limit_of(task: &Task) -> Option<Limit> {
    let (limit, tool) = (task.limit.as_ref()?, task.tool.clone()?);
    let fixed = task.fixed.iter().filter_map(|(name, value)| {
        let value = match value {
            // What slots are filled into is another text each time.
            FixedArgument::Text(text) if text.contains('{') => return None,
            FixedArgument::Text(text) => json!(text),
            FixedArgument::Truth(value) => json!(value),
            FixedArgument::Number(value) => json!(value),
        };
        Some((name.clone(), value))
    });
    let most = match (limit.a_day, &limit.of, limit.most) {
        (Some(deeds), _, _) => Most::Deeds(deeds),
        (None, Some(argument), Some(most)) => Most::Sum {
            argument: argument.clone(),
            most,
        },
        (None, _, _) => return None,
    };
    Some(Limit {
        tool,
        fixed: fixed.collect(),
        most,
    })
}

impl Conversation {
    /// Where no more of it may be done today: says so, and the task is over.
    pub(super) fn is_over_limit(
        &mut self,
        running: &Running,
        meta: &ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> bool {
        let Some(limit) = limit_of(&running.task) else {
            return false;
        };
        let Some(before) = &self.day_book.before else {
            self.say_limit_unknown(meta, steps);
            return true;
        };
        let here = self.day_book.here.iter().map(|(_, deed)| deed);
        let done = before.iter().chain(here);
        let arguments = Value::Object(self.arguments(running));
        if limit.allows(&arguments, done, self.today().unwrap_or_default()) {
            return false;
        }
        self.say_limit(running, meta.clone(), steps);
        true
    }

    /// No more of it may be done today.
    pub(super) fn say_limit(&mut self, running: &Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let limit = running.task.limit.as_ref();
        let line = limit.map_or_else(String::new, |limit| limit.reached.clone());
        let text = self.filled(running, &line);
        self.say_and_complete(&text, Awaiting::None, meta, steps);
    }

    /// Nobody could find out what was done today.
    fn say_limit_unknown(&mut self, meta: &ReplyMeta, steps: &mut Vec<Step>) {
        let line = self.base.pack().tasks.words.lines.failed.clone();
        steps.push(Step::Say(line));
        let fixed = self.offer_person();
        self.say_fixed(fixed, meta.clone(), steps);
    }

    /// A deed was done, or nobody knows that it was not.
    pub(super) fn count_deed(&mut self, request: &Request) {
        let deed = DoneDeed {
            tool: request.tool.clone(),
            arguments: request.arguments.clone(),
            day: self.today().unwrap_or_default(),
        };
        let mut here = self.day_book.here.iter();
        if here.all(|(seq, counted)| *seq != request.seq || counted.tool != deed.tool) {
            self.day_book.here.push((request.seq, deed));
        }
    }
}
