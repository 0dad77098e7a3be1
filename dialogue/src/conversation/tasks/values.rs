//! What a turn says of a task's values.

use std::collections::BTreeMap;

use knowledge::{ParameterKind, ParameterValue, ParameterValues};

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
        let mut found = ParameterValues::new();
        self.base
            .fill_slots(&slots, wanted, said, self.today(), &mut found);
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
                && slot.value.kind == ParameterKind::Text
                && !running.known.contains_key(&slot.name)
        });
        let names: Vec<String> = silent.map(|slot| slot.name.clone()).collect();
        for name in names {
            let value = ParameterValue {
                sent: topic.label.clone(),
                spoken: topic.label.clone(),
            };
            running.known.insert(name, value);
        }
    }
}

/// A result's fields as text.
pub(super) fn fields(found: &serde_json::Value) -> BTreeMap<String, String> {
    let fields = found.as_object().into_iter().flatten();
    fields
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
