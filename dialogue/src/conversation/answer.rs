//! Questions about the trade: search, then the model if there is one and the documents support an
//! answer, then the documents themselves if it said nothing.

use std::{sync::Arc, time::Duration};

use call::Turn;
use knowledge::{Passage, WebAnswer, is_grounded};

use super::{
    Conversation, Delta, Found, ModelFailure, Prompt, Reply, Step, sentences::SentenceStream,
};
use crate::{Awaiting, Origin, ReplyMeta, Source};

/// A question whose answer is being found.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) text: String,
    /// The turn's number in the record.
    pub(super) seq: i32,
    /// The whole turn is a question about the trade, which the web may be asked too.
    pub(super) is_knowledge: bool,
    /// What is asked in it, one thing or two.
    pub(super) asked: Vec<knowledge::Question>,
    /// The turns before it.
    pub(super) history: Vec<Arc<Turn>>,
    pub(super) meta: ReplyMeta,
}

/// An answer that the language model writes.
#[derive(Debug)]
pub(super) struct Phrasing {
    question: Question,
    found: Found,
    text: SentenceStream,
    asked_at: Duration,
    /// The last sentence; `None`: none was whole so far.
    last: Option<String>,
}

impl Conversation {
    pub(super) fn on_found(&mut self, found: Found, now: Duration, steps: &mut Vec<Step>) {
        let mut question = match self.take_reply() {
            Reply::Searching(question) => question,
            // Of a reply that is over.
            other => return self.reply = other,
        };
        question.meta.retrieval = Some(found.took);
        if let Some((question, found)) = self.search_web(question, found, steps) {
            self.phrase(question, found, now, steps);
        }
    }

    /// Answers from what the documents say, by the model where they support it.
    pub(super) fn phrase(
        &mut self,
        question: Question,
        found: Found,
        now: Duration,
        steps: &mut Vec<Step>,
    ) {
        let settings = &self.base.pack().settings;
        let mode = settings.grounding_mode;
        let mut passages = found.passages.iter();
        let grounded = passages.any(|passages| is_grounded(passages, mode));
        if self.abilities.model.is_none() || !grounded {
            return self.say_documents(question, &found, None, steps);
        }
        let passages = found.together();
        self.subject.last.source = passages.first().map(|passage| passage.source.clone());
        let name = self.facts.name.as_deref();
        steps.push(Step::AskModel(Prompt::new(
            settings, &question, &passages, name,
        )));
        let given = passages.iter().map(|passage| passage.text.as_str());
        let said = question.history.iter().map(|turn| turn.text.as_str());
        let facts = given.chain(said).chain([question.text.as_str()]);
        self.reply = Reply::Phrasing(Box::new(Phrasing {
            text: SentenceStream::new(facts),
            question,
            found,
            asked_at: now,
            last: None,
        }));
    }

    pub(super) fn on_model(&mut self, delta: Delta, now: Duration, steps: &mut Vec<Step>) {
        let mut phrasing = match self.take_reply() {
            Reply::Phrasing(phrasing) => phrasing,
            // Of a reply that is over.
            other => return self.reply = other,
        };
        let failure = match delta {
            Delta::Text(piece) => match phrasing.push(&piece, now, steps) {
                Ok(()) => return self.reply = Reply::Phrasing(phrasing),
                Err(failure) => Some(failure),
            },
            Delta::Finished => {
                let rest = phrasing.text.rest();
                phrasing.say(rest, steps);
                None
            }
            // A last half sentence is not spoken.
            Delta::CutOff => None,
            Delta::Failed(failure) => Some(failure),
        };
        let Phrasing {
            mut question,
            found,
            last,
            ..
        } = *phrasing;
        question.meta.failure = failure;
        let Some(last) = last else {
            question.meta.failure.get_or_insert(ModelFailure::Empty);
            return self.say_documents(question, &found, None, steps);
        };
        let asks = self.offered_in(&last);
        let model = self.abilities.model.clone();
        let meta = ReplyMeta {
            model: model.unwrap_or_default(),
            sources: with(&question.meta.sources, found.together().iter().map(source)),
            ..question.meta
        };
        self.complete(meta, asks, steps);
    }

