//! Questions about the trade that the web is asked, where the pack and the settings allow it: those that no document
//! answers, and those that ask for what is fresh.

use std::time::Duration;

use knowledge::WebAnswer;
use serde_json::json;
use tools::{Request, WebSearchTool};

use super::{Conversation, Found, Reply, Step, WebQuery, answer::Question};
use crate::{Origin, Source};

/// A question whose documents were searched, and for which the web is asked.
#[derive(Debug, Clone)]
pub(super) struct Searching {
    question: Question,
    found: Found,
    /// Which of the turn's questions it is asked.
    place: usize,
}

impl Conversation {
    /// Asks the web, if it may and need be asked; else gives the question back.
    pub(super) fn search_web(
        &mut self,
        question: Question,
        found: Found,
        steps: &mut Vec<Step>,
    ) -> Option<(Question, Found)> {
        let asked = self.asked_of_web(&question, &found);
        let Some((place, query)) = asked else {
            return Some((question, found));
        };
        let line = self.base.pack().settings.lines.looking_up.clone();
        steps.extend(line.map(Step::Say));
        steps.push(Step::SearchWeb(Box::new(query)));
        self.reply = Reply::SearchingWeb(Box::new(Searching {
            question,
            found,
            place,
        }));
        None
    }

    /// The first question of the turn that the documents do not answer, or may be too old for, and what is sent of it.
    fn asked_of_web(&self, question: &Question, found: &Found) -> Option<(usize, WebQuery)> {
        if !self.abilities.web_search || !question.is_knowledge {
            return None;
        }
        let nothing = Vec::new();
        let passages = found.passages.iter().chain(std::iter::repeat(&nothing));
        let mut asked = question.asked.iter().zip(passages).enumerate();
        let (place, (asked, _)) = asked.find(|&(_, (asked, passages))| {
            let topics = passages.first().and_then(|best| best.topic.as_ref());
            let mut topics = topics.into_iter().chain(&asked.topics);
            let is_urgent =
                topics.any(|id| self.base.pack().topic(id).is_some_and(|topic| topic.urgent));
            // Whoever is in need does not wait.
            !is_urgent
                && (!self.base.answer_from(asked, passages, &[]).supported
                    || self.base.asks_for_fresh(&asked.text))
        })?;
        let caller = &self.facts.caller;
        let private = [&self.facts.name, &caller.customer, &caller.phone];
        let private: Vec<&str> = private.into_iter().flatten().map(String::as_str).collect();
        let query = self.base.web_query(asked, &private)?;
        let request = Request {
            arguments: json!({ "query": query }),
            ..self.request(WebSearchTool::NAME, question.seq, false)
        };
        let question = asked.clone();
        Some((place, WebQuery { request, question }))
    }

    pub(super) fn on_web(
        &mut self,
        answer: Option<WebAnswer>,
        now: Duration,
        steps: &mut Vec<Step>,
    ) {
        let Searching {
            question,
            found,
            place,
        } = match self.take_reply() {
            Reply::SearchingWeb(searching) => *searching,
            // Of a reply that is over.
            other => return self.reply = other,
        };
        match answer {
            Some(answer) => self.say_documents(question, &found, Some((place, answer)), steps),
            None => self.phrase(question, found, now, steps),
        }
    }

    /// What is said of a page's sentence.
    pub(super) fn according_to(&self, answer: &WebAnswer) -> String {
        let line = self.base.pack().settings.lines.according_to.as_deref();
        let line = line.unwrap_or("{sentence}").replace("{host}", &answer.host);
        // Last: what a page says is not filled in.
        line.replace("{sentence}", &answer.sentence)
    }
}

/// A page as it is cited.
pub(super) fn source(answer: &WebAnswer) -> Source {
    Source {
        source: answer.host.clone(),
        title: answer.title.clone(),
        score: answer.score,
        origin: Origin::Web,
    }
}
