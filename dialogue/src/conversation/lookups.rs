//! Turns that another system answers: what it is asked with, and what is said of its answer.

use std::{collections::BTreeMap, sync::Arc};

use call::Turn;
use knowledge::{Citation, Fact, Lookup, Proof, Route, SlotValues};
use serde_json::Value;
use tools::{Outcome, Refusal, Request};

use super::{CallerTurn, Conversation, LookedUp, Purpose, Step, actions::FixedReply};
use crate::{Awaiting, ReplyMeta};

/// A look-up with what is known so far of what it is asked with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asking {
    pub(super) lookup: String,
    pub(super) known: SlotValues,
    /// The parameter that the agent asked for.
    wanted: Option<String>,
    /// It was asked for twice.
    again: bool,
    /// What the documents are asked once something is found, as the turn asked them too.
    beside: Option<Beside>,
}

/// What a turn asks the documents beside a look-up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Beside {
    turn: CallerTurn,
    questions: Vec<knowledge::Question>,
    history: Vec<Arc<Turn>>,
}

impl Beside {
    /// `None` where it asks nothing.
    pub(super) fn new(
        turn: &CallerTurn,
        questions: Vec<knowledge::Question>,
        history: Vec<Arc<Turn>>,
    ) -> Option<Self> {
        (!questions.is_empty()).then(|| Self {
            turn: turn.clone(),
            questions,
            history,
        })
    }
}

impl Asking {
    /// What the documents are asked behind it.
    pub(super) fn take_beside(&mut self) -> Option<Beside> {
        self.beside.take()
    }
}

impl Conversation {
    /// Look-ups that nobody answers here although anybody may ask for them: the documents are asked instead.
    pub(super) fn unanswered_look_ups(&self) -> Vec<String> {
        let lookups = self.base.pack().lookups.iter();
        lookups
            .filter(|lookup| lookup.proof == Proof::None && !self.is_connected(lookup))
            .map(|lookup| lookup.name.clone())
            .collect()
    }

    fn is_connected(&self, lookup: &Lookup) -> bool {
        self.abilities.look_ups.contains(&lookup.name)
    }

    pub(super) fn can_look_up(&self, lookup: &Lookup) -> bool {
        let is_known = self.facts.name.is_some() && self.facts.caller.customer.is_some();
        self.is_connected(lookup) && (lookup.proof == Proof::None || is_known)
    }

    /// The turn after the agent asked for a parameter: the look-up with what the turn says of it, or the turn's own
    /// route where it says something else.
    pub(super) fn told(&mut self, turn: &CallerTurn, route: Route) -> (Route, Option<Asking>) {
        let asking = self.asking.take();
        let Some(mut asking) = asking.filter(|_| self.awaiting == Awaiting::Parameter) else {
            return (route, None);
        };
        if matches!(route, Route::Repeat) {
            self.asking = Some(asking);
            return (route, None);
        }
        let Some(lookup) = self.base.pack().lookup(&asking.lookup) else {
            return (route, None);
        };
        if !self.may_tell(&route) {
            return (route, None);
        }
        let before = asking.known.len();
        let wanted = asking.wanted.as_deref();
        self.base.fill_slots(
            &lookup.parameters,
            wanted,
            &turn.question,
            self.today(),
            &mut asking.known,
        );
        let is_told = asking.known.len() > before;
        let is_lost = matches!(route, Route::Affirm | Route::OutOfScope | Route::Unclear);
        if is_told || (is_lost && !asking.again) {
            asking.again = !is_told;
            return (Route::Lookup(asking.lookup.clone()), Some(asking));
        }
        (route, None)
    }

    /// A turn of this route may be an answer to what was asked for: it does nothing else, and nobody is in need.
    pub(super) fn may_tell(&self, route: &Route) -> bool {
        match route {
            Route::Knowledge { topics, .. } => {
                let mut topics = topics.iter().filter_map(|id| self.base.pack().topic(id));
                !topics.any(|topic| topic.urgent)
            }
            Route::Catalogue(_)
            | Route::Affirm
            | Route::SmallTalk { .. }
            | Route::OutOfScope
            | Route::Unclear => true,
            _ => false,
        }
    }