    /// The documents' own sentences, or that they hold no answer; a page's sentence to the question at its place.
    pub(super) fn say_documents(
        &mut self,
        question: Question,
        found: &Found,
        web: Option<(usize, WebAnswer)>,
        steps: &mut Vec<Step>,
    ) {
        let nothing = Vec::new();
        let passages = found.passages.iter().chain(std::iter::repeat(&nothing));
        let asked = question.asked.iter().zip(passages);
        let answers = asked.map(|(asked, passages)| self.base.answer_from(asked, passages));
        let mut answers: Vec<knowledge::Answer> = answers.collect();
        if let Some((place, found)) = &web {
            answers[*place] = knowledge::Answer {
                sentences: vec![self.according_to(found)],
                sources: Vec::new(),
                supported: true,
                perhaps: None,
            };
        }
        let answer = knowledge::Answer::together(answers);
        let passages = found.together();
        let cited = answer.sources.iter().filter_map(|cited| {
            let mut passages = passages.iter();
            passages.find(|passage| passage.source == cited.source)
        });
        let by = match (&web, answer.supported) {
            (Some(_), _) => "web",
            (None, true) => "extractive",
            (None, false) => "pack",
        };
        let web = web.iter().map(|(_, found)| super::web::source(found));
        let meta = ReplyMeta {
            model: by.to_owned(),
            sources: with(&question.meta.sources, cited.map(source).chain(web)),
            ..question.meta
        };
        if let Some(cited) = answer.sources.first() {
            self.subject.last.source = Some(cited.source.clone());
        }
        // "I do not know; would you like to speak to a person?" is an offer, if the pack words it so.
        let asks = match answer.sentences.last() {
            Some(_) if answer.perhaps.is_some() => Awaiting::Perhaps,
            Some(last) if !answer.supported => self.offered_in(last),
            _ => Awaiting::None,
        };
        self.perhaps = answer.perhaps;
        steps.extend(answer.sentences.into_iter().map(Step::Say));
        self.complete(meta, asks, steps);
    }

    /// The caller wants to hear what was offered.
    pub(super) fn say_perhaps(&mut self, meta: ReplyMeta, steps: &mut Vec<Step>) {
        let Some(perhaps) = self.perhaps.take() else {
            return self.complete(meta, Awaiting::None, steps);
        };
        self.subject.last.source = Some(perhaps.source.source.clone());
        steps.extend(perhaps.sentences.into_iter().map(Step::Say));
        let meta = ReplyMeta {
            model: "extractive".to_owned(),
            sources: vec![Source {
                source: perhaps.source.source,
                title: perhaps.source.title,
                score: 0.0,
                origin: Origin::Pack,
            }],
            ..meta
        };
        self.complete(meta, Awaiting::None, steps);
    }

    /// What a yes to a reply with this last sentence would mean.
    fn offered_in(&self, last: &str) -> Awaiting {
        if self.base.pack().listening.offers_person(last) {
            self.offer()
        } else {
            Awaiting::None
        }
    }
}

impl Phrasing {
    fn push(
        &mut self,
        piece: &str,
        now: Duration,
        steps: &mut Vec<Step>,
    ) -> Result<(), ModelFailure> {
        let first_token = &mut self.question.meta.llm_first_token;
        first_token.get_or_insert(now.saturating_sub(self.asked_at));
        let sentences = self.text.push(piece)?;
        self.say(sentences, steps);
        Ok(())
    }

    fn say(&mut self, sentences: impl IntoIterator<Item = String>, steps: &mut Vec<Step>) {
        for sentence in sentences {
            self.last = Some(sentence.clone());
            steps.push(Step::Say(sentence));
        }
    }
}

impl Found {
    /// All passages, each once.
    pub(super) fn together(&self) -> Vec<Passage> {
        let mut all: Vec<Passage> = Vec::new();
        for passage in self.passages.iter().flatten() {
            if !all
                .iter()
                .any(|known| known.source == passage.source && known.text == passage.text)
            {
                all.push(passage.clone());
            }
        }
        all
    }
}

/// What the reply rests on so far, and more.
fn with(sources: &[Source], more: impl Iterator<Item = Source>) -> Vec<Source> {
    sources.iter().cloned().chain(more).collect()
}

/// A passage as it is cited.
fn source(passage: &Passage) -> Source {
    Source {
        source: passage.source.clone(),
        title: passage.title.clone(),
        score: passage.score,
        origin: Origin::Pack,
    }
}
