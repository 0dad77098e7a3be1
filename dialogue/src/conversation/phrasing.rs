//! What the language model writes for a turn: judged sentence by sentence, with what is said otherwise where it says
//! nothing that may be spoken.

use std::time::Duration;

use knowledge::Passage;
use language::{is_stop_word, normalize};

use super::{
    Conversation, Delta, Found, ModelFailure, Prompt, Reply, Step,
    answer::{Question, source, source_beside, with},
    prompt,
    sentences::{Grounds, Judged, SentenceStream, Withheld},
};
use crate::ReplyMeta;

/// Words that a sentence of the documents shares with the one that it is said in place of.
const SHARED: usize = 2;

/// An answer that the language model writes.
#[derive(Debug)]
pub(super) struct Phrasing {
    /// What is said if the model says nothing.
    question: Question,
    found: Found,
    text: SentenceStream,
    asked_at: Duration,
    /// Its sentences so far.
    said: Vec<String>,
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
        let prompt = Prompt::new(settings, &question, passages, name);
        let grounds = self.grounds(&question, passages);
        steps.push(Step::AskModel(prompt));
        self.reply = Reply::Phrasing(Box::new(Phrasing {
            text: SentenceStream::new(grounds),
            question,
            found,
            asked_at: now,
            said: Vec::new(),
            instead: Vec::new(),
        }));
    }

    /// What the model's sentences are judged by.
    fn grounds(&self, question: &Question, passages: &[Passage]) -> Grounds {
        let pack = self.base.pack();
        let settings = &pack.settings;
        let mut grounds = Grounds::default()
            .orders(&prompt::orders(settings))
            .names(&settings.company_name)
            .names(&settings.agent_name)
            .names(self.facts.name.as_deref().unwrap_or_default())
            .caller(&question.text)
            .deeds(self.deeds.done(), self.deeds_able());
        for turn in &question.history {
            grounds = match turn.speaker {
                call::Speaker::Caller => grounds.caller(&turn.text),
                call::Speaker::Agent => grounds.agent(&turn.text, &pack.guard),
            };
        }
        for passage in passages {
            grounds.add_material(&prompt::text(passage));
        }
        grounds
    }

    /// Names of the tools that could do something for this caller.
    fn deeds_able(&self) -> Vec<String> {
        Vec::new()
    }

    pub(super) fn on_model(&mut self, delta: Delta, now: Duration, steps: &mut Vec<Step>) {
        let mut phrasing = match self.take_reply() {
            Reply::Phrasing(phrasing) => phrasing,
            // Of a reply that is over.
            other => return self.reply = other,
        };
        let base = std::sync::Arc::clone(&self.base);
        let guard = &base.pack().guard;
        let failure = match delta {
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
    fn end_phrasing(&mut self, phrasing: Phrasing, steps: &mut Vec<Step>) {
        let Phrasing {
            mut question,
            found,
            said,
            instead,
            ..
        } = phrasing;
        let Some(last) = said.last() else {
            question.meta.failure.get_or_insert(ModelFailure::Empty);
            return self.say_documents(question, &found, None, steps);
        };
        let last = instead.last().unwrap_or(last).clone();
        steps.extend(instead.into_iter().map(Step::Say));
        let asks = self.offered_in(&last);
        let model = self.abilities.model.clone();
        let beside = self.beside(&question.asked);
        let documents = found.together();
        let sources = documents
            .iter()
            .map(source)
            .chain(beside.into_iter().flatten().map(source_beside));
        let meta = ReplyMeta {
            model: model.unwrap_or_default(),
            sources: with(&question.meta.sources, sources),
            ..question.meta
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
