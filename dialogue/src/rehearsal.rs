//! Conversations in writing, without a language model and without the company's systems: what `teller knowledge
//! test` holds a pack's tests against. The conversation is the one that calls have.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use knowledge::{KnowledgeBase, TestDialogue, TestTurn};

use crate::{
    PASSAGES, ReplyMeta,
    conversation::{Abilities, CallFacts, CallerTurn, Conversation, Event, Found, Step},
};

pub(crate) mod stage;

use stage::{Stage, TASK};

/// What a caller got for one turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    /// The sentences, in order.
    pub text: String,
    /// How they came about.
    pub meta: ReplyMeta,
    /// It offers to tell something, which the next turn may agree to.
    pub is_offer: bool,
}

/// A turn of a test that was not answered as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// Which turn of the dialogue, from 0.
    pub turn: usize,
    /// What is wrong, one sentence each.
    pub complaints: Vec<String>,
    /// What was answered.
    pub spoken: Spoken,
}

/// What a caller says who wants to hear what was offered.
const AGREED: &str = "yes please";

/// Answers turns one after the other; every reply is heard to its end.
#[must_use]
pub fn converse(base: &Arc<KnowledgeBase>, turns: &[&str]) -> Vec<Spoken> {
    let mut rehearsal = Rehearsal::new(base);
    turns.iter().map(|said| rehearsal.say(said)).collect()
}

/// One conversation in writing.
struct Rehearsal<'a> {
    base: &'a Arc<KnowledgeBase>,
    conversation: Conversation,
    stage: Stage,
    seq: i32,
}

impl<'a> Rehearsal<'a> {
    fn new(base: &'a Arc<KnowledgeBase>) -> Self {
        Self::with(
            base,
            Abilities::default(),
            CallFacts::default(),
            Stage::default(),
        )
    }

    fn with(
        base: &'a Arc<KnowledgeBase>,
        abilities: Abilities,
        facts: CallFacts,
        stage: Stage,
    ) -> Self {
        Self {
            base,
            conversation: Conversation::new(Arc::clone(base), abilities, facts),
            stage,
            seq: 0,
        }
    }

    /// The conversation that a dialogue is held in: one about tasks has tools, and a caller who can prove who they are.
    fn of(base: &'a Arc<KnowledgeBase>, dialogue: &TestDialogue) -> Self {
        if dialogue.kind != TASK {
            return Self::new(base);
        }
        let (abilities, facts, stage) = stage::of_tasks(base, dialogue);
        Self::with(base, abilities, facts, stage)
    }

    /// The caller proves who they are.
    fn prove(&mut self) {
        let event = Event::Proven {
            name: "Sarah".to_owned(),
            customer: "sarah".to_owned(),
        };
        let mut steps = Vec::new();
        self.conversation.on(event, Duration::ZERO, &mut steps);
        let said = steps.into_iter().filter_map(|step| match step {
            Step::Say(sentence) => Some(sentence),
            _ => None,
        });
        let said: Vec<String> = said.collect();
        let heard = Event::AgentHeard(said.join(" "));
        self.conversation.on(heard, Duration::ZERO, &mut Vec::new());
    }

    fn say(&mut self, said: &str) -> Spoken {
        self.seq += 1;
        let turn = CallerTurn {
            text: said.to_owned(),
            question: said.to_owned(),
            seq: self.seq,
            ..CallerTurn::default()
        };
        answer(&mut self.conversation, self.base, &mut self.stage, turn)
    }

    /// What is said to a turn that wants to know something in these documents: an offer to tell it is agreed to, and of
    /// two the right one is picked.
    fn ask(&mut self, said: &str, wanted: &[&String]) -> Spoken {
        let first = self.say(said);
        if !first.is_offer || wanted.is_empty() {
            return first;
        }
        let offers: Vec<(&str, &str)> = self.conversation.offers().collect();
        let right = offers
            .iter()
            .find(|(source, _)| wanted.iter().any(|wanted| wanted == source));
        let pick = match right {
            Some((_, label)) if offers.len() > 1 => (*label).to_owned(),
            _ => AGREED.to_owned(),
        };
        let told = self.say(&pick);
        let mut meta = first.meta;
        meta.sources.extend(told.meta.sources);
        Spoken {
            text: format!("{} {}", first.text, told.text),
            meta,
            is_offer: true,
        }
    }
}

