//! What a turn says of a task's values.

use std::collections::BTreeMap;

use knowledge::{Slot, SlotKind, SlotValue, SlotValues, TaskSlot};

use super::{Running, Stage};
use crate::conversation::Conversation;

impl Conversation {
    /// Takes the values that a turn says; how many are new. `wanted` is the one that the agent has just asked for. Values
    /// that are known are replaced where the turn corrects something.
    pub(super) fn read_values(
        &self,
        running: &mut Running,
        wanted: Option<&str>,
        said: &str,
        corrects: bool,
    ) -> usize {
        let mut slots = running.task.parameters();
        // What there is to choose from is not read, but picked.
        slots.retain(|name, _| !self.has_options(running, name));
        let mut found = self.said_values(running, slots, wanted, said);
        if let Some(name) = wanted
            && let Some(value) = self.own_number(running, name, said)
        {
            found.insert(name.to_owned(), value);
        }
        let mut new = 0;
        for (name, value) in found {
            let before = running.known.get(&name);
            let is_wanted = wanted == Some(name.as_str());
            let may = before.is_none() || corrects || is_wanted;
            if may && before != Some(&value) {
                running.set(&name, value);
                self.unsettle(running, &name);
                new += 1;
            }
        }
        new
    }

    /// What a turn says of each slot. Of several slots of one type those behind their own words are read behind them, and
    /// the first of the others before them.
    fn said_values(
        &self,
        running: &Running,
        mut slots: BTreeMap<String, Slot>,
        wanted: Option<&str>,
        said: &str,
    ) -> SlotValues {
        let mut found = SlotValues::new();
        let mut rest = said;
        for slot in &running.task.slots {
            let after = &slot.manner.after;
            if after.is_empty() {
                continue;
            }
            let Some(parameter) = slots.remove(&slot.name) else {
                continue;
            };
            let is_wanted = wanted == Some(slot.name.as_str());
            let (before, own) = match self.base.parted(rest, after) {
                Some((before, own)) => (before, own),
                None if is_wanted => (if is_same_type(running, slot) { "" } else { rest }, rest),
                None => continue,
            };
            let one = [(slot.name.clone(), parameter)].into();
            let asked = Some(&*slot.name);
            self.base
                .fill_slots(&one, asked, own, self.today(), &mut found);
            rest = before;
        }
        self.base
            .fill_slots(&slots, wanted, rest, self.today(), &mut found);
        found
    }

    /// "This number": the one that the caller calls from.
    fn own_number(&self, running: &Running, slot: &str, said: &str) -> Option<SlotValue> {
        let slot = running.task.slot(slot).filter(|slot| slot.manner.caller)?;
        let phone = self.facts.caller.phone.as_deref()?;
        let is_own = self.base.names_own_number(said) && slot.value.kind == SlotKind::Phone;
        is_own.then(|| self.base.phone_value(phone))
    }

    fn has_options(&self, running: &Running, slot: &str) -> bool {
        let slot = running.task.slot(slot);
        slot.is_some_and(|slot| slot.manner.options.is_some())
    }

    /// What was picked from options that depended on a value that is another one now must be picked again.
    fn unsettle(&self, running: &mut Running, changed: &str) {
        let slots = running.task.slots.iter();
        let behind = slots.skip_while(|slot| slot.name != changed).skip(1);
        let stale: Vec<String> = behind
            .filter(|slot| slot.manner.options.is_some())
            .map(|slot| slot.name.clone())
            .collect();
        for slot in stale {
            running.forget(&slot);
        }
    }

    /// Whether digits would answer what a task has asked for.
    pub(crate) fn takes_digits(&self) -> bool {
        let Some(Running {
            stage: Stage::Asking { slot, .. },
            task,
            ..
        }) = &self.task
        else {
            return false;
        };
        let kind = task.slot(slot).map(|slot| slot.value.kind);
        matches!(
            kind,
            Some(
                SlotKind::Phone
                    | SlotKind::Code
                    | SlotKind::Number
                    | SlotKind::Amount
            )
        )
    }

    /// What the turn picks of the options that were read out.
    pub(super) fn pick(&self, running: &mut Running, said: &str) -> bool {
        let Stage::Asking { slot, options, .. } = &running.stage else {
            return false;
        };
        let picked = self.base.picks(said, options);
        let Some(value) = picked.and_then(|at| options.get(at)).cloned() else {
            return false;
        };
        let slot = slot.clone();
        running.set(&slot, value);
        true
    }

    /// Why a person is to call: the label of what was talked about, for slots that are never asked for.
    pub(super) fn fill_silent(&self, running: &mut Running) {
        let topic = self.subject.last.topics.first();
        let topic = topic.and_then(|id| self.base.pack().topic(id));
        let Some(topic) = topic else {
            return;
        };
        let slots = running.task.slots.iter();
        let silent = slots.filter(|slot| {
            slot.manner.silent
                && slot.value.kind == SlotKind::Text
                && !running.known.contains_key(&slot.name)
        });
        let names: Vec<String> = silent.map(|slot| slot.name.clone()).collect();
        for name in names {
            let value = SlotValue {
                sent: topic.label.clone(),
                spoken: topic.label.clone(),
            };
            running.known.insert(name, value);
        }
    }
}

/// Another slot of the task has the same type.
fn is_same_type(running: &Running, slot: &TaskSlot) -> bool {
    let mut others = running.task.slots.iter();
    others.any(|other| other.name != slot.name && other.value.kind == slot.value.kind)
}

/// A result's fields as text.
pub(super) fn fields(found: &serde_json::Value) -> BTreeMap<String, String> {
    let fields = found.as_object().into_iter().flatten();
    fields
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
