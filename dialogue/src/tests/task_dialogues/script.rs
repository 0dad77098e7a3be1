//! What the scripted model does with a request.

use std::{collections::BTreeSet, time::Duration};

use axum::http::StatusCode;
use language::{is_stop_word, normalize};
use serde_json::Value;

use super::*;
use crate::{conversation::functions::BEGINS, tests::model_server::Behaviour};

/// Sentences of an answer.
const SENTENCES: usize = 2;

/// How the model leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    /// Begins a task where it is begun without a model, and answers from what it was given otherwise.
    Sensible,
    /// Begins one of the dialogue's tasks whenever it is asked anything.
    Eager,
    /// Writes nothing.
    Silent,
    /// Answers when nobody waits any more.
    Late,
    Fails,
    /// Closes the connection in its first sentence.
    BreaksOff,
}

/// What a model does in one dialogue; clones share where it is.
#[derive(Debug, Clone)]
pub(super) struct Script {
    lead: Lead,
    /// The route of each turn without a model.
    routes: Vec<String>,
    turn: Arc<Mutex<usize>>,
}

impl Script {
    pub(super) fn new(lead: Lead, routes: &[String]) -> Self {
        Self {
            lead,
            routes: routes.to_vec(),
            turn: Arc::default(),
        }
    }

    /// The dialogue is at this turn.
    pub(super) fn turn(&self, place: usize) {
        *self.turn.lock().unwrap() = place;
    }

    pub(super) async fn serve(self) -> ModelServer {
        ModelServer::start_with(move |_, request| self.behave(request)).await
    }

    /// How long its first word is waited for.
    pub(super) fn patience(&self) -> Duration {
        match self.lead {
            Lead::Late => Duration::from_millis(10),
            _ => Duration::from_secs(30),
        }
    }

    fn behave(&self, request: &Value) -> Behaviour {
        match self.lead {
            Lead::Silent => Behaviour::Writes(Vec::new()),
            Lead::Late => Behaviour::Hangs,
            Lead::Fails => Behaviour::Fails(StatusCode::INTERNAL_SERVER_ERROR),
            Lead::BreaksOff => Behaviour::BreaksOffAfter(vec!["One moment, I".to_owned()]),
            Lead::Sensible | Lead::Eager => self.lead(request),
        }
    }

    fn lead(&self, request: &Value) -> Behaviour {
        let messages = request["messages"].as_array().expect("messages");
        let is_first = messages.last().is_some_and(|last| last["role"] == "user");
        let begun = self
            .begins()
            .into_iter()
            .find(|name| is_offered(request, name));
        match begun {
            Some(name) if is_first => Behaviour::Calls(vec![(name, "{}".to_owned())]),
            _ => {
                let text = answer(messages);
                Behaviour::Writes(text.split_inclusive(' ').map(str::to_owned).collect())
            }
        }
    }

    /// The functions that it would call now, the first that it is offered.
    fn begins(&self) -> Vec<String> {
        let turn = *self.turn.lock().unwrap();
        let is_task = |route: &&String| BANK.pack().tasks.get(route).is_some();
        let function = |route: &String| format!("{BEGINS}{route}");
        match self.lead {
            Lead::Eager => self.routes.iter().filter(is_task).map(function).collect(),
            _ => {
                let now = self.routes.get(turn).filter(is_task);
                let before = turn.checked_sub(1).and_then(|turn| self.routes.get(turn));
                let now = now.filter(|now| Some(*now) != before);
                now.map(function).into_iter().collect()
            }
        }
    }
}

fn is_offered(request: &Value, name: &str) -> bool {
    let offered = request["tools"].as_array().into_iter().flatten();
    let mut names = offered.map(|tool| &tool["function"]["name"]);
    names.any(|offered| offered == name)
}

/// The sentences of the passages that share most with what the caller said; without passages what the company would say.
fn answer(messages: &[Value]) -> String {
    let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let rules = messages.first().map(text).unwrap_or_default();
    let callers = messages.iter().filter(|message| message["role"] == "user");
    let said: Vec<BTreeSet<String>> = callers.map(|message| stems(&text(message))).collect();
    let passages = rules.split("<passage ").skip(1).filter_map(|passage| {
        let (_, passage) = passage.split_once(">\n")?;
        passage.split_once("\n</passage>").map(|(text, _)| text)
    });
    let sentences: Vec<String> = passages
        .flat_map(|passage| passage.lines())
        .flat_map(knowledge::sentences)
        .collect();
    let score = |sentence: &String| {
        let own = stems(sentence);
        let shared = |said: Option<&BTreeSet<String>>| {
            said.map_or(0, |said| said.intersection(&own).count())
        };
        let mut latest = said.iter().rev();
        2 * shared(latest.next()) + shared(latest.next())
    };
    let mut best: Vec<usize> = (0..sentences.len()).collect();
    best.sort_by_key(|at| std::cmp::Reverse(score(&sentences[*at])));
    best.truncate(SENTENCES);
    best.sort_unstable();
    let best: Vec<&str> = best.iter().map(|at| &*sentences[*at]).collect();
    if !best.is_empty() {
        return best.join(" ");
    }
    let line = rules.split_once("The company would say: ");
    let line = line.and_then(|(_, rest)| rest.split_once(" Say something to the same effect"));
    line.map_or("What can I help you with?", |(line, _)| line)
        .to_owned()
}

fn stems(text: &str) -> BTreeSet<String> {
    let terms = normalize(text).into_iter();
    terms
        .filter(|term| !is_stop_word(&term.text))
        .map(|term| term.stem)
        .collect()
}