fn answer(
    conversation: &mut Conversation,
    base: &KnowledgeBase,
    stage: &mut Stage,
    turn: CallerTurn,
) -> Spoken {
    let (mut sentences, mut meta) = (Vec::new(), ReplyMeta::default());
    let mut events = vec![Event::CallerSaid(turn)];
    while let Some(event) = events.pop() {
        let mut steps = Vec::new();
        conversation.on(event, Duration::ZERO, &mut steps);
        for step in steps {
            match step {
                Step::Say(sentence) => sentences.push(sentence),
                Step::Read(text) => events.push(Event::Read(Box::new(base.read(&text)))),
                Step::Find(query) => events.push(Event::Found(Found {
                    passages: base.search_all(&query.questions, PASSAGES, None),
                    took: Duration::ZERO,
                })),
                Step::CallTool(id, request) => {
                    events.push(Event::ToolDone(id, stage.call(request, true)));
                }
                Step::CallTools(calls) => {
                    let ended = calls.into_iter();
                    let ended = ended.map(|(id, request)| (id, stage.call(request, true)));
                    events.push(Event::ToolsDone(ended.collect()));
                }
                // There are no web and no model here.
                Step::SearchWeb(_) => events.push(Event::WebFound(None)),
                Step::AskModel(_) => {}
                Step::Done(done) => meta = *done,
            }
        }
    }
    let text = sentences.join(" ");
    conversation.on(Event::ReplyWritten, Duration::ZERO, &mut Vec::new());
    conversation.on(
        Event::AgentHeard(text.clone()),
        Duration::ZERO,
        &mut Vec::new(),
    );
    let is_offer = conversation.offers_to_tell();
    Spoken {
        text,
        meta,
        is_offer,
    }
}

/// How a dialogue went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdict {
    /// The turns that were not answered as it expects; none when it is right.
    pub misses: Vec<Miss>,
    /// Turns that wanted to know something.
    pub asked: usize,
    /// Of these the ones that were told only after an offer.
    pub offered: usize,
}

/// Holds what is answered against what a dialogue expects. An offer to tell something is agreed to by turns that want
/// to know something.
#[must_use]
pub fn judge(base: &Arc<KnowledgeBase>, dialogue: &TestDialogue) -> Verdict {
    let mut rehearsal = Rehearsal::of(base, dialogue);
    let mut verdict = Verdict::default();
    for (turn, expected) in dialogue.turns.iter().enumerate() {
        let wants_to_know = expected.supported != Some(false)
            && !(expected.document.is_empty() && expected.any_of.is_empty());
        if expected.proven {
            rehearsal.prove();
        }
        let documents = expected.document.iter().chain(&expected.any_of);
        let wanted: Vec<&String> = documents.filter(|_| wants_to_know).collect();
        let spoken = rehearsal.ask(&expected.said, &wanted);
        verdict.asked += usize::from(wants_to_know);
        verdict.offered += usize::from(wants_to_know && spoken.is_offer);
        let mut complaints = complaints(expected, &spoken);
        complaints.extend(rehearsal.stage.complaints(&expected.calls));
        if !complaints.is_empty() {
            verdict.misses.push(Miss {
                turn,
                complaints,
                spoken,
            });
        }
    }
    verdict
}

/// What is wrong with the words of an answer.
#[must_use]
pub fn complaints(expected: &TestTurn, spoken: &Spoken) -> Vec<String> {
    let mut complaints = Vec::new();
    let (route, text) = (&*spoken.meta.route, spoken.text.to_lowercase());
    if let Some(routes) = &expected.route
        && !routes.split('|').any(|wanted| wanted == route)
    {
        complaints.push(format!("its route is {route}, not {routes}"));
    }
    let sources = spoken.meta.sources.iter();
    let sources: BTreeSet<&str> = sources.map(|source| &*source.source).collect();
    for wanted in &expected.document {
        if !sources.contains(&**wanted) {
            complaints.push(format!("it does not rest on {wanted}"));
        }
    }
    if !expected.any_of.is_empty() && !expected.any_of.iter().any(|any| sources.contains(&**any)) {
        complaints.push(format!(
            "it rests on none of {}",
            expected.any_of.join(", ")
        ));
    }
    let supported = !sources.is_empty();
    match expected.supported {
        Some(false) if supported => {
            complaints.push("it is answered, and no document says it".to_owned());
        }
        Some(true) if !supported => complaints.push("it is not answered".to_owned()),
        _ => {}
    }
    let says = |words: &str| {
        words
            .split('|')
            .any(|part| text.contains(&part.to_lowercase()))
    };
    let missing = expected.says.iter().filter(|words| !says(words));
    complaints.extend(missing.map(|words| format!("it does not say {words:?}")));
    let wrong = expected.never_says.iter().filter(|words| says(words));
    complaints.extend(wrong.map(|words| format!("it says {words:?}")));
    complaints
}
