//! What is remembered of the caller: told to whoever proved who they are, forgotten where they wish it, and what their
//! earlier calls were about. Before proof nothing of it is said.

use knowledge::{RecallLines, Route};

use super::{CallerTurn, Conversation, Reply, Step};
use crate::{Awaiting, ReplyMeta};

/// What a turn wishes of what is remembered, with what there is to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recall {
    /// To hear it: sentences of all that is known now.
    Known(Vec<String>),
    /// To hear what was asked in the last call.
    Asked,
    /// To be spared to say again what earlier calls said: sentences of what of it holds now.
    Told(Vec<String>),
    /// That this be forgotten, by its labels; it is, by a row of the turn.
    Forgot(Vec<String>),
    /// The same of all that is known.
    ForgotAll,
    /// That "that" be forgotten, and there is nothing that it could be.
    ForgetWhat,
    /// That nothing be offered any more.
    SellNothing,
    /// That things be offered again.
    SellAgain,
}

/// What earlier calls of a caller who proved who they are came to. The default is that there were none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// How many there were.
    pub calls: u32,
    /// The last.
    pub last: Option<LastCall>,
    /// References of what was promised and is not done.
    pub open: Vec<String>,
    /// Nothing is to be offered to them, by what they said last of it, in this call or before.
    pub sells_nothing: bool,
}

/// The call before this one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastCall {
    /// Days since then.
    pub days: u32,
    /// What it was about, by ids of the pack.
    pub topics: Vec<String>,
    /// It was not settled.
    pub unresolved: bool,
    /// The last question of it, in the caller's words.
    pub question: Option<String>,
}

impl Conversation {
    /// Answers a turn that wishes something of what is remembered; whether it did. What is kept of the wish is kept already.
    pub(super) fn recall(
        &mut self,
        turn: &CallerTurn,
        route: &Route,
        meta: &ReplyMeta,
        steps: &mut Vec<Step>,
    ) -> bool {
        let Some(recall) = &turn.recall else {
            return false;
        };
        let steers = self.task.is_some() && self.base.steers(&turn.question).is_some();
        let forgets = matches!(recall, Recall::Forgot(_) | Recall::ForgetWhat);
        // "Forget that", in the middle of a task, is about the task.
        if steers && forgets {
            return false;
        }
        // Whoever mentions an earlier call and asks something is answered.
        let asks_else = !matches!(
            route,
            Route::OutOfScope | Route::Unclear | Route::SmallTalk { .. } | Route::Affirm
        );
        if matches!(recall, Recall::Told(_)) && (asks_else || self.task.is_some()) {
            return false;
        }
        match recall {
            Recall::SellNothing => self.wants_no_offers = true,
            Recall::SellAgain => self.wants_no_offers = false,
            // What the last call was about is a part of all that is known.
            Recall::ForgotAll if self.is_proven() => self.past.last = None,
            _ => {}
        }
        let text = self.recalled(recall);
        steps.extend(knowledge::sentences(&text).into_iter().map(Step::Say));
        let meta = ReplyMeta {
            route: "memory".to_owned(),
            intent: None,
            ..meta.clone()
        };
        self.complete(meta, Awaiting::None, steps);
        true
    }

    fn recalled(&self, recall: &Recall) -> String {
        let lines = &self.base.pack().recall;
        let proven = self.is_proven();
        match recall {
            Recall::SellNothing => lines.selling_off.clone(),
            Recall::SellAgain => lines.selling_on.clone(),
            Recall::ForgetWhat => lines.forget_what.clone(),
            Recall::Forgot(_) | Recall::ForgotAll if !proven => lines.forgotten_here.clone(),
            Recall::Forgot(labels) => {
                let what = together(labels, &lines.and);
                lines.forgotten.replace("{what}", &what)
            }
            Recall::ForgotAll => lines.forgotten_all.clone(),
            Recall::Known(_) | Recall::Asked | Recall::Told(_) if !proven => {
                format!("{} {}", lines.not_proven, self.way_to_authenticate())
            }
            Recall::Known(facts) => of_facts(facts, &lines.known, &lines.known_nothing),
            Recall::Told(facts) => of_facts(facts, &lines.told, &lines.told_nothing),
            Recall::Asked => self.asked_last(lines),
        }
    }

    fn asked_last(&self, lines: &RecallLines) -> String {
        let last = self.past.last.as_ref();
        if let Some(question) = last.and_then(|last| last.question.as_ref()) {
            return lines.asked.replace("{question}", question);
        }
        match last.and_then(|last| self.labels(&last.topics)) {
            Some(topics) => lines.asked_about.replace("{topics}", &topics),
            None => lines.asked_nothing.clone(),
        }
    }

    /// What earlier calls of the caller came to is known from now on.
    pub(super) fn remember_past(&mut self, past: Past) {
        self.wants_no_offers = past.sells_nothing;
        self.past = past;
    }

    /// Who has just proved who they are is told once what their last call was about: in the second call, and after a long
    /// time. In others it is a short welcome. Nothing of it in the middle of something.
    pub(super) fn welcome_back(&mut self, steps: &mut Vec<Step>) {
        if self.past.calls == 0 || self.task.is_some() || !matches!(self.reply, Reply::None) {
            return;
        }
        let lines = &self.base.pack().recall;
        let mut said = Vec::new();
        let long_ago = self.base.pack().facts.recap_days;
        let last = self.past.last.as_ref();
        let is_due = self.past.calls == 1 || last.is_some_and(|last| last.days >= long_ago.max(1));
        if let Some(last) = last.filter(|_| is_due)
            && let Some(topics) = self.labels(&last.topics)
        {
            said.push(lines.last_call.replace("{topics}", &topics));
            if last.unresolved {
                said.push(lines.unresolved.clone());
            }
        }
        if is_due && !self.past.open.is_empty() {
            let references = together(&self.past.open, &lines.and);
            said.push(lines.open.replace("{references}", &references));
        }
        if said.is_empty() {
            said.push(lines.welcome_back.clone());
        }
        steps.extend(said.into_iter().map(Step::Say));
    }

    /// Behind a welcome that asks nothing, what the caller came for is asked.
    pub(super) fn ask_what_for(&self, from: usize, steps: &mut Vec<Step>) {
        let asks = matches!(steps.last(), Some(Step::Say(line)) if line.ends_with('?'));
        if steps.len() > from && self.past.calls > 0 && self.task.is_none() && !asks {
            steps.push(Step::Say(self.base.pack().recall.what_for.clone()));
        }
    }

    /// Topics as they are spoken; `None` where the pack knows none of them.
    fn labels(&self, topics: &[String]) -> Option<String> {
        /// More than that nobody keeps in mind.
        const MOST: usize = 2;
        let pack = self.base.pack();
        let labels = topics.iter().filter_map(|id| pack.topic(id));
        let labels: Vec<String> = labels.map(|topic| topic.label.clone()).take(MOST).collect();
        (!labels.is_empty()).then(|| together(&labels, &pack.recall.and))
    }
}

fn of_facts(facts: &[String], line: &str, nothing: &str) -> String {
    match facts {
        [] => nothing.to_owned(),
        facts => line.replace("{facts}", &facts.join(" ")),
    }
}

fn together(names: &[String], and: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}
