//! Functions that the language model asks for: which it is offered, which of its calls are made, and what it is told
//! of them. It is offered look-ups on turns about the trade only, and nothing is called that the caller's own turn
//! does not ask for, whatever a passage or a result says.

use language::{is_stop_word, normalize};
use serde_json::Value;
use tools::{MAX_ROUNDS, Outcome, Refusal, Request};

use super::{
    Conversation, Exchange, Function, FunctionKind, ModelCall, ModelFailure, Purpose, Reply, Step,
    ToolCallId, answer::with, catalogue::source_of_row, phrasing::Phrasing,
};
use crate::ReplyMeta;

/// How the functions that begin a task are called: `start_` and its name.
pub(crate) const BEGINS: &str = "start_";
/// How the functions that search a table of the catalogue are called: `search_` and its name.
pub(crate) const SEARCHES: &str = "search_";
/// Calls of one message at most; more is a loop.
const MAX_CALLS: usize = 8;
/// Of a name that the model made up, so much is given back to it.
const MAX_NAME: usize = 64;
/// A result is cut there, in bytes: longer ones are no material for a spoken answer.
const MAX_RESULT: usize = 4_000;

/// Calls that a message of the model asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Round {
    calls: Vec<ModelCall>,
    /// What came of each, as far as it is known, and the call that the registry makes for it.
    ended: Vec<Option<Outcome>>,
    made: Vec<Option<ToolCallId>>,
}

impl Conversation {
    /// What the model is offered on a turn; `is_knowledge`: the router called it the trade's.
    pub(super) fn functions(&self, is_knowledge: bool) -> Vec<Function> {
        let offered = self.abilities.functions.iter().filter(|function| {
            let look_up = self.base.pack().lookup(&function.name);
            match function.kind {
                FunctionKind::Task => true,
                FunctionKind::Rows => is_knowledge,
                FunctionKind::Listed { needs_proof } => {
                    is_knowledge && (!needs_proof || self.facts.caller.customer.is_some())
                }
                FunctionKind::LookUp => {
                    is_knowledge && look_up.is_some_and(|look_up| self.can_look_up(look_up))
                }
            }
        });
        offered.cloned().collect()
    }

    /// The model's message is complete and asks for these.
    pub(super) fn on_calls(
        &mut self,
        mut phrasing: Box<Phrasing>,
        calls: Vec<ModelCall>,
        steps: &mut Vec<Step>,
    ) {
        let rounds = phrasing.prompt.exchanges.len();
        if rounds >= MAX_ROUNDS || calls.is_empty() || calls.len() > MAX_CALLS {
            phrasing.question.meta.failure = Some(ModelFailure::Loop);
            return self.end_phrasing(*phrasing, steps);
        }
        let mut round = Round::default();
        let mut requests = Vec::new();
        for call in calls {
            let judged = self.judge_call(&phrasing, &call);
            let (ended, made) = match judged {
                Err(refusal) => (Some(Outcome::Refused(refusal)), None),
                Ok((FunctionKind::Task, arguments)) => {
                    if self.begin_for_model(&call.name, &arguments, &mut phrasing, steps) {
                        return;
                    }
                    let nothing = "it cannot be begun here".to_owned();
                    (Some(Outcome::Refused(Refusal::Declined(nothing))), None)
                }
                Ok((FunctionKind::Rows, conditions)) => {
                    let ended = self.search_rows(&call.name, &conditions, &mut phrasing);
                    (Some(ended), None)
                }
                Ok((FunctionKind::LookUp | FunctionKind::Listed { .. }, arguments)) => {
                    self.calls += 1;
                    let id = ToolCallId(self.calls);
                    let request = Request {
                        arguments,
                        round: rounds,
                        ..self.request(&call.name, phrasing.question.seq, false)
                    };
                    requests.push((id, request));
                    (None, Some(id))
                }
            };
            round.calls.push(call);
            round.ended.push(ended);
            round.made.push(made);
        }
        phrasing.round = round;
        if requests.is_empty() {
            return self.go_on(phrasing, steps);
        }
        steps.push(Step::CallTools(requests));
        self.reply = Reply::Phrasing(phrasing);
    }

    /// A call that may be made, with its arguments.
    fn judge_call(
        &self,
        phrasing: &Phrasing,
        call: &ModelCall,
    ) -> Result<(FunctionKind, Value), Refusal> {
        let mut offered = phrasing.prompt.functions.iter();
        let function = offered
            .find(|function| function.name == call.name)
            .ok_or(Refusal::UnknownTool)?;
        if !is_asked_for(function, &phrasing.question.text) {
            let reason = "the caller did not ask for it".to_owned();
            return Err(Refusal::Declined(reason));
        }
        let written = call.arguments.trim();
        let written = if written.is_empty() { "{}" } else { written };
        let arguments = serde_json::from_str(written)
            .map_err(|_| Refusal::Arguments("they are no JSON".to_owned()))?;
        Ok((function.kind, arguments))
    }

    /// Searches a table of the catalogue: what it finds may be said, and the next turn may lean on it.
    fn search_rows(
        &mut self,
        function: &str,
        conditions: &Value,
        phrasing: &mut Phrasing,
    ) -> Outcome {
        let table = function.strip_prefix(SEARCHES).unwrap_or_default();
        let last = self.subject.offered.as_ref().map(|(last, _)| last);
        let found = match self.base.search_rows(table, conditions, last) {
            Ok(found) => found,
            Err(reason) => return Outcome::Refused(Refusal::Arguments(reason)),
        };
        let text = shown(&found.found);
        phrasing.text.grounds().add_material(&text);
        let sources = &mut phrasing.question.meta.sources;
        *sources = with(sources, found.offer.sources.into_iter().map(source_of_row));
        self.subject.offered = Some((found.offer.last, 0));
        Outcome::Success(found.found)
    }

