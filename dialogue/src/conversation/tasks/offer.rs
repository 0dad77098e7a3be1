//! What can be done is offered behind an answer that says how; a task that waits is come back to.

use super::{Running, Stage, Understood};
use crate::{
    Awaiting, Source,
    conversation::{Conversation, Step},
};

impl Conversation {
    /// Behind an answer from documents: the offer of the task that goes with one of them, once for each task.
    pub(in crate::conversation) fn offer_task(
        &mut self,
        sources: &[Source],
        steps: &mut Vec<Step>,
    ) -> Awaiting {
        if self.task.is_some() || self.sells_nothing || self.wants_no_offers {
            return Awaiting::None;
        }
        let Some(first) = sources.first() else {
            return Awaiting::None;
        };
        let tasks = self.base.pack().tasks.list.iter();
        let mut fitting = tasks.filter(|task| {
            task.offer_with.contains(&first.source)
                && !self.offered.contains(&task.name)
                && self.can_do(task)
        });
        let Some((name, offer)) = fitting
            .next()
            .and_then(|task| Some((task.name.clone(), task.offer.clone()?)))
        else {
            return Awaiting::None;
        };
        steps.extend(knowledge::sentences(&offer).into_iter().map(Step::Say));
        self.offered.insert(name.clone());
        self.offer = Some(name);
        Awaiting::TaskOffer
    }

    /// Another task begins while this one is under way: unless the caller wants it in its place, this one is come back to.
    pub(super) fn put_aside(&mut self, running: Running, of: &Understood<'_>) {
        let is_begun = !running.order.is_empty();
        if is_begun && !self.base.corrects(&of.turn.question) {
            self.aside = Some(running);
        }
    }

    /// Nothing is under way any more: what was put aside is.
    pub(in crate::conversation) fn take_up_again(&mut self) {
        if self.task.is_none() {
            self.task = self.aside.take();
        }
    }

    /// After something else was answered while a task waits: its question is asked again.
    pub(in crate::conversation) fn back_to_task(&mut self, steps: &mut Vec<Step>) -> Awaiting {
        let Some(running) = &self.task else {
            return Awaiting::None;
        };
        let (line, asks) = match &running.stage {
            Stage::Proving | Stage::Doing(_) => return Awaiting::None,
            Stage::Asking { slot, .. } => {
                let slot = running.task.slot(slot);
                (
                    slot.and_then(|slot| slot.value.ask.clone()),
                    Awaiting::Value,
                )
            }
            Stage::Checking { slot } => {
                let slot = running.task.slot(slot);
                let line = slot.and_then(|slot| slot.manner.check.clone());
                (line, Awaiting::Value)
            }
            Stage::Confirming => (running.task.confirm.clone(), Awaiting::Agreement),
            Stage::Changing => {
                let line = self.base.pack().tasks.words.lines.change.clone();
                (Some(line), Awaiting::Value)
            }
        };
        let back = self.base.pack().tasks.words.lines.back_to_it.clone();
        steps.push(Step::Say(back));
        let line = self.filled(running, &line.unwrap_or_default());
        steps.extend(knowledge::sentences(&line).into_iter().map(Step::Say));
        asks
    }
}
