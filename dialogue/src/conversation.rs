//! What is said in a conversation, and why. Pure: it takes events and the time, and gives steps.
//! `driver.rs` carries the steps out and reports what came of them.

mod actions;
mod answer;
mod catalogue;
mod cut;
mod dead_end;
mod deeds;
mod event;
pub(crate) mod functions;
mod handover;
mod lookups;
mod memory;
mod mood;
mod phrasing;
mod prompt;
mod sentences;
mod state;
pub(crate) mod tasks;
#[cfg(test)]
mod tests;
mod web;

pub use event::{
    Abilities, CallFacts, CallerTurn, Delta, Event, Found, Function, FunctionKind, ModelCall,
    ModelFailure, Mood, Query, Step, ToolCallId, WebQuery,
};
pub use handover::NotTaken;
pub use memory::{LastCall, Past, Recall};
pub use prompt::{Exchange, Prompt};
pub use sentences::{UnusableText, Withheld};

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use call::{AuthLevel, Speaker, Turn};
use knowledge::{Before, Heard, KnowledgeBase, More, Perhaps, Route, RouteContext, Routed};
use serde_json::json;
use tools::Request;

use crate::{Awaiting, ReplyMeta, Source};
use answer::Question;
use cut::Telling;
use dead_end::DeadEnd;
use deeds::Deeds;
use lookups::{Asking, Beside};
use state::{LookedUp, Purpose, Reply, Subject, last_words};

/// Turns that a reply can look back on.
const TURNS: usize = 20;
/// Turns of the caller after which a subject is left behind ("and how much does that cost?").
const CONTEXT_TURNS: usize = 6;

/// One conversation. A copy goes its own way: a reply that may come to nothing is tried out on one.
#[derive(Debug, Clone)]
pub struct Conversation {
    facts: CallFacts,
    abilities: Abilities,
    base: Arc<KnowledgeBase>,
    /// The last turns of both sides, oldest first: the only history of the call.
    turns: VecDeque<Arc<Turn>>,
    subject: Subject,
    awaiting: Awaiting,
    /// What the last answer from documents or the web rests on.
    cited: Vec<Source>,
    /// What was offered last to be told.
    perhaps: Vec<Perhaps>,
    /// What the documents say beside what was told last; none where the last answer was not in their words.
    rest: Option<Vec<More>>,
    /// What look-ups found: the last of each.
    looked_up: Vec<LookedUp>,
    /// The look-up that waits for a parameter.
    asking: Option<Asking>,
    /// What is being done in several turns.
    task: Option<tasks::Running>,
    /// A task that another has interrupted.
    aside: Option<tasks::Running>,
    /// A task whose deed has its outcome: the caller knows it once the reply that says it is written.
    untold: Option<tasks::Running>,
    /// What a task knew when an earlier call of this person broke.
    left: tasks::Left,
    /// What was done today.
    day_book: tasks::DayBook,
    /// Tasks whose deed nobody saw the end of: they are not begun again.
    unconfirmed: BTreeSet<String>,
    /// The task that the last reply offers.
    offer: Option<String>,
    /// Tasks that were offered: each is offered once.
    offered: BTreeSet<String>,
    /// References of what tasks did, by the task.
    references: BTreeMap<String, String>,
    /// What was said to whoever is in trouble, by its place.
    aided: BTreeSet<usize>,
    /// What the caller's mood has led to.
    patience: mood::Patience,
    /// A person is to be offered behind this reply.
    person_due: bool,
    /// Nothing is offered any more that nobody asked for.
    sells_nothing: bool,
    /// The same, as the caller wishes; what they left themselves is offered all the same.
    wants_no_offers: bool,
    /// What earlier calls of a caller who proved who they are came to.
    past: Past,
    dead_end: DeadEnd,
    telling: Telling,
    reply: Reply,
    calls: u32,
    /// Number of the caller's last turn.
    seq: i32,
    /// Since the conversation began.
    now: Duration,
    deeds: Deeds,
    /// "One moment" was said in this turn.
    has_filled: bool,
    /// Events so far.
    events: u64,
}