    /// Begins the task that a function stands for, with what the model put into it; the task leads the reply from there.
    /// `false`: there is none that can be begun.
    fn begin_for_model(
        &mut self,
        function: &str,
        arguments: &Value,
        phrasing: &mut Phrasing,
        steps: &mut Vec<Step>,
    ) -> bool {
        let name = function.strip_prefix(BEGINS).unwrap_or_default().to_owned();
        let tasks = &self.base.pack().tasks;
        if self.task.is_some() || tasks.get(&name).is_none_or(|task| !self.can_do(task)) {
            return false;
        }
        let meta = ReplyMeta {
            route: name.clone(),
            ..std::mem::take(&mut phrasing.question.meta)
        };
        let said = phrasing.question.text.clone();
        self.begin_task_with(&name, &said, Some(arguments), meta, steps);
        true
    }

    pub(super) fn on_functions(&mut self, done: Vec<(ToolCallId, Outcome)>, steps: &mut Vec<Step>) {
        let mut phrasing = match self.take_reply() {
            Reply::Phrasing(phrasing) => phrasing,
            // Of a reply that is over.
            other => return self.reply = other,
        };
        let is_of_round = |id: &ToolCallId| {
            phrasing
                .round
                .made
                .iter()
                .any(|made| made.as_ref() == Some(id))
        };
        if !done.iter().any(|(id, _)| is_of_round(id)) {
            return self.reply = Reply::Phrasing(phrasing);
        }
        for (id, outcome) in done {
            let round = &mut phrasing.round;
            let mut made = round.made.iter().zip(&mut round.ended);
            if let Some((_, ended)) = made.find(|(made, _)| **made == Some(id)) {
                if let Outcome::Success(found) = &outcome {
                    // What the model is not shown speaks for nothing.
                    let text = format!("{} {}", shown(found), self.worded(found));
                    phrasing.text.grounds().add_material(&text);
                }
                *ended = Some(outcome);
            }
        }
        self.go_on(phrasing, steps);
    }

    /// The words that the pack has for amounts that were found: "1,250.50 dollars".
    fn worded(&self, found: &Value) -> String {
        let currency = self.base.pack().settings.currency.as_ref();
        let amount = found.get("amount").and_then(Value::as_str);
        amount
            .zip(currency)
            .map_or_else(String::new, |(amount, currency)| {
                format!("{amount} {}", currency.spoken)
            })
    }

    /// Gives the results of the round back to the model.
    fn go_on(&mut self, mut phrasing: Box<Phrasing>, steps: &mut Vec<Step>) {
        let Round { calls, ended, .. } = std::mem::take(&mut phrasing.round);
        let results = calls.iter().zip(ended).map(|(call, ended)| {
            let outcome = ended.unwrap_or(Outcome::Unknown);
            let name: String = call.name.chars().take(MAX_NAME).collect();
            let text = shown(&outcome.result());
            prompts::tool_result(&name, outcome.kind().as_str(), &text)
        });
        let results = results.collect();
        let text = phrasing.said.join(" ");
        let prompt = &mut phrasing.prompt;
        let before: usize = prompt
            .exchanges
            .iter()
            .map(|exchange| exchange.text.len())
            .sum();
        let text = text.get(before..).unwrap_or_default().to_owned();
        prompt.exchanges.push(Exchange {
            text,
            calls,
            results,
        });
        if prompt.exchanges.len() >= MAX_ROUNDS {
            // It has to answer with what it has.
            prompt.functions.clear();
        }
        steps.push(Step::AskModel(prompt.clone()));
        self.reply = Reply::Phrasing(phrasing);
    }

    /// Once a turn a caller who waits for a tool is told so.
    pub(super) fn on_slow(&mut self, steps: &mut Vec<Step>) {
        // What was done was told; nobody waits for its message.
        if matches!(
            &self.reply,
            Reply::Calling {
                purpose: Purpose::Notice(..),
                ..
            }
        ) {
            return;
        }
        let line = self.base.pack().settings.lines.one_moment.as_ref();
        if let Some(line) = line.filter(|_| !self.has_filled) {
            self.has_filled = true;
            steps.push(Step::Say(line.clone()));
        }
    }
}

/// What was found as text, as far as a model is shown it; nothing where there is nothing.
fn shown(found: &Value) -> String {
    let mut text = match found {
        Value::Null => String::new(),
        found => found.to_string(),
    };
    text.truncate(text.floor_char_boundary(MAX_RESULT));
    text
}

/// Whether the caller's own words ask for a function: they have all words of one of its phrases, or of its name.
fn is_asked_for(function: &Function, said: &str) -> bool {
    let said: Vec<String> = stems(said).collect();
    let name = function.name.replace(['_', '-'], " ");
    let mut phrases = function.asked_by.iter().chain([&name]);
    phrases.any(|phrase| {
        let mut stems = stems(phrase).peekable();
        stems.peek().is_some() && stems.all(|stem| said.contains(&stem))
    })
}

fn stems(text: &str) -> impl Iterator<Item = String> {
    let terms = normalize(text).into_iter();
    terms
        .filter(|term| !is_stop_word(&term.text))
        .map(|term| term.stem)
}
