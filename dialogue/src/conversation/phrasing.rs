//! What the language model writes for a turn: judged sentence by sentence, with what is said otherwise where it says
//! nothing that may be spoken.

use std::{sync::Arc, time::Duration};

use call::{Speaker, Turn};
use knowledge::{Passage, Route};
use language::{is_stop_word, normalize};

use super::{
    CallerTurn, Conversation, Delta, Found, ModelFailure, Prompt, Reply, Step,
    actions::FixedReply,
    answer::{Question, source, source_beside, with},
    functions::Round,
    prompt,
    sentences::{Grounds, Judged, SentenceStream, Withheld},
};
use crate::{Awaiting, ReplyMeta};

/// Words that a sentence of the documents shares with the one that it is said in place of.
const SHARED: usize = 2;

/// A reply that the language model writes.
#[derive(Debug)]
pub(super) struct Phrasing {
    pub(super) question: Question,
    /// What is said if the model says nothing: this line, or what was found.
    line: Option<FixedReply>,
    found: Found,
    pub(super) prompt: Prompt,
    /// Who writes.
    model: String,
    pub(super) text: SentenceStream,
    asked_at: Duration,
    /// The calls that it waits for.
    pub(super) round: Round,
    /// Its sentences so far.
    pub(super) said: Vec<String>,
    /// Sentences of the documents, in place of others that may not be spoken, until the model says one of its own.
    instead: Vec<String>,
}

impl Conversation {
    /// Has the model phrase what was found.
    pub(super) fn ask_model(
        &mut self,
        question: Question,
        found: Found,
        passages: &[Passage],
        now: Duration,
        steps: &mut Vec<Step>,
    ) {
        let settings = &self.base.pack().settings;
        let name = self.facts.name.as_deref();
        let functions = self.functions(question.is_knowledge);
        let prompt = Prompt::answer(settings, &question, passages, name, functions);
        self.begin_phrasing(prompt, question, found, passages, None, now, steps);
    }

    /// Whether the model may answer a turn of this route: what the engine does itself, consent and what a pack will
    /// have said word by word is not phrased anew.
    pub(super) fn may_talk(&self, route: &Route) -> bool {
        let is_free = self.awaiting == Awaiting::None;
        let may = match route {
            Route::SmallTalk { kind } => !self.base.pack().is_fixed(kind),
            Route::OutOfScope | Route::Unclear => true,
            // An answer to what the model asked.
            Route::Affirm => is_free,
            Route::Deny => is_free && !self.asked_anything_else(),
            _ => false,
        };
        may && self.abilities.model.is_some()
    }

    /// Has the model answer a turn that the documents say nothing to; `line` is said if it does not.
    pub(super) fn talk(
        &mut self,
        turn: &CallerTurn,
        history: Vec<Arc<Turn>>,
        line: FixedReply,
        meta: ReplyMeta,
        now: Duration,
        steps: &mut Vec<Step>,
    ) {
        let question = Question {
            text: turn.question.clone(),
            seq: turn.seq,
            is_knowledge: false,
            asked: Vec::new(),
            history,
            meta,
        };
        let settings = &self.base.pack().settings;
        let name = self.facts.name.as_deref();
        let functions = self.functions(false);
        let prompt = Prompt::talk(settings, &question, &line.text, name, functions);
        let found = Found::default();
        self.begin_phrasing(prompt, question, found, &[], Some(line), now, steps);
    }

    #[expect(clippy::too_many_arguments, reason = "what a reply is made of")]
    fn begin_phrasing(
        &mut self,
        prompt: Prompt,
        question: Question,
        found: Found,
        passages: &[Passage],
        line: Option<FixedReply>,
        now: Duration,
        steps: &mut Vec<Step>,
    ) {
        let grounds = self.grounds(&question, passages);
        let mut grounds = grounds.orders(&prompt::orders(&prompt.rules));
        if let Some(line) = &line {
            grounds.add_material(&line.text);
        }
        steps.push(Step::AskModel(prompt.clone()));
        self.reply = Reply::Phrasing(Box::new(Phrasing {
            text: SentenceStream::new(grounds),
            question,
            line,
            found,
            prompt,
            model: self.abilities.model.clone().unwrap_or_default(),
            asked_at: now,
            round: Round::default(),
            said: Vec::new(),
            instead: Vec::new(),
        }));
    }

    /// What the model's sentences are judged by.
    fn grounds(&self, question: &Question, passages: &[Passage]) -> Grounds {
        let pack = self.base.pack();
        let settings = &pack.settings;
        let mut grounds = Grounds::default()
            .names(&settings.company_name)
            .names(&settings.agent_name)
            .names(self.facts.name.as_deref().unwrap_or_default())
            .caller(&question.text)
            .deeds(self.deeds.done(), self.deeds_able());
        for turn in &question.history {
            grounds = match turn.speaker {
                Speaker::Caller => grounds.caller(&turn.text),
                Speaker::Agent => grounds.agent(&turn.text, &pack.guard),
            };
        }
        for passage in passages {
            grounds.add_material(&prompt::text(passage));
        }
        grounds
    }

    /// Names of the tools that could do something for this caller.
    fn deeds_able(&self) -> Vec<String> {
        self.abilities.tools.iter().cloned().collect()
    }

