//! What is done for a caller in several turns: values are asked for, read back and agreed to, then a tool does it. Any
//! value may be said at any time; a question in between is answered, and then the task goes on.
//!
//! ```text
//! begin -> Proving -> Asking <-> Checking -> Confirming -> Doing -> done
//!                        ^_______ Changing ______|
//! ```

mod begin;
mod corrections;
mod finish;
mod left;
mod limit;
mod offer;
mod turn;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use knowledge::{SlotValue, SlotValues, Task};
pub(super) use left::Left;
pub(super) use limit::DayBook;
pub(crate) use limit::limit_of;
use tools::Request;
pub(super) use turn::Understood;

/// A task under way.
#[derive(Debug, Clone)]
pub(super) struct Running {
    task: Arc<Task>,
    known: SlotValues,
    /// Slots that the caller left out.
    skipped: BTreeSet<String>,
    /// What there was to choose from, by slot.
    options: BTreeMap<String, Vec<SlotValue>>,
    /// What the caller said when it began: a time that turns out to be free was named then.
    begun_with: String,
    /// Slots in the order in which they were filled: "go back".
    order: Vec<String>,
    stage: Stage,
}

/// How far a task is.
#[derive(Debug, Clone)]
enum Stage {
    /// The caller must prove who they are.
    Proving,
    /// A value is asked for.
    Asking {
        slot: String,
        /// Turns that did not answer.
        misses: u8,
    },
    /// A value is read back.
    Checking { slot: String },
    /// What will be done is read back.
    Confirming,
    /// Something is wrong with it.
    Changing,
    /// The tool works. A reply that was cut short does not stop it: the next turn asks what came of this same call.
    Doing(Box<Request>),
}

/// Where a turn goes on.
enum Onward {
    /// The task answers it.
    Here,
    /// It is about something else, which is answered as ever; the task waits.
    Elsewhere,
}

/// Turns in a row that may fail to say a value.
const MISSES: u8 = 2;

impl Running {
    /// A short answer to a question of the task may be yes or no.
    pub(super) fn is_yes_or_no(&self) -> bool {
        match &self.stage {
            Stage::Checking { .. } | Stage::Confirming | Stage::Changing => true,
            Stage::Asking { slot, .. } => self.task.is_yes_or_no(slot),
            Stage::Proving | Stage::Doing(_) => false,
        }
    }

    /// The task's name.
    pub(super) fn name(&self) -> &str {
        &self.task.name
    }

    fn set(&mut self, slot: &str, value: SlotValue) {
        self.order.retain(|name| name != slot);
        self.order.push(slot.to_owned());
        self.skipped.remove(slot);
        self.known.insert(slot.to_owned(), value);
    }

    fn forget(&mut self, slot: &str) {
        self.order.retain(|name| name != slot);
        self.skipped.remove(slot);
        self.known.remove(slot);
    }

    /// The first slot that has no value and must have one.
    fn missing(&self) -> Option<&str> {
        let mut slots = self.task.slots.iter();
        let missing = slots.find(|slot| {
            let is_settled =
                self.known.contains_key(&slot.name) || self.skipped.contains(&slot.name);
            !is_settled && !slot.manner.silent
        });
        missing.map(|slot| slot.name.as_str())
    }
}
