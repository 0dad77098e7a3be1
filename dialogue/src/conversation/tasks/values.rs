//! What a turn says of a task's values.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use knowledge::{Route, Slot, SlotKind, SlotValue, SlotValues, TaskSlot};
use language::quantity::quantities;

use super::{Running, Stage, Understood};
use crate::conversation::Conversation;

/// Words at most of a turn that is nothing but a value.
const ANEW: usize = 4;
/// Words at least of a turn that names a number in passing.
const NAMED: usize = 3;

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
            && !found.contains_key(name)
            && let Some(value) = self.own_number(running, name, said)
        {
            found.insert(name.to_owned(), value);
        }
        let mut new = 0;
        for (name, value) in found {
            let value = self.in_the_past(running, &name, said, value);
            let before = running.known.get(&name);
            let is_wanted = wanted == Some(name.as_str());
            // A bare number may be anything: whether it corrects one is tried where nothing else does.
            let kind = slots_kind(running, &name);
            let is_bare = matches!(kind, Some(SlotKind::Number | SlotKind::Amount));
            let may = before.is_none() || is_wanted || (corrects && !is_bare);
            if may && before != Some(&value) {
                running.set(&name, value);
                self.unsettle(running, &name);
                new += 1;
            }
        }
        new
    }

    /// "Know the fifteenth": a few words that name another day than was read back, and agree to nothing, correct it; a
    /// recogniser loses the "no" before them.
    pub(super) fn named_anew(&self, running: &mut Running, of: &Understood<'_>) -> bool {
        let said = &of.turn.question;
        let is_other = matches!(of.route, Route::Affirm | Route::SmallTalk { .. });
        if is_other || self.base.asks(said) || said.split_whitespace().count() > ANEW {
            return false;
        }
        let filled: Vec<String> = running.order.iter().rev().cloned().collect();
        filled.into_iter().any(|slot| {
            slots_kind(running, &slot) == Some(SlotKind::Date)
                && self.replace_value(running, &slot, said)
        })
    }

    /// Whether a turn says what was asked for, by more than being words.
    pub(super) fn says_value(&self, running: &Running, slot: &str, said: &str) -> bool {
        let kind = slots_kind(running, slot);
        let mut trial = running.clone();
        !matches!(kind, Some(SlotKind::Text | SlotKind::Address))
            && self.read_values(&mut trial, Some(slot), said, false) > 0
            && trial.known.get(slot) != running.known.get(slot)
    }

    /// Digits were asked for and said, and are no value: a digit too many is an answer, and nobody's secret.
    pub(super) fn says_digits(&self, running: &Running, slot: &str, said: &str) -> bool {
        slots_kind(running, slot).is_some_and(is_of_digits)
            && !self.base.asks(said)
            && !quantities(said).is_empty()
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
                None if is_wanted => (
                    if is_same_type(running, slot) {
                        ""
                    } else {
                        rest
                    },
                    rest,
                ),
                None => continue,
            };
            let kind = parameter.kind;
            let one = [(slot.name.clone(), parameter)].into();
            let asked = Some(&*slot.name);
            self.base
                .fill_slots(&one, asked, own, self.today(), &mut found);
            rest = before;
            // "From the tenth until the twentieth": the first is as bare as the second.
            let mut others = slots.iter().filter(|(_, other)| other.kind == kind);
            if let (Some((name, other)), None) = (others.next(), others.next()) {
                let one = [(name.clone(), other.clone())].into();
                self.base
                    .fill_slots(&one, Some(name), before, self.today(), &mut found);
            }
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

    /// "Call me on this number", in the turn that asks for it.
    pub(super) fn take_own_number(&self, running: &mut Running, said: &str) {
        let slots = running.task.slots.iter();
        let phones = slots.filter(|slot| slot.manner.caller);
        let names: Vec<String> = phones.map(|slot| slot.name.clone()).collect();
        for name in names {
            let is_said = said.split_whitespace().count() >= NAMED;
            if let Some(value) = self.own_number(running, &name, said)
                && is_said
                && !running.known.contains_key(&name)
            {
                running.set(&name, value);
            }
        }
    }

    pub(super) fn has_options(&self, running: &Running, slot: &str) -> bool {
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

    /// Reads one slot from a text and takes it in the place of what was known; whether it is another value.
    pub(super) fn replace_value(&self, running: &mut Running, slot: &str, said: &str) -> bool {
        let Some(of) = running.task.slot(slot).map(|slot| slot.value.clone()) else {
            return false;
        };
        let mut found = SlotValues::new();
        let one = [(slot.to_owned(), of)].into();
        self.base
            .fill_slots(&one, Some(slot), said, self.today(), &mut found);
        let Some(value) = found.remove(slot) else {
            return false;
        };
        let value = self.in_the_past(running, slot, said, value);
        if running.known.get(slot) == Some(&value) {
            return false;
        }
        running.set(slot, value);
        self.unsettle(running, slot);
        true
    }

    /// Of something that has been, the day that was: "on Saturday", "the fourteenth of November".
    fn in_the_past(
        &self,
        running: &Running,
        slot: &str,
        said: &str,
        value: SlotValue,
    ) -> SlotValue {
        let is_past = running.task.slot(slot).is_some_and(|slot| slot.manner.past);
        let day = value.sent.parse::<NaiveDate>().ok();
        let (Some(today), Some(day)) = (self.today().filter(|_| is_past), day) else {
            return value;
        };
        self.base.day_before(day, today, said)
    }

    /// Whether digits would answer what a task has asked for, or correct what it has read back.
    pub(crate) fn takes_digits(&self) -> bool {
        let Some(Running { stage, task, .. }) = &self.task else {
            return false;
        };
        match stage {
            Stage::Asking { slot, .. } | Stage::Checking { slot } => {
                let kind = task.slot(slot).map(|slot| slot.value.kind);
                kind.is_some_and(is_of_digits)
            }
            Stage::Confirming | Stage::Changing => {
                let mut kinds = task.slots.iter().map(|slot| slot.value.kind);
                kinds.any(|kind| matches!(kind, SlotKind::Phone | SlotKind::Code))
            }
            Stage::Proving | Stage::Doing(_) => false,
        }
    }

    /// What the turn picks of the options that were read out.
    pub(super) fn pick(&self, running: &mut Running, said: &str) -> bool {
        let Stage::Asking { slot, .. } = &running.stage else {
            return false;
        };
        let none = Vec::new();
        let options = running.options.get(slot).unwrap_or(&none);
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

fn slots_kind(running: &Running, slot: &str) -> Option<SlotKind> {
    running.task.slot(slot).map(|slot| slot.value.kind)
}

/// Its values can be entered on a keypad.
fn is_of_digits(kind: SlotKind) -> bool {
    matches!(
        kind,
        SlotKind::Phone | SlotKind::Code | SlotKind::Number | SlotKind::Amount
    )
}

/// Another slot of the task has the same type.
fn is_same_type(running: &Running, slot: &TaskSlot) -> bool {
    let mut others = running.task.slots.iter();
    others.any(|other| other.name != slot.name && other.value.kind == slot.value.kind)
}