    pub(super) fn on_model(&mut self, delta: Delta, now: Duration, steps: &mut Vec<Step>) {
        let mut phrasing = match self.take_reply() {
            Reply::Phrasing(phrasing) => phrasing,
            // Of a reply that is over.
            other => return self.reply = other,
        };
        let base = Arc::clone(&self.base);
        let guard = &base.pack().guard;
        let failure = match delta {
            Delta::Begins(model) => {
                phrasing.model = model;
                phrasing.text.begin_anew();
                return self.reply = Reply::Phrasing(phrasing);
            }
            Delta::Calls(calls) => match phrasing.text.rest(guard) {
                Ok(judged) => {
                    self.say_judged(&mut phrasing, judged, steps);
                    return self.on_calls(phrasing, calls, steps);
                }
                Err(failure) => Some(ModelFailure::Unusable(failure)),
            },
            Delta::Text(piece) => {
                let first_token = &mut phrasing.question.meta.llm_first_token;
                first_token.get_or_insert(now.saturating_sub(phrasing.asked_at));
                match phrasing.text.push(&piece, guard) {
                    Ok(judged) => {
                        self.say_judged(&mut phrasing, judged, steps);
                        return self.reply = Reply::Phrasing(phrasing);
                    }
                    Err(failure) => Some(ModelFailure::Unusable(failure)),
                }
            }
            Delta::Finished => match phrasing.text.rest(guard) {
                Ok(judged) => {
                    self.say_judged(&mut phrasing, judged, steps);
                    None
                }
                Err(failure) => Some(ModelFailure::Unusable(failure)),
            },
            // A last half sentence is not spoken.
            Delta::CutOff => None,
            Delta::Failed(failure) => Some(failure),
        };
        phrasing.question.meta.failure = failure;
        self.end_phrasing(*phrasing, steps);
    }

    /// The model says no more: what it said stands, or the documents speak.
    pub(super) fn end_phrasing(&mut self, phrasing: Phrasing, steps: &mut Vec<Step>) {
        let Phrasing {
            mut question,
            line,
            found,
            model,
            said,
            instead,
            ..
        } = phrasing;
        let Some(last) = said.last() else {
            question.meta.failure.get_or_insert(ModelFailure::Empty);
            return match line {
                Some(line) => self.say_fixed(line, question.meta, steps),
                None => self.say_documents(question, &found, None, steps),
            };
        };
        let last = instead.last().unwrap_or(last).clone();
        steps.extend(instead.into_iter().map(Step::Say));
        // An offer stands until it is answered.
        let asks = match (self.offered_in(&last), line) {
            (Awaiting::None, Some(line)) => line.awaiting,
            (asks, _) => asks,
        };
        let beside = self.beside(&question.asked);
        let documents = found.together();
        let sources = documents
            .iter()
            .map(source)
            .chain(beside.into_iter().flatten().map(source_beside));
        let meta = ReplyMeta {
            model,
            sources: with(&question.meta.sources, sources),
            ..question.meta
        };
        let asks = match asks {
            Awaiting::None => self.offer_task(&meta.sources, steps),
            asks => asks,
        };
        self.complete(meta, asks, steps);
    }

    fn say_judged(&self, phrasing: &mut Phrasing, judged: Vec<Judged>, steps: &mut Vec<Step>) {
        for judged in judged {
            match judged {
                Judged::Say(sentence) => {
                    let instead = phrasing.instead.drain(..);
                    steps.extend(instead.map(Step::Say));
                    phrasing.said.push(sentence.clone());
                    steps.push(Step::Say(sentence));
                }
                Judged::Withhold(reason, sentence) => {
                    let counts = &mut phrasing.question.meta.withheld;
                    *counts.entry(reason).or_default() += 1;
                    if matches!(reason, Withheld::Figure | Withheld::Claim) {
                        let instead = self.in_place_of(&sentence, phrasing);
                        phrasing.instead.extend(instead);
                    }
                }
            }
        }
    }

    /// The sentence of the documents that says what this one should have said, if it was not said yet.
    fn in_place_of(&self, sentence: &str, phrasing: &Phrasing) -> Option<String> {
        let about = subject(sentence);
        let said = phrasing.said.iter().chain(&phrasing.instead);
        let said: Vec<Vec<String>> = said.map(|sentence| subject(sentence)).collect();
        let is_new = |own: &[String]| {
            let mut said = said.iter();
            !said.any(|said| own.iter().all(|stem| said.contains(stem)))
        };
        let documents = self.sentences_of(&phrasing.question, &phrasing.found);
        let ranked = documents.into_iter().filter_map(|document| {
            let own = subject(&document);
            let shared = own.iter().filter(|stem| about.contains(stem)).count();
            (shared >= SHARED && is_new(&own)).then_some((shared, document))
        });
        // Of equals the first, which answers best.
        let best = ranked.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, document)| document)
    }
}

/// The stems of the words that tell what a sentence is about.
fn subject(sentence: &str) -> Vec<String> {
    let terms = normalize(sentence).into_iter();
    terms
        .filter(|term| !is_stop_word(&term.text) && !term.is_number())
        .map(|term| term.stem)
        .collect()
}
