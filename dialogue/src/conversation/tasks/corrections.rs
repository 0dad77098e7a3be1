//! What a turn says anew of a task's values: "no, the fifteenth".

use knowledge::{SlotKind, SlotValue};

use super::{Running, turn::is_own_words};
use crate::conversation::Conversation;

/// Words at least of what is said anew.
const RETOLD: usize = 2;

impl Conversation {
    /// Another of what there was to choose from: "no, make it half past three".
    pub(super) fn pick_again(&self, running: &mut Running, said: &str) -> bool {
        if !self.base.corrects(said) {
            return false;
        }
        let options = running.options.iter();
        let mut picked = options.filter_map(|(slot, options)| {
            let at = self.base.picks(said, options)?;
            Some((slot.clone(), options.get(at)?.clone()))
        });
        let other = |(slot, value): &(String, SlotValue)| running.known.get(slot) != Some(value);
        let Some((slot, value)) = picked.find(other) else {
            return false;
        };
        running.set(&slot, value);
        true
    }

    /// "No, the fifteenth": of several values that it could be the one that was said last.
    pub(super) fn corrected(&self, running: &mut Running, said: &str) -> bool {
        let Some(rest) = self.base.behind_correction(said) else {
            return false;
        };
        let filled: Vec<String> = running.order.iter().rev().cloned().collect();
        filled.into_iter().any(|slot| {
            let has_type = running.task.slot(&slot).is_some_and(|slot| {
                !matches!(
                    slot.value.kind,
                    SlotKind::Text | SlotKind::Address | SlotKind::YesNo
                )
            });
            has_type && self.replace_value(running, &slot, rest)
        })
    }

    /// "Not that one, the other one", where there are two.
    pub(super) fn take_other(&self, running: &mut Running, said: &str) -> bool {
        if !self.base.names_the_other(said) || self.base.asks(said) {
            return false;
        }
        let mut slots = running.task.slots.iter();
        let Some(slot) = slots.find(|slot| slot.value.values.len() == 2) else {
            return false;
        };
        let known = running.known.get(&slot.name).map(|value| &*value.sent);
        let mut values = slot.value.values.iter();
        let other = values.find(|(sent, _)| Some(sent.as_str()) != known);
        let Some(phrase) = other.and_then(|(_, phrases)| phrases.first()).cloned() else {
            return false;
        };
        self.read_values(running, None, &phrase, true) > 0
    }

    /// "No, fifteen Willow Lane": the only value in the caller's own words is said anew.
    pub(super) fn retold(&self, running: &mut Running, said: &str) -> bool {
        let Some(rest) = self.base.behind_correction(said) else {
            return false;
        };
        let slots = running.task.slots.iter();
        let mut own = slots.filter(|slot| {
            running.known.contains_key(&slot.name) && is_own_words(running, &slot.name)
        });
        let (Some(slot), None) = (own.next(), own.next()) else {
            return false;
        };
        let slot = slot.name.clone();
        rest.split_whitespace().count() >= RETOLD
            && self.read_values(running, Some(&slot), rest, true) > 0
    }

    /// The slot that the turn calls by its name: "the day".
    pub(super) fn slot_named(&self, running: &Running, said: &str) -> Option<String> {
        let slots: Vec<(&str, String)> = running
            .task
            .slots
            .iter()
            .map(|slot| (&*slot.name, slot.name.replace('_', " ")))
            .collect();
        let labels: Vec<&str> = slots.iter().map(|(_, label)| &**label).collect();
        let at = self.base.named(said, &labels)?;
        slots.get(at).map(|(name, _)| (*name).to_owned())
    }
}