impl Conversation {
    /// A conversation in which nothing was said yet.
    #[must_use]
    pub fn new(base: Arc<KnowledgeBase>, abilities: Abilities, facts: CallFacts) -> Self {
        Self {
            facts,
            abilities,
            base,
            turns: VecDeque::new(),
            subject: Subject::default(),
            awaiting: Awaiting::None,
            cited: Vec::new(),
            perhaps: Vec::new(),
            rest: None,
            looked_up: Vec::new(),
            asking: None,
            task: None,
            aside: None,
            untold: None,
            left: tasks::Left::default(),
            day_book: tasks::DayBook::default(),
            unconfirmed: BTreeSet::new(),
            offer: None,
            offered: BTreeSet::new(),
            references: BTreeMap::new(),
            aided: BTreeSet::new(),
            patience: mood::Patience::default(),
            person_due: false,
            sells_nothing: false,
            wants_no_offers: false,
            past: Past::default(),
            dead_end: DeadEnd::default(),
            telling: Telling::default(),
            reply: Reply::None,
            calls: 0,
            seq: 0,
            now: Duration::ZERO,
            deeds: Deeds::default(),
            has_filled: false,
            events: 0,
        }
    }

    /// Takes what happened at `now`, since the conversation began, and adds what is to be done.
    pub fn on(&mut self, event: Event, now: Duration, steps: &mut Vec<Step>) {
        self.now = now;
        self.events += 1;
        let (is_reply, before) = (event.is_of_reply(), steps.len());
        self.take_event(event, now, steps);
        self.note_telling(is_reply, &steps[before..]);
    }

    fn take_event(&mut self, event: Event, now: Duration, steps: &mut Vec<Step>) {
        match event {
            Event::Knowledge(base) => self.base = base,
            Event::CallerSaid(turn) => self.on_caller(turn, now, steps),
            Event::Read(heard) => self.on_read(&heard, now, steps),
            Event::CallerUnanswered(text) => {
                let heard = self.base.read_words(&text);
                self.route(&text, &heard);
                self.remember(Speaker::Caller, text);
            }
            Event::AgentHeard(heard) => self.remember(Speaker::Agent, heard),
            Event::ReplyCut { heard, words } => {
                self.remember(Speaker::Agent, heard);
                self.cut_short(words);
            }
            Event::Found(found) => self.on_found(found, now, steps),
            Event::WebFound(answer) => self.on_web(answer, now, steps),
            Event::ModelWrote(delta) => self.on_model(delta, now, steps),
            Event::ToolDone(done, outcome) => self.on_tool(done, outcome, steps),
            Event::ToolsDone(done) => self.on_functions(done, steps),
            Event::ToolsSlow => self.on_slow(steps),
            Event::ReplyWritten => {
                if let Reply::Complete { asks } = self.take_reply() {
                    self.awaiting = asks;
                    self.untold = None;
                }
            }
            Event::ReplyCancelled => self.cancelled(),
            Event::OfferLapsed => self.awaiting = Awaiting::None,
            Event::Proven { name, customer } => {
                self.facts.name = Some(name);
                self.facts.caller.customer = Some(customer);
                self.facts.caller.level = AuthLevel::OneTimeCode;
                let from = steps.len();
                self.welcome_back(steps);
                self.proven(steps);
                self.ask_what_for(from, steps);
            }
            Event::Left(left) => self.left = tasks::Left::Unsaid(left),
            Event::Past(past) => self.remember_past(*past),
            Event::DoneBefore(done) => self.day_book.before = done,
            Event::PersonWanted => self.person_wanted(steps),
            Event::TransferFailed(_) => {
                // The caller asked for a person; the line offers a call back instead.
                self.awaiting = Awaiting::CallbackConsent;
                let line = &self.base.pack().settings.lines.transfer_failed;
                steps.push(Step::Say(line.clone()));
            }
            Event::NotTaken(why) => self.not_taken(why, steps),
            Event::CallbackWanted => self.awaiting = Awaiting::Callback,
            Event::BackFromPerson => self.back_from_person(steps),
        }
    }

    /// How much happened so far: a copy of before is out of date where this differs.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// The documents that the reply under way uses.
    #[must_use]
    pub fn knowledge(&self) -> &Arc<KnowledgeBase> {
        &self.base
    }

    /// A call of a tool that takes no arguments, for the caller's turn `seq`.
    #[must_use]
    pub fn request(&self, tool: &str, seq: i32, consent: bool) -> Request {
        Request {
            tool: tool.to_owned(),
            seq,
            round: 0,
            arguments: json!({}),
            consent,
            caller: self.facts.caller.clone(),
        }
    }

