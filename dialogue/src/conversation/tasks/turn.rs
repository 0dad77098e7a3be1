//! A turn of the caller while a task is under way.

use knowledge::{Route, SlotKind, Steer};

use super::{MISSES, Onward, Running, Stage, begin::QUESTION};
use crate::{
    Awaiting, ReplyMeta,
    conversation::{CallerTurn, Conversation, Step},
};

/// Words of a turn that can be nothing but a way of steering.
const STEERS: usize = 8;
/// The same where an answer may hold any words: the turn is nothing else.
const STEERS_ALONE: usize = 3;
/// Words of an answer that may be nothing but courtesy.
const BRIEF: usize = 6;

/// How a turn was understood.
pub(in crate::conversation) struct Understood<'a> {
    pub(in crate::conversation) turn: &'a CallerTurn,
    pub(in crate::conversation) route: &'a Route,
}

impl Conversation {
    /// Goes on with the task under way, if there is one and the turn is about it. `true`: the turn is answered.
    pub(in crate::conversation) fn go_on_with_task(
        &mut self,
        of: &Understood<'_>,
        meta: &ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> bool {
        let Some(running) = self.task.take() else {
            return false;
        };
        // What was asked is answered now, or is asked anew; a yes is a yes to the last question only.
        let asked = std::mem::take(&mut self.awaiting);
        let own = ReplyMeta {
            route: running.task.name.clone(),
            ..meta.clone()
        };
        let onward = self.turn(running, asked, of, own, steps);
        if matches!(onward, Onward::Elsewhere) {
            self.awaiting = match asked {
                // What is said once more asks once more.
                asked if matches!(of.route, Route::Repeat) => asked,
                Awaiting::Agreement | Awaiting::Value | Awaiting::Proof => Awaiting::None,
                other => other,
            };
        }
        matches!(onward, Onward::Here)
    }

    fn turn(
        &mut self,
        running: Running,
        asked: Awaiting,
        of: &Understood<'_>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> Onward {
        match (&running.stage, of.route) {
            (Stage::Doing(request), _) => {
                let request = request.as_ref().clone();
                self.do_it(running, request, meta, steps);
                return Onward::Here;
            }
            // It answers what was offered in between.
            (_, Route::Affirm | Route::Deny) if is_other_offer(asked) => {
                self.task = Some(running);
                return Onward::Elsewhere;
            }
            (_, Route::Goodbye) => return Onward::Elsewhere,
            (_, Route::Task(name)) if *name != running.task.name => {
                self.put_aside(running, of);
                return Onward::Elsewhere;
            }
            // "Call me on this number" asks for nobody else where the number was asked for.
            (Stage::Asking { slot, .. }, Route::HumanRequested)
                if self.says_value(&running, slot, &of.turn.question) => {}
            (_, Route::Repeat | Route::HumanRequested | Route::Authenticate | Route::Source) => {
                self.task = Some(running);
                return Onward::Elsewhere;
            }
            _ => {}
        }
        let steer = self.steer(&running, of);
        match (steer, &running.stage) {
            (Some(Steer::Cancel), _) => self.give_up(meta, steps),
            (Some(Steer::NoProof), Stage::Proving) => {
                self.without_proof(running, meta, steps);
            }
            (Some(Steer::Back), _) => self.back(running, meta, steps),
            (Some(Steer::Skip), Stage::Asking { .. }) => {
                self.skip(running, meta, steps);
            }
            (_, Stage::Proving) => {
                if matches!(of.route, Route::Deny) {
                    self.without_proof(running, meta, steps);
                    return Onward::Here;
                }
                self.task = Some(running);
                return Onward::Elsewhere;
            }
            (_, Stage::Asking { .. }) => return self.answered(running, of, meta, steps),
            (_, Stage::Checking { .. }) => return self.checked(running, asked, of, meta, steps),
            (steer, _) => return self.agreed(running, (asked, steer), of, meta, steps),
        }
        Onward::Here
    }

    /// How the turn steers the task. What is asked for in the caller's own words may hold any words.
    fn steer(&self, running: &Running, of: &Understood<'_>) -> Option<Steer> {
        let said = &of.turn.question;
        if matches!(of.route, Route::Task(_)) {
            // "Cancel my appointment" is what the task does.
            return None;
        }
        let most = match &running.stage {
            Stage::Asking { slot, .. } if is_own_words(running, slot) => STEERS_ALONE,
            _ => STEERS,
        };
        let is_short = said.split_whitespace().count() <= most;
        let steer = match is_short || matches!(running.stage, Stage::Proving) {
            true => self.base.steers(said)?,
            false => self.steers_throughout(said)?,
        };
        let confirms = matches!(running.stage, Stage::Confirming | Stage::Changing);
        match steer {
            // "No, that is wrong" is no refusal of the whole.
            Steer::Cancel if confirms && matches!(of.route, Route::Affirm) => None,
            Steer::Back if running.order.is_empty() => None,
            steer => Some(steer),
        }
    }

    /// "I don't know, skip that", "oh never mind, cancel it": every few words of it steer, and no other way.
    fn steers_throughout(&self, said: &str) -> Option<Steer> {
        let words: Vec<&str> = said.split_whitespace().collect();
        if words.len() > STEERS {
            return None;
        }
        // The first so many words, all of whose parts steer, with how the last of them does.
        let mut steered: Vec<Option<Steer>> = vec![None];
        for end in 1..=words.len() {
            let part = (1..=STEERS_ALONE.min(end)).find_map(|length| {
                let start = end - length;
                let is_open = start == 0 || steered.get(start)?.is_some();
                let part = words.get(start..end)?.join(" ");
                is_open.then(|| self.base.steers(&part)).flatten()
            });
            steered.push(part);
        }
        steered.pop().flatten()
    }

    fn give_up(&mut self, mut meta: ReplyMeta, steps: &mut Vec<Step>) {
        QUESTION.clone_into(&mut meta.model);
        let line = self.base.pack().tasks.words.lines.cancelled.clone();
        self.say_and_complete(&line, Awaiting::None, meta, steps);
    }

    /// To the question before.
    fn back(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        if let Some(last) = running.order.last().cloned() {
            running.forget(&last);
        }
        self.next(running, meta, steps);
    }

    fn skip(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let Stage::Asking { slot, .. } = &running.stage else {
            return self.next(running, meta, steps);
        };
        let slot = slot.clone();
        let is_optional = running
            .task
            .slot(&slot)
            .is_some_and(|slot| slot.manner.optional);
        if is_optional {
            running.skipped.insert(slot);
            return self.next(running, meta, steps);
        }
        let line = self.base.pack().tasks.words.lines.needed.clone();
        steps.push(Step::Say(line));
        self.again(running, meta, steps);
    }

    /// A value was asked for.
    fn answered(
        &mut self,
        mut running: Running,
        of: &Understood<'_>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> Onward {
        let Stage::Asking { slot, .. } = &running.stage else {
            return Onward::Elsewhere;
        };
        let (slot, said) = (slot.clone(), &of.turn.question);
        if self.has_options(&running, &slot) && !running.options.contains_key(&slot) {
            // A reply that was cut short never said what there is.
            self.next(running, meta, steps);
            return Onward::Here;
        }
        let picked = self.pick(&mut running, said);
        let corrects = self.base.corrects(said);
        // "Wait, what does that cost?" and "one moment" are nobody's answer.
        let is_aside = self.base.asks(said) || is_own_words(&running, &slot) && is_brief(of);
        let wanted = (!is_aside).then_some(&*slot);
        let new = self.read_values(&mut running, wanted, said, corrects);
        let is_new = picked || new > 0 || (corrects && self.corrected(&mut running, said));
        if is_new {
            return self.check_or_next(running, &slot, meta, steps);
        }
        if self.is_elsewhere(of) && !self.says_digits(&running, &slot, said) {
            self.task = Some(running);
            return Onward::Elsewhere;
        }
        let is_optional = running
            .task
            .slot(&slot)
            .is_some_and(|slot| slot.manner.optional);
        if matches!(of.route, Route::Deny) && is_optional {
            running.skipped.insert(slot);
            self.next(running, meta, steps);
        } else {
            self.again(running, meta, steps);
        }
        Onward::Here
    }

    fn check_or_next(
        &mut self,
        mut running: Running,
        slot: &str,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> Onward {
        let is_new = running.known.contains_key(slot);
        let check = running.task.slot(slot);
        let check = check.and_then(|slot| slot.manner.check.clone());
        match check {
            Some(line) if is_new => {
                running.stage = Stage::Checking {
                    slot: slot.to_owned(),
                };
                self.ask(running, &line, meta, steps);
            }
            _ => self.next(running, meta, steps),
        }
        Onward::Here
    }

    /// A value was read back.
    fn checked(
        &mut self,
        mut running: Running,
        asked: Awaiting,
        of: &Understood<'_>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> Onward {
        let Stage::Checking { slot } = &running.stage else {
            return Onward::Elsewhere;
        };
        let (slot, said) = (slot.clone(), &of.turn.question);
        let new = self.read_values(&mut running, Some(&slot), said, true);
        if new > 0 {
            return self.check_or_next(running, &slot, meta, steps);
        }
        match of.route {
            Route::Affirm if asked == Awaiting::Value => self.next(running, meta, steps),
            _ if self.is_elsewhere(of) => {
                self.task = Some(running);
                return Onward::Elsewhere;
            }
            Route::Deny => {
                running.forget(&slot);
                running.stage = Stage::Asking { slot, misses: 0 };
                self.again(running, meta, steps);
            }
            _ => {
                let line = running.task.slot(&slot);
                let line = line.and_then(|slot| slot.manner.check.clone());
                self.ask(running, &line.unwrap_or_default(), meta, steps);
            }
        }
        Onward::Here
    }

    /// What will be done was read back.
    fn agreed(
        &mut self,
        mut running: Running,
        (asked, steer): (Awaiting, Option<Steer>),
        of: &Understood<'_>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> Onward {
        let said = &of.turn.question;
        let is_changing = matches!(running.stage, Stage::Changing);
        let named = self.slot_named(&running, said);
        let wanted = is_changing.then_some(named.as_deref()).flatten();
        let is_new = self.read_values(&mut running, wanted, said, true) > 0
            || self.pick_again(&mut running, said)
            || self.take_other(&mut running, said)
            || self.corrected(&mut running, said)
            || self.retold(&mut running, said)
            || self.named_anew(&mut running, of);
        if is_new {
            self.next(running, meta, steps);
            return Onward::Here;
        }
        let refuses = matches!(of.route, Route::Deny) || steer == Some(Steer::Change);
        let agrees = matches!(of.route, Route::Affirm) || self.base.agrees(said);
        match of.route {
            _ if agrees && asked == Awaiting::Agreement && !is_changing => {
                self.carry_out(running, meta, steps);
            }
            Route::Deny if is_changing && named.is_none() => self.give_up(meta, steps),
            _ if refuses || is_changing => match named {
                Some(slot) => {
                    running.forget(&slot);
                    self.next(running, meta, steps);
                }
                None => self.ask_what_to_change(running, meta, steps),
            },
            _ if self.is_elsewhere(of) => {
                self.task = Some(running);
                return Onward::Elsewhere;
            }
            _ => self.confirm(running, meta, steps),
        }
        Onward::Here
    }

    fn ask_what_to_change(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        running.stage = Stage::Changing;
        let line = self.base.pack().tasks.words.lines.change.clone();
        self.ask(running, &line, meta, steps);
    }

    /// Asks once more; whoever could not be understood is offered a person.
    pub(super) fn again(&mut self, mut running: Running, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let Stage::Asking { slot, misses, .. } = &mut running.stage else {
            return self.next(running, meta, steps);
        };
        *misses += 1;
        if *misses >= MISSES {
            let line = self.base.pack().tasks.words.lines.stuck.clone();
            steps.push(Step::Say(line));
            let fixed = self.offer_person();
            return self.say_fixed(fixed, meta, steps);
        }
        let slot = running.task.slot(slot);
        let line = slot.and_then(|slot| {
            let again = slot.manner.again.as_ref();
            again.or(slot.value.ask.as_ref()).cloned()
        });
        self.ask(running, &line.unwrap_or_default(), meta, steps);
    }

    /// The turn is about something else, not about the task.
    fn is_elsewhere(&self, of: &Understood<'_>) -> bool {
        match of.route {
            // What asks nothing and is nobody's need is an answer that was not understood.
            Route::Knowledge { .. } => {
                self.base.asks(&of.turn.question) || !self.may_tell(of.route)
            }
            Route::Lookup(_) | Route::Catalogue(_) | Route::More | Route::SmallTalk { .. } => true,
            Route::Task(_)
            | Route::HumanRequested
            | Route::Authenticate
            | Route::Repeat
            | Route::Source
            | Route::Goodbye
            | Route::Affirm
            | Route::Deny
            | Route::OutOfScope
            | Route::Unclear => false,
        }
    }
}

/// The slot takes the caller's own words, whatever they are.
pub(super) fn is_own_words(running: &Running, slot: &str) -> bool {
    let slot = running.task.slot(slot);
    slot.is_some_and(|slot| matches!(slot.value.kind, SlotKind::Text | SlotKind::Address))
}

/// A few words that are courtesy, or a yes or no.
fn is_brief(of: &Understood<'_>) -> bool {
    let is_courtesy = matches!(
        of.route,
        Route::SmallTalk { .. } | Route::Affirm | Route::Deny
    );
    is_courtesy && of.turn.question.split_whitespace().count() <= BRIEF
}

/// Something was offered that is not the task's.
fn is_other_offer(asked: Awaiting) -> bool {
    match asked {
        Awaiting::TransferConsent
        | Awaiting::CallbackConsent
        | Awaiting::Callback
        | Awaiting::Perhaps
        | Awaiting::Either
        | Awaiting::TaskOffer => true,
        Awaiting::None
        | Awaiting::Value
        | Awaiting::Agreement
        | Awaiting::Proof
        | Awaiting::Parameter => false,
    }
}
