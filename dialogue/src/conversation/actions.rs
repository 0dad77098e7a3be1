//! Turns that a fixed line of the pack answers, with the deed that goes with it.

use std::sync::Arc;

use call::{Channel, Speaker, Turn};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use knowledge::{Route, Then};
use tools::{CallbackTool, Outcome};

use super::{Conversation, Purpose, Step, tasks::Running};
use crate::{Awaiting, CallAction, Origin, ReplyMeta, Source};

/// A reply that needs no search and no model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FixedReply {
    pub(super) text: String,
    pub(super) action: Option<CallAction>,
    pub(super) awaiting: Awaiting,
}

impl FixedReply {
    pub(super) fn say(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    fn and(self, action: CallAction) -> Self {
        Self {
            action: Some(action),
            ..self
        }
    }

    pub(super) fn awaiting(self, awaiting: Awaiting) -> Self {
        Self { awaiting, ..self }
    }
}

impl Conversation {
    /// The fixed reply to a turn of this route; nothing where the answer must be found.
    pub(super) fn fixed_reply(&self, route: &Route) -> FixedReply {
        let pack = self.base.pack();
        let lines = &pack.settings.lines;
        let turn = self.caller_turns();
        match route {
            Route::Knowledge { .. } | Route::Catalogue(_) | Route::Task(_) | Route::More => {
                FixedReply::default()
            }
            // Asking again is no consent: the offer is said again.
            Route::Affirm if self.awaiting == Awaiting::TransferConsent => {
                FixedReply::say(&lines.transferring).and(CallAction::Transfer)
            }
            Route::HumanRequested => self.offer_person(),
            Route::Deny => self.denied(),
            Route::Lookup(name) => self.not_looked_up(name),
            Route::Authenticate => FixedReply::say(self.way_to_authenticate()),
            Route::Repeat => match self.last_agent_text() {
                Some(text) => FixedReply::say(text)
                    .and(CallAction::Repeat)
                    .awaiting(self.awaiting),
                None => FixedReply::say(&lines.nothing_to_repeat),
            },
            Route::Source => FixedReply::say(&self.cites(turn)),
            Route::Goodbye => FixedReply::say(&lines.goodbye).and(CallAction::HangUp),
            Route::SmallTalk { kind } => FixedReply::say(
                pack.small_talk_answer(kind, turn)
                    .unwrap_or(&lines.greeting),
            ),
            Route::OutOfScope => FixedReply::say(variant(&lines.out_of_scope, turn)),
            Route::Affirm => FixedReply::say(variant(&lines.unclear, turn)),
            // An offer stands until it is answered: say the other thing, and go on waiting.
            Route::Unclear => {
                FixedReply::say(variant(&lines.unclear, turn)).awaiting(self.awaiting)
            }
        }
    }

    pub(super) fn can_transfer(&self) -> bool {
        self.abilities.transfer || self.base.pack().settings.transfer_number.is_some()
    }

    pub(super) fn say_fixed(&mut self, fixed: FixedReply, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let sentences = knowledge::sentences(&fixed.text);
        steps.extend(sentences.into_iter().map(Step::Say));
        let action = fixed.action;
        self.complete(ReplyMeta { action, ..meta }, fixed.awaiting, steps);
    }

    /// What a yes to "would you like to speak to a person" means here: transfer on a phone that has
    /// somewhere to go, otherwise a callback.
    pub(super) fn offer(&self) -> Awaiting {
        match self.facts.channel {
            Channel::Phone | Channel::Web
                if self.can_transfer()
                    && self.is_transfer_answered()
                    && (self.facts.channel == Channel::Phone || self.abilities.consults) =>
            {
                Awaiting::TransferConsent
            }
            Channel::Phone | Channel::Web => Awaiting::CallbackConsent,
        }
    }

    /// A callback is promised once it is on record, and not before.
    pub(super) fn called_back(&self, outcome: &Outcome) -> FixedReply {
        let lines = &self.base.pack().settings.lines;
        if outcome.is_success() {
            let promised = self.with_hours(&lines.callback_promised);
            FixedReply::say(&promised).and(CallAction::Callback)
        } else {
            FixedReply::say(&lines.technical_problem)
        }
    }

    /// Key 0, or whatever else asks for a person without a word: the offer stands at once.
    pub(super) fn person_wanted(&mut self, steps: &mut Vec<Step>) {
        let offer = self.offer_person();
        steps.extend(knowledge::sentences(&offer.text).into_iter().map(Step::Say));
        self.awaiting = offer.awaiting;
    }

    /// The caller agreed to be called back: by the pack's task for it, which asks for the number and the time, or at once.
    pub(super) fn call_back(&mut self, said: &str, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let mut tasks = self.base.pack().tasks.list.iter();
        let task = tasks.find(|task| task.asked_for_person && self.can_do(task));
        if let Some(name) = task.map(|task| task.name.clone()) {
            return self.begin_task(&name, said, meta, steps);
        }
        let request = self.request(CallbackTool::NAME, self.seq, true);
        self.call(request, Purpose::Callback, meta, steps);
    }