    /// Looks something up, or says why not, or asks for what it must be asked with. What the documents are asked beside
    /// is answered behind that.
    pub(super) fn look_up(
        &mut self,
        name: &str,
        (asking, beside): (Option<Asking>, Option<Beside>),
        turn: &CallerTurn,
        mut meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let lookup = self.base.pack().lookup(name);
        let Some(lookup) = lookup.filter(|lookup| self.can_look_up(lookup)) else {
            let fixed = self.not_looked_up(name);
            return self.say_with(fixed, beside, meta, steps);
        };
        let today = self.today();
        let mut asking = asking.unwrap_or_else(|| {
            let mut known = SlotValues::new();
            self.base
                .fill_slots(&lookup.parameters, None, &turn.question, today, &mut known);
            Asking {
                lookup: name.to_owned(),
                known,
                wanted: None,
                again: false,
                beside,
            }
        });
        if let Some(missing) = lookup.missing(&asking.known) {
            let line = FixedReply::say(lookup.ask_for(missing)).awaiting(Awaiting::Parameter);
            asking.wanted = Some(missing.to_owned());
            self.asking = Some(asking);
            "question".clone_into(&mut meta.model);
            return self.say_fixed(line, meta, steps);
        }
        let arguments = asking.known.iter();
        let arguments: serde_json::Map<String, Value> = arguments
            .map(|(name, value)| (name.clone(), Value::String(value.sent.clone())))
            .collect();
        let request = Request {
            arguments: Value::Object(arguments),
            ..self.request(name, turn.seq, false)
        };
        self.call(request, Purpose::LookUp(asking.into()), meta, steps);
    }

    /// Says what came of a look-up, then what the documents say to the rest of the turn.
    pub(super) fn say_with(
        &mut self,
        fixed: FixedReply,
        beside: Option<Beside>,
        meta: ReplyMeta,
        steps: &mut Vec<Step>,
    ) {
        let Some(beside) = beside else {
            return self.say_fixed(fixed, meta, steps);
        };
        let sentences = knowledge::sentences(&fixed.text);
        steps.extend(sentences.into_iter().map(Step::Say));
        let asked = (beside.questions, beside.history);
        self.find(&beside.turn, false, asked, meta, steps);
    }

    /// What is said where nothing can be looked up.
    pub(super) fn not_looked_up(&self, name: &str) -> FixedReply {
        let lookup = self.base.pack().lookup(name);
        FixedReply::say(lookup.map_or("", |lookup| {
            if self.facts.name.is_some() || lookup.proof == Proof::None {
                &lookup.unavailable
            } else {
                &lookup.unauthenticated
            }
        }))
    }

    /// The sentence for what a look-up found, or why it found nothing.
    pub(super) fn looked_up(
        &mut self,
        asked: &Asking,
        outcome: Outcome,
        mut meta: ReplyMeta,
    ) -> (FixedReply, ReplyMeta) {
        let base = Arc::clone(&self.base);
        let settings = &base.pack().settings;
        let problem = &settings.lines.technical_problem;
        let Some(lookup) = base.pack().lookup(&asked.lookup) else {
            return (FixedReply::say(problem), meta);
        };
        let text = match outcome {
            Outcome::Success(found) => {
                let currency = settings.currency.as_ref();
                let sentence = lookup.sentence(&fields(&found), &asked.known, currency);
                if let Some(sentence) = sentence {
                    "tool".clone_into(&mut meta.model);
                    self.keep(&asked.lookup, &sentence);
                    return (FixedReply::say(&sentence), meta);
                }
                tracing::warn!(
                    lookup = asked.lookup,
                    "the answer lacks a field that the pack describes"
                );
                problem
            }
            Outcome::Refused(Refusal::NotFound) => &lookup.unavailable,
            Outcome::Refused(Refusal::NotAuthenticated) => &lookup.unauthenticated,
            Outcome::Refused(_)
            | Outcome::Failed(_)
            | Outcome::TimedOut
            | Outcome::Cancelled
            | Outcome::Unknown => problem,
        };
        (FixedReply::say(text), meta)
    }

    /// What was found may speak for an answer later in the conversation, in the place of what was found before.
    fn keep(&mut self, name: &str, sentence: &str) {
        let fact = Fact {
            citation: Citation {
                source: format!("look-up/{name}"),
                title: name.replace('_', " "),
            },
            text: sentence.to_owned(),
        };
        let known = |found: &LookedUp| found.fact.citation == fact.citation;
        self.looked_up.retain(|found| !known(found));
        self.looked_up.push(LookedUp { fact, age: 0 });
    }
}

/// A result's fields as text.
pub(super) fn fields(found: &Value) -> BTreeMap<String, String> {
    let fields = found.as_object().into_iter().flatten();
    fields
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