    fn on_caller(&mut self, turn: CallerTurn, now: Duration, steps: &mut Vec<Step>) {
        let history = self.turns.iter().cloned().collect();
        self.remember(Speaker::Caller, turn.text.clone());
        self.seq = turn.seq;
        if self.base.has_meanings() {
            steps.push(Step::Read(turn.question.clone()));
            self.reply = Reply::Reading { turn, history };
        } else {
            let heard = self.base.read_words(&turn.question);
            self.answer(&turn, history, &heard, now, steps);
        }
    }

    fn on_read(&mut self, heard: &Heard, now: Duration, steps: &mut Vec<Step>) {
        match self.take_reply() {
            Reply::Reading { turn, history } => self.answer(&turn, history, heard, now, steps),
            // Of a reply that is over.
            other => self.reply = other,
        }
    }

    fn answer(
        &mut self,
        turn: &CallerTurn,
        history: Vec<Arc<Turn>>,
        heard: &Heard,
        now: Duration,
        steps: &mut Vec<Step>,
    ) {
        self.has_filled = false;
        let Routed {
            route, questions, ..
        } = self.route(&turn.question, heard);
        let (route, asking) = self.told(turn, route);
        let meta = ReplyMeta {
            route: route.name().to_owned(),
            intent: intent(&route),
            model: "pack".to_owned(),
            ..ReplyMeta::default()
        };
        // Nothing is said of where an answer comes from that another question had.
        if !matches!(
            route,
            Route::Source | Route::More | Route::Repeat | Route::SmallTalk { .. } | Route::Unclear
        ) {
            self.cited.clear();
            self.rest = None;
        }
        let before = steps.len();
        self.heed(turn, &route, steps);
        let said = (&*turn.text, &turn.mood);
        let is_said = self.recall(turn, &route, &meta, steps);
        if is_said || steps.len() == before && self.go_on_telling(said, &route, steps) {
            return;
        }
        let of = tasks::Understood {
            turn,
            route: &route,
        };
        if self.goes_on(&of, &meta, steps) {
            return;
        }
        if matches!(route, Route::Deny) {
            self.decline_left();
        }
        if let Some(at) = self.picked(&turn.question, &route) {
            return self.say_perhaps(at, meta, steps);
        }
        match route {
            Route::Knowledge { .. } => self.find(turn, true, (questions, history), meta, steps),
            Route::Catalogue(ask) => {
                let meta = self.offer_rows(&ask, meta, steps);
                if questions.is_empty() {
                    self.complete(meta, Awaiting::None, steps);
                } else {
                    self.find(turn, false, (questions, history), meta, steps);
                }
            }
            Route::Lookup(name) => {
                let beside = Beside::new(turn, questions, history);
                self.look_up(&name, (asking, beside), turn, meta, steps);
            }
            Route::Task(name) => self.begin_task(&name, &turn.question, meta, steps),
            Route::Affirm if self.awaiting == Awaiting::CallbackConsent => {
                self.call_back(&turn.question, meta, steps);
            }
            Route::Affirm if self.awaiting == Awaiting::TaskOffer => {
                let offered = self.offer.take().unwrap_or_default();
                self.begin_task(&offered, &turn.question, meta, steps);
            }
            Route::Affirm if self.offers_to_tell() => self.say_perhaps(0, meta, steps),
            Route::More => self.say_more(meta, steps),
            route => {
                let fixed = self.fixed_reply(&route);
                if self.may_talk(&route) {
                    return self.talk(turn, history, fixed, meta, now, steps);
                }
                self.say_fixed(fixed, meta, steps);
            }
        }
    }

    fn find(
        &mut self,
        turn: &CallerTurn,
        is_knowledge: bool,
        (questions, history): (Vec<knowledge::Question>, Vec<Arc<Turn>>),
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        self.reply = Reply::Searching(Question {
            text: turn.question.clone(),
            seq: turn.seq,
            is_knowledge,
            asked: questions.clone(),
            history,
            meta,
        });
        steps.push(Step::Find(Query { questions }));
    }

    fn call(&mut self, request: Request, purpose: Purpose, meta: ReplyMeta, steps: &mut Vec<Step>) {
        self.calls += 1;
        let id = ToolCallId(self.calls);
        if !matches!(purpose, Purpose::LookUp(_) | Purpose::Options) {
            self.deeds.asked(id, &request);
        }
        self.reply = Reply::Calling { id, purpose, meta };
        steps.push(Step::CallTool(id, request));
    }