    /// What is said to whoever is in trouble, before anything else; each once. Whether it was.
    pub(super) fn first_aid(&mut self, said: &str, steps: &mut Vec<Step>) -> bool {
        let base = Arc::clone(&self.base);
        if let Some((at, aid)) = base.first_aid(said)
            && self.aided.insert(at)
        {
            steps.extend(knowledge::sentences(&aid.line).into_iter().map(Step::Say));
            if aid.then == Then::Person {
                (self.person_due, self.sells_nothing) = (true, true);
            }
            return true;
        }
        false
    }

    /// Behind an answer that asks nothing, a person is offered to whoever was promised one.
    pub(super) fn person_due(&mut self, asks: Awaiting, steps: &mut Vec<Step>) -> Awaiting {
        if !std::mem::take(&mut self.person_due) || asks != Awaiting::None {
            return asks;
        }
        let offer = self.offer_person();
        steps.extend(knowledge::sentences(&offer.text).into_iter().map(Step::Say));
        offer.awaiting
    }

    /// The last reply asks for a yes or a no.
    pub(super) fn awaits_yes_or_no(&self) -> bool {
        match self.awaiting {
            Awaiting::None | Awaiting::Parameter | Awaiting::Proof | Awaiting::Callback => false,
            Awaiting::Value => self.task.as_ref().is_some_and(Running::is_yes_or_no),
            _ => true,
        }
    }

    /// The caller's day, where it is known.
    pub(super) fn today(&self) -> Option<NaiveDate> {
        self.clock().map(|now| now.date())
    }

    /// What the company's clocks show, where that is known.
    fn clock(&self) -> Option<NaiveDateTime> {
        let begun = self.facts.begun?;
        begun.checked_add_signed(TimeDelta::from_std(self.now).ok()?)
    }

    /// Nobody can be reached now, and it was not just said: what is said of it.
    pub(super) fn nobody_there(&self) -> Option<String> {
        let line = self.base.nobody_there(self.clock()?)?;
        let last = self.last_agent_text().unwrap_or_default();
        (!last.contains(&line)).then_some(line)
    }

    /// A line about a person, behind when there is one again.
    fn with_hours(&self, line: &str) -> String {
        match self.nobody_there() {
            Some(hours) => format!("{hours} {line}"),
            None => line.to_owned(),
        }
    }

    /// A call that is transferred now is taken.
    fn is_transfer_answered(&self) -> bool {
        let people = self.base.pack().settings.people.as_ref();
        let is_closed = people.is_some_and(|people| {
            let opens = self.clock().and_then(|now| people.opens_next(now));
            !people.transfers_always && opens.is_some()
        });
        !is_closed
    }

    pub(super) fn offer_person(&self) -> FixedReply {
        let lines = &self.base.pack().settings.lines;
        match self.offer() {
            Awaiting::TransferConsent => FixedReply::say(&lines.transfer_offer),
            _ => FixedReply::say(&self.with_hours(&lines.callback_offer)),
        }
        .awaiting(self.offer())
    }

    /// No: to an offer, to "anything else?" (the caller is done), or to nothing in particular.
    fn denied(&self) -> FixedReply {
        let lines = &self.base.pack().settings.lines;
        match self.awaiting {
            Awaiting::None if self.asked_anything_else() => {
                FixedReply::say(&lines.goodbye).and(CallAction::HangUp)
            }
            Awaiting::None => FixedReply::say(&lines.anything_else),
            _ => FixedReply::say(&lines.offer_declined),
        }
    }

    /// The agent's last words were "anything else?"
    pub(super) fn asked_anything_else(&self) -> bool {
        let line = self.base.pack().settings.lines.anything_else.as_str();
        self.last_agent_text()
            .is_some_and(|text| text.ends_with(line))
    }

    /// Where the last answer comes from.
    fn cites(&self, turn: usize) -> String {
        let lines = &self.base.pack().settings.lines;
        let cited = self.cited.first();
        let line = match cited.map(|cited| cited.origin) {
            Some(Origin::Web) => lines.cites_web.as_ref(),
            Some(Origin::Pack) | None => lines.cites.as_ref(),
        };
        match (line, cited) {
            (Some(line), Some(Source { source, title, .. })) => {
                // Last: a page's title is not filled in.
                line.replace("{host}", source).replace("{title}", title)
            }
            _ => variant(&lines.unclear, turn).to_owned(),
        }
    }

    pub(super) fn way_to_authenticate(&self) -> &str {
        let lines = &self.base.pack().settings.lines;
        match self.facts.channel {
            _ if self.facts.name.is_some() => &lines.already_authenticated,
            _ if !self.facts.can_authenticate => &lines.authentication_unavailable,
            Channel::Web => &lines.authenticate_web,
            Channel::Phone => &lines.authenticate_phone,
        }
    }

    /// The agent's last words.
    fn last_agent_text(&self) -> Option<&str> {
        let is_agents = |turn: &&Arc<Turn>| turn.speaker == Speaker::Agent;
        let last = self.turns.iter().rev().find(is_agents);
        last.map(|turn| turn.text.as_str())
    }

    /// How many turns the caller has had lately; picks among the variants of a fixed line.
    fn caller_turns(&self) -> usize {
        let turns = self.turns.iter();
        turns.filter(|turn| turn.speaker == Speaker::Caller).count()
    }
}

fn variant(lines: &[String], turn: usize) -> &str {
    lines
        .get(turn % lines.len().max(1))
        .map_or("", String::as_str)
}
