//! What a task knew when a call broke: kept while it goes on, and offered in the next call of the same person, who must
//! agree again to what will be done.

use std::mem::take;

use knowledge::SlotValue;
use serde_json::{Map, Value, json};
use tools::LeftTask;

use super::{Running, Stage};
use crate::{
    Awaiting,
    conversation::{Conversation, Reply, Step},
};

/// What an earlier call of this person left.
#[derive(Debug, Clone, Default)]
pub(in crate::conversation) enum Left {
    /// Nothing, or it was declined, or taken up.
    #[default]
    Nothing,
    /// Nothing was said of it yet.
    Unsaid(LeftTask),
    /// The caller was asked whether to go on with it.
    Offered(LeftTask),
}

impl Conversation {
    /// What is lost if the call breaks now. Of a deed that was asked for it is nothing: whoever agreed to it is not asked
    /// to agree to it once more.
    #[must_use]
    pub fn left(&self) -> Option<LeftTask> {
        let running = self.task.as_ref()?;
        if running.task.resume.is_none() || matches!(running.stage, Stage::Doing(_)) {
            return None;
        }
        let skipped = running.skipped.iter();
        let mut values: Map<String, Value> =
            skipped.map(|slot| (slot.clone(), Value::Null)).collect();
        let known = running.known.iter();
        values.extend(known.map(|(slot, value)| {
            let value = json!({ "sent": value.sent, "spoken": value.spoken });
            (slot.clone(), value)
        }));
        Some(LeftTask {
            task: running.task.name.clone(),
            values: Value::Object(values),
        })
    }

    /// Offers to go on with what an earlier call left, once, to whoever proved who they are and is doing nothing else.
    pub(in crate::conversation) fn offer_left(&mut self, steps: &mut Vec<Step>) -> Awaiting {
        if self.task.is_some() || self.sells_nothing || !self.is_proven() {
            return Awaiting::None;
        }
        let left = match take(&mut self.left) {
            Left::Unsaid(left) => left,
            other => {
                self.left = other;
                return Awaiting::None;
            }
        };
        let task = self.base.pack().tasks.get(&left.task);
        let task = task.filter(|task| self.can_do(task) && !self.unconfirmed.contains(&task.name));
        let Some(line) = task.and_then(|task| task.resume.clone()) else {
            return Awaiting::None;
        };
        steps.extend(knowledge::sentences(&line).into_iter().map(Step::Say));
        self.offer = Some(left.task.clone());
        self.left = Left::Offered(left);
        Awaiting::TaskOffer
    }

    /// The same as soon as the caller has proved who they are, unless a reply is under way: it comes behind that.
    pub(super) fn offer_left_at_once(&mut self, steps: &mut Vec<Step>) {
        if !matches!(self.reply, Reply::None) {
            return;
        }
        let asks = self.offer_left(steps);
        if asks != Awaiting::None {
            self.awaiting = asks;
        }
    }

    /// The caller does not want to go on with it: it is gone.
    pub(in crate::conversation) fn decline_left(&mut self) {
        if self.awaiting == Awaiting::TaskOffer && matches!(self.left, Left::Offered(_)) {
            self.left = Left::Nothing;
        }
    }

    /// The task that begins is the one that was left: what was said then is known, but for what was said anew and what
    /// cannot be meant any more.
    pub(super) fn take_up_left(&mut self, running: &mut Running) {
        let left = match take(&mut self.left) {
            Left::Unsaid(left) | Left::Offered(left) if left.task == running.task.name => left,
            other => {
                self.left = other;
                return;
            }
        };
        let task = running.task.clone();
        for slot in &task.slots {
            if running.known.contains_key(&slot.name) {
                continue;
            }
            match left.values.get(&slot.name) {
                Some(Value::Null) if slot.manner.optional => {
                    running.skipped.insert(slot.name.clone());
                }
                Some(value) => {
                    if let Some(value) = said(value)
                        && slot.still_holds(&value, self.today())
                    {
                        running.set(&slot.name, value);
                    }
                }
                None => {}
            }
        }
    }
}

fn said(value: &Value) -> Option<SlotValue> {
    let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
    Some(SlotValue {
        sent: text("sent")?,
        spoken: text("spoken")?,
    })
}