    /// What a turn asks for, read with the turns before it.
    fn route(&mut self, text: &str, heard: &Heard) -> Routed {
        self.subject.age += 1;
        if self.subject.age > CONTEXT_TURNS {
            self.subject.last = Before::default();
        }
        self.looked_up.iter_mut().for_each(|found| found.age += 1);
        self.looked_up.retain(|found| found.age <= CONTEXT_TURNS);
        let context = RouteContext {
            last: std::mem::take(&mut self.subject.last),
            awaiting: self.awaits_yes_or_no(),
            more: self.can_say_more(),
            offered: self.last_offer(),
        };
        let mut without = self.unanswered_look_ups();
        without.extend(self.unconnected_tasks());
        let routed = self.base.understand_without(heard, &context, &without);
        match &routed.route {
            // What is asked beside a look-up may be followed up too.
            Route::Lookup(_) if routed.questions.is_empty() => {}
            Route::Knowledge { .. } | Route::Lookup(_) => {
                let asked = routed.questions.first();
                let leans = asked.and_then(|question| question.before.as_ref());
                // A question that leans on another adds to it; the document is known once it is found.
                let question = match leans {
                    Some(before) => last_words(&format!("{} {text}", before.question)),
                    None => text.to_owned(),
                };
                self.subject = Subject {
                    last: Before {
                        topics: asked.map_or_else(Vec::new, |question| question.topics.clone()),
                        question,
                        source: leans.and_then(|before| before.source.clone()),
                        vector: asked.and_then(|question| question.vector.clone()),
                    },
                    age: 0,
                    offered: self.subject.offered.take(),
                };
            }
            // What the documents say of what it named may be asked next.
            Route::Catalogue(_) if !routed.topics.is_empty() => {
                self.subject.last = Before {
                    topics: routed.topics.clone(),
                    question: text.to_owned(),
                    ..Before::default()
                };
                self.subject.age = 0;
            }
            Route::OutOfScope | Route::Catalogue(_) => {}
            // What was talked about is what it is done about.
            Route::HumanRequested | Route::Task(_) | Route::Authenticate => {
                self.subject.last = context.last;
            }
            Route::SmallTalk { .. }
            | Route::Repeat
            | Route::Source
            | Route::More
            | Route::Goodbye
            | Route::Affirm
            | Route::Deny
            | Route::Unclear => self.subject.last = context.last,
        }
        routed
    }

    fn remember(&mut self, speaker: Speaker, text: String) {
        self.turns.push_back(Arc::new(Turn { speaker, text }));
        if self.turns.len() > TURNS {
            self.turns.pop_front();
        }
    }

    fn take_reply(&mut self) -> Reply {
        std::mem::replace(&mut self.reply, Reply::None)
    }

    /// The last reply offers to tell something.
    pub(crate) fn offers_to_tell(&self) -> bool {
        matches!(self.awaiting, Awaiting::Perhaps | Awaiting::Either)
    }

    /// What the last reply offers to tell: the sources of documents, with what each is called there.
    pub(crate) fn offers(&self) -> impl Iterator<Item = (&str, &str)> {
        let offers = self.perhaps.iter().filter(|_| self.offers_to_tell());
        offers.map(|perhaps| (&*perhaps.source.source, &*perhaps.label))
    }

    fn complete(&mut self, mut meta: ReplyMeta, asks: Awaiting, steps: &mut Vec<Step>) {
        if !meta.sources.is_empty() {
            self.cited.clone_from(&meta.sources);
        }
        let asks = self.person_due(asks, steps);
        let asks = self.person_for_patience(&mut meta, asks, steps);
        let mut asks = self.way_out(&mut meta, asks, steps);
        if asks == Awaiting::None && meta.action.is_none() {
            self.take_up_again();
            asks = self.back_to_task(steps);
            if asks == Awaiting::None {
                asks = self.offer_left(steps);
            }
        }
        self.reply = Reply::Complete { asks };
        steps.push(Step::Done(Box::new(meta)));
    }
}

fn intent(route: &Route) -> Option<String> {
    match route {
        Route::Knowledge { topics, .. } => topics.first().cloned(),
        Route::Catalogue(ask) => Some(ask.table.clone()),
        Route::SmallTalk { kind } => Some(kind.clone()),
        _ => None,
    }
}
