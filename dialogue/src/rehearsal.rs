//! Conversations in writing, without a language model and without the company's systems: what `teller knowledge
//! test` holds a pack's tests against. The conversation is the one that calls have.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use knowledge::{KnowledgeBase, TestDialogue, TestTurn};
use tools::Outcome;

use crate::{
    PASSAGES, ReplyMeta,
    conversation::{Abilities, CallFacts, CallerTurn, Conversation, Event, Found, Step},
};

/// What a caller got for one turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken {
    /// The sentences, in order.
    pub text: String,
    /// How they came about.
    pub meta: ReplyMeta,
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

/// Answers turns one after the other; every reply is heard to its end.
#[must_use]
pub fn converse(base: &Arc<KnowledgeBase>, turns: &[&str]) -> Vec<Spoken> {
    let (abilities, facts) = (Abilities::default(), CallFacts::default());
    let mut conversation = Conversation::new(Arc::clone(base), abilities, facts);
    let turns = turns.iter().zip(1..);
    turns
        .map(|(said, seq)| {
            let turn = CallerTurn {
                text: (*said).to_owned(),
                question: (*said).to_owned(),
                seq,
            };
            answer(&mut conversation, base, turn)
        })
        .collect()
}

fn answer(conversation: &mut Conversation, base: &KnowledgeBase, turn: CallerTurn) -> Spoken {
    let (mut sentences, mut meta) = (Vec::new(), ReplyMeta::default());
    let mut events = vec![Event::CallerSaid(turn)];
    while let Some(event) = events.pop() {
        let mut steps = Vec::new();
        conversation.on(event, Duration::ZERO, &mut steps);
        for step in steps {
            match step {
                Step::Say(sentence) => sentences.push(sentence),
                Step::Read(text) => events.push(Event::Read(base.read(&text))),
                Step::Find(query) => events.push(Event::Found(Found {
                    passages: query
                        .questions
                        .iter()
                        .map(|asked| base.search(asked, PASSAGES))
                        .collect(),
                    took: Duration::ZERO,
                })),
                Step::CallTool(id, _) => {
                    events.push(Event::ToolDone(id, Outcome::Success(serde_json::json!({}))));
                }
                // There is no model here.
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
    Spoken { text, meta }
}

/// The turns of a dialogue that were not answered as it expects; none when it is right.
#[must_use]
pub fn judge(base: &Arc<KnowledgeBase>, dialogue: &TestDialogue) -> Vec<Miss> {
    let said: Vec<&str> = dialogue.turns.iter().map(|turn| &*turn.said).collect();
    let replies = converse(base, &said).into_iter();
    let judged = dialogue.turns.iter().zip(replies);
    judged
        .enumerate()
        .filter_map(|(turn, (expected, spoken))| {
            let complaints = complaints(expected, &spoken);
            (!complaints.is_empty()).then_some(Miss {
                turn,
                complaints,
                spoken,
            })
        })
        .collect()
}

fn complaints(expected: &TestTurn, spoken: &Spoken) -> Vec<String> {
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
