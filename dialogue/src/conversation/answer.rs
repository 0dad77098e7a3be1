//! Questions about the trade: search, then the model if there is one and the documents support an
//! answer, then the documents themselves if it said nothing.

use std::{sync::Arc, time::Duration};

use call::Turn;
use knowledge::{Citation, Fact, GroundingMode, More, Passage, Route, WebAnswer, is_grounded};

use super::{Conversation, Found, Reply, Step};
use crate::{Awaiting, Origin, ReplyMeta, Source};

/// Sentences that "tell me more" adds.
const MORE: usize = 3;
/// Words of a turn at most that picks one of two offers; more is a question of its own.
const PICK: usize = 7;

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
        let beside = self.beside(&question.asked);
        if self.abilities.model.is_none() || !found.is_grounded(&beside, settings.grounding_mode) {
            return self.say_documents(question, &found, None, steps);
        }
        let passages = found.together();
        self.subject.last.source = passages.first().map(|passage| passage.source.clone());
        self.ask_model(question, found, &passages, now, steps);
    }

    /// What the documents say to a question, first what answers it.
    pub(super) fn sentences_of(&self, question: &Question, found: &Found) -> Vec<String> {
        let nothing = Vec::new();
        let passages = found.passages.iter().chain(std::iter::repeat(&nothing));
        let beside = self.beside(&question.asked);
        let asked = question.asked.iter().zip(passages).zip(&beside);
        let answers = asked
            .map(|((asked, passages), beside)| self.base.answer_from(asked, passages, beside))
            .filter(|answer| answer.supported);
        let sentences = answers.flat_map(|answer| {
            let rest = answer.rest.into_iter().map(|more| more.sentence);
            answer.sentences.into_iter().chain(rest)
        });
        sentences.collect()
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
        let beside = self.beside(&question.asked);
        let asked = question.asked.iter().zip(passages).zip(&beside);
        let answers =
            asked.map(|((asked, passages), beside)| self.base.answer_from(asked, passages, beside));
        let mut answers: Vec<knowledge::Answer> = answers.collect();
        if let Some((place, found)) = &web {
            answers[*place] = knowledge::Answer {
                sentences: vec![self.according_to(found)],
                sources: Vec::new(),
                supported: true,
                perhaps: Vec::new(),
                rest: Vec::new(),
            };
        }
        let mut answer = knowledge::Answer::together(answers);
        // Nobody is asked which of two it is twice in a row.
        if self.awaiting == Awaiting::Either && answer.perhaps.len() > 1 {
            answer.offer_first(&self.base.pack().settings.lines);
        }
        let passages = found.together();
        let cited = answer.sources.iter().map(|cited| {
            let mut passages = passages.iter();
            let passage = passages.find(|passage| passage.source == cited.source);
            passage.map_or_else(|| source_beside(cited.clone()), source)
        });
        let by = match (&web, answer.supported) {
            (Some(_), _) => "web",
            (None, true) => "extractive",
            // What was looked up answers a part.
            (None, false) if question.meta.model == "tool" => "tool",
            (None, false) => "pack",
        };
        let web = web.iter().map(|(_, found)| super::web::source(found));
        let meta = ReplyMeta {
            model: by.to_owned(),
            sources: with(&question.meta.sources, cited.chain(web)),
            ..question.meta
        };
        if let Some(cited) = answer.sources.first() {
            self.subject.last.source = Some(cited.source.clone());
        }
        // "I do not know; would you like to speak to a person?" is an offer, if the pack words it so.
        let mut asks = match answer.sentences.last() {
            Some(_) if answer.perhaps.len() > 1 => Awaiting::Either,
            Some(_) if !answer.perhaps.is_empty() => Awaiting::Perhaps,
            Some(last) if !answer.supported => self.offered_in(last),
            _ => Awaiting::None,
        };
        self.perhaps = answer.perhaps;
        self.rest = answer.supported.then_some(answer.rest);
        steps.extend(answer.sentences.into_iter().map(Step::Say));
        if asks == Awaiting::None && answer.supported {
            asks = self.offer_task(&meta.sources, steps);
        }
        self.complete(meta, asks, steps);
    }

    /// What speaks for the answer to each question beside documents.
    pub(super) fn beside(&self, asked: &[knowledge::Question]) -> Vec<Vec<Citation>> {
        let facts = self.looked_up.iter().map(|found| found.fact.clone());
        let facts: Vec<Fact> = facts.collect();
        let asked = asked.iter();
        asked.map(|asked| self.base.beside(asked, &facts)).collect()
    }

    /// The caller wants to hear this of what was offered.
    pub(super) fn say_perhaps(&mut self, at: usize, meta: ReplyMeta, steps: &mut Vec<Step>) {
        if at >= self.perhaps.len() {
            return self.complete(meta, Awaiting::None, steps);
        }
        let perhaps = self.perhaps.swap_remove(at);
        self.perhaps.clear();
        self.rest = Some(perhaps.rest);
        self.subject.last.source = Some(perhaps.source.source.clone());
        steps.extend(perhaps.sentences.into_iter().map(Step::Say));
        let meta = ReplyMeta {
            model: "extractive".to_owned(),
            sources: vec![source_beside(perhaps.source)],
            ..meta
        };
        self.complete(meta, Awaiting::None, steps);
    }

    /// Which of what was offered a short turn names: "the limits please". One that declines, ends the call or asks for a
    /// deed names none.
    pub(super) fn picked(&self, said: &str, route: &Route) -> Option<usize> {
        let may_name = matches!(
            route,
            Route::Knowledge { .. }
                | Route::Affirm
                | Route::SmallTalk { .. }
                | Route::OutOfScope
                | Route::Unclear
        );
        let is_short = said.split_whitespace().count() <= PICK;
        if self.awaiting != Awaiting::Either || !may_name || !is_short {
            return None;
        }
        let labels: Vec<&str> = self.perhaps.iter().map(|offer| &*offer.label).collect();
        self.base.named(said, &labels)
    }

    /// There is more to say of the last answer, or a line that says there is not.
    pub(super) fn can_say_more(&self) -> bool {
        let no_more = &self.base.pack().settings.lines.no_more;
        let rest = self.rest.as_ref();
        rest.is_some_and(|rest| !rest.is_empty() || no_more.is_some())
    }

    /// The next sentences of the documents that answered last.
    pub(super) fn say_more(&mut self, mut meta: ReplyMeta, steps: &mut Vec<Step>) {
        let rest = self.rest.get_or_insert_default();
        let more: Vec<More> = rest.drain(..rest.len().min(MORE)).collect();
        if more.is_empty() {
            let line = self.base.pack().settings.lines.no_more.as_deref();
            let line = line.map_or_else(Vec::new, knowledge::sentences);
            steps.extend(line.into_iter().map(Step::Say));
        } else {
            "extractive".clone_into(&mut meta.model);
            let sources = more.iter().map(|more| source_beside(more.source.clone()));
            meta.sources = with(&[], sources);
            steps.extend(more.into_iter().map(|more| Step::Say(more.sentence)));
        }
        self.complete(meta, Awaiting::None, steps);
    }

    /// What a yes to a reply with this last sentence would mean.
    pub(super) fn offered_in(&self, last: &str) -> Awaiting {
        if self.base.pack().listening.offers_person(last) {
            self.offer()
        } else {
            Awaiting::None
        }
    }
}

impl Found {
    /// Whether the answer to one of the questions is supported; `beside` are the other sources of each.
    fn is_grounded(&self, beside: &[Vec<Citation>], mode: GroundingMode) -> bool {
        let mut questions = self.passages.iter().zip(beside);
        questions.any(|(passages, beside)| is_grounded(passages, beside, mode))
    }

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

/// What the reply rests on so far, and more; each once.
pub(super) fn with(sources: &[Source], more: impl Iterator<Item = Source>) -> Vec<Source> {
    let mut all = sources.to_vec();
    for source in more {
        if all.iter().all(|known| known.source != source.source) {
            all.push(source);
        }
    }
    all
}

/// What is cited that no search ranked: a row, a look-up, what was offered before.
pub(super) fn source_beside(cited: Citation) -> Source {
    Source {
        source: cited.source,
        title: cited.title,
        score: 1.0,
        origin: Origin::Pack,
    }
}

/// A passage as it is cited.
pub(super) fn source(passage: &Passage) -> Source {
    Source {
        source: passage.source.clone(),
        title: passage.title.clone(),
        score: passage.score,
        origin: Origin::Pack,
    }
}
