//! A colleague is brought into the call: what they are told of it, and how it goes on where they do not take it or have
//! left.

use call::Speaker;
use knowledge::{Briefing, Open, Route, RouteContext};

use super::{Conversation, Step, tasks::Understood};
use crate::{Awaiting, ReplyMeta};

/// Topics that a colleague is told.
const TOPICS: usize = 2;

/// Why nobody took a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// It rang, and nobody answered.
    NoAnswer,
    /// The line was busy.
    Busy,
    /// The colleague said no, nothing, or hung up.
    Declined,
    /// It did not even ring.
    Failed,
}

impl Conversation {
    /// What a colleague is told before they take the call: topics of the pack and tasks, no word of the caller's, and a
    /// name only of somebody who has proved who they are.
    #[must_use]
    pub fn briefing(&self) -> Briefing {
        let mut topics: Vec<String> = Vec::new();
        let said = self.turns.iter().rev();
        for turn in said.filter(|turn| turn.speaker == Speaker::Caller) {
            let heard = self.base.read_words(&turn.text);
            let context = RouteContext::default();
            let routed = self.base.understand_without(&heard, &context, &[]);
            if let Route::Knowledge { topics: about, .. } = routed.route
                && let Some(first) = about.into_iter().next()
                && !topics.contains(&first)
            {
                topics.push(first);
            }
        }
        topics.truncate(TOPICS);
        let unsupported = &self.base.pack().settings.lines.unsupported;
        let had_no_answer = |text: &str| text.contains(unsupported.as_str());
        let mut said = self.turns.iter();
        let task = self.task.as_ref().or(self.aside.as_ref());
        let open = match task {
            Some(task) => Open::Task(task.name().to_owned()),
            None if said
                .any(|turn| turn.speaker == Speaker::Agent && had_no_answer(&turn.text)) =>
            {
                Open::Question
            }
            None => Open::Nothing,
        };
        Briefing {
            name: self.facts.name.clone(),
            topics,
            open,
        }
    }

    /// Whether a turn goes on with what was begun before: with a call back that it asks for, or a task.
    pub(super) fn goes_on(
        &mut self,
        of: &Understood<'_>,
        meta: &ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> bool {
        if self.awaiting == Awaiting::Callback {
            self.awaiting = Awaiting::None;
            self.call_back(&of.turn.question, meta.clone(), steps);
            return true;
        }
        self.go_on_with_task(of, meta, steps)
    }

    /// Nobody took the call. The caller asked for a person: a call back is offered instead.
    pub(super) fn not_taken(&mut self, why: NotTaken, steps: &mut Vec<Step>) {
        self.awaiting = Awaiting::CallbackConsent;
        let pack = self.base.pack();
        let lines = &pack.transfer.lines;
        let line = match why {
            NotTaken::NoAnswer => &lines.no_answer,
            NotTaken::Busy => &lines.busy,
            NotTaken::Declined => &lines.declined,
            NotTaken::Failed => &pack.settings.lines.transfer_failed,
        };
        steps.push(Step::Say(line.clone()));
    }

    /// The colleague has left the call, and the caller is with us again.
    pub(super) fn back_from_person(&mut self, steps: &mut Vec<Step>) {
        self.awaiting = Awaiting::None;
        let pack = self.base.pack();
        let lines = [
            &pack.transfer.lines.back,
            &pack.settings.lines.anything_else,
        ];
        steps.extend(lines.map(|line| Step::Say(line.clone())));
    }
}
