//! What the caller's mood leads to: what to do now is said first, and a person is offered before patience is at its end.

use std::collections::BTreeSet;

use knowledge::Route;

use super::{CallerTurn, Conversation, Mood, Step};
use crate::{Awaiting, ReplyMeta};

/// What was said and offered for it so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Patience {
    /// A person was offered for it: once in a conversation.
    was_offered: bool,
    /// How much frustration there is where a person is to be offered behind this reply.
    due: Option<u8>,
    /// What to do now, as it was said: each once.
    told: BTreeSet<String>,
}

impl Conversation {
    /// What is said first to a caller in trouble, and what the turn's mood asks for later.
    pub(super) fn heed(&mut self, turn: &CallerTurn, route: &Route, steps: &mut Vec<Step>) {
        if !self.first_aid(&turn.question, steps) {
            self.say_what_to_do_now(&turn.mood, route, steps);
        }
        self.note(&turn.mood);
    }

    /// A caller in danger hears first what to do. Where documents answer in their own words the answer itself begins with
    /// it; every other reply, and what a model phrases, begins with the pack's line.
    fn say_what_to_do_now(&mut self, mood: &Mood, route: &Route, steps: &mut Vec<Step>) {
        let answers_by_itself = match route {
            Route::Knowledge { .. } => self.abilities.model.is_none(),
            Route::Task(_) => true,
            _ => false,
        };
        let Some(line) = mood.now.as_ref().filter(|_| mood.is_critical) else {
            return;
        };
        // In the middle of a task the caller is being helped.
        if answers_by_itself || self.task.is_some() || !self.patience.told.insert(line.clone()) {
            return;
        }
        steps.extend(knowledge::sentences(line).into_iter().map(Step::Say));
    }

    /// Notes what the turn's mood asks for. It is no reason to hold back the offer of a task, which may be the very help.
    fn note(&mut self, mood: &Mood) {
        let is_worn = mood.frustration >= self.base.pack().moments.offer_person_at;
        let was_offered = self.patience.was_offered || self.dead_end.was_offered();
        if is_worn {
            self.patience.due = Some(mood.frustration);
        }
        if was_offered {
            self.patience.due = None;
        }
    }

    /// Behind a reply that asks nothing, a person is offered to whoever is out of patience; once in a conversation. What the
    /// reply asks goes first: the offer waits for the next one.
    pub(super) fn person_for_patience(
        &mut self,
        meta: &mut ReplyMeta,
        asks: Awaiting,
        steps: &mut Vec<Step>,
    ) -> Awaiting {
        let Some(frustration) = self.patience.due else {
            return asks;
        };
        let is_offered = matches!(asks, Awaiting::TransferConsent | Awaiting::CallbackConsent);
        if is_offered {
            (self.patience.was_offered, self.patience.due) = (true, None);
            meta.person_offered = Some(frustration);
            return asks;
        }
        if asks != Awaiting::None || meta.action.is_some() {
            return asks;
        }
        (self.patience.was_offered, self.patience.due) = (true, None);
        self.dead_end.offered();
        meta.person_offered = Some(frustration);
        let offer = self.offer_person();
        steps.extend(knowledge::sentences(&offer.text).into_iter().map(Step::Say));
        offer.awaiting
    }
}
