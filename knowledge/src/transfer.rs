//! How a call is put through to a colleague who is spoken to first: `[transfer]` of `pack.toml` says how long is waited,
//! the same part of the language says in which words.

use std::path::Path;

use language::{
    Lexicon,
    phrase::{Phrases, Utterance},
};
use serde::Deserialize;

use crate::{
    KnowledgeBase,
    check::{Names, bad},
    error::PackError,
    lookup::fill_in,
};

/// Nobody stays with a call that rings for longer, or asks longer than that.
const LONGEST: u32 = 120;

/// How long is waited, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TransferSettings {
    /// It rings so long at the colleague's.
    pub ring_s: u32,
    /// The caller is told so often that somebody is being called.
    pub waiting_s: u32,
    /// The colleague may think so long about each question whether they take the call.
    pub decide_s: u32,
}

impl Default for TransferSettings {
    fn default() -> Self {
        Self {
            ring_s: 30,
            waiting_s: 15,
            decide_s: 10,
        }
    }
}

impl TransferSettings {
    pub(crate) fn check(&self, file: &Path) -> Result<(), PackError> {
        for (key, seconds, least) in [
            ("transfer.ring_s", self.ring_s, 5),
            ("transfer.waiting_s", self.waiting_s, 5),
            ("transfer.decide_s", self.decide_s, 3),
        ] {
            if !(least..=LONGEST).contains(&seconds) {
                let accepted = format!("seconds, {least} to {LONGEST}");
                return Err(bad(file, key, &seconds.to_string(), &accepted));
            }
        }
        Ok(())
    }
}

/// The language's words for it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferWords {
    /// Phrases of a colleague who takes the call, and what rules them out.
    accepts: Vec<String>,
    #[serde(default)]
    accepts_unless: Vec<String>,
    /// Phrases of one who does not.
    declines: Vec<String>,
    #[serde(default)]
    declines_unless: Vec<String>,
    /// Phrases of a caller who would rather be called back than wait.
    calls_back: Vec<String>,
    #[serde(default)]
    calls_back_unless: Vec<String>,
    /// What is said.
    pub lines: TransferLines,
}

/// What is said to caller and colleague. `{company}` and `{agent}` are filled in when the pack loads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferLines {
    /// To the caller, now and again while it rings or the colleague thinks about it.
    pub waiting: String,
    /// Nobody answered; offers a call back.
    pub no_answer: String,
    /// The line is busy; offers a call back.
    pub busy: String,
    /// The colleague cannot take the call now; offers a call back.
    pub declined: String,
    /// The colleague has hung up, and the caller is talked with again.
    pub back: String,
    /// To the colleague, who is there: about nothing in particular.
    pub about_nothing: String,
    /// About `{topic}`.
    pub about: String,
    /// About `{one}` and `{other}`.
    pub about_two: String,
    /// The same of `{name}`, who has proved who they are.
    pub proven_about_nothing: String,
    /// About `{topic}`.
    pub proven_about: String,
    /// About `{one}` and `{other}`.
    pub proven_about_two: String,
    /// What is open: a `{task}` that was begun.
    pub open_task: String,
    /// A question that had no answer.
    pub open_question: String,
    /// Nothing.
    pub open_nothing: String,
    /// Whether they take the call, and how to say so.
    pub ask: String,
    /// The same, once more.
    pub ask_again: String,
}

/// What a colleague is told of a call before they take it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Briefing {
    /// The name of a caller who has proved who they are.
    pub name: Option<String>,
    /// The ids of what they asked about, the newest first.
    pub topics: Vec<String>,
    /// What is not finished.
    pub open: Open,
}

/// What is open in a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Open {
    /// That the caller wants to speak to somebody.
    #[default]
    Nothing,
    /// A question had no answer.
    Question,
    /// This task was begun.
    Task(String),
}

impl TransferWords {
    /// Puts the pack's names into every line.
    pub(crate) fn fill(&mut self, file: &Path, names: Names<'_>) -> Result<(), PackError> {
        let lines = &mut self.lines;
        let (none, topic, two): (&[&str], &[&str], &[&str]) = (&[], &["topic"], &["one", "other"]);
        for (key, line, later) in [
            ("waiting", &mut lines.waiting, none),
            ("no_answer", &mut lines.no_answer, none),
            ("busy", &mut lines.busy, none),
            ("declined", &mut lines.declined, none),
            ("back", &mut lines.back, none),
            ("about_nothing", &mut lines.about_nothing, none),
            ("about", &mut lines.about, topic),
            ("about_two", &mut lines.about_two, two),
            (
                "proven_about_nothing",
                &mut lines.proven_about_nothing,
                &["name"],
            ),
            ("proven_about", &mut lines.proven_about, &["name", "topic"]),
            (
                "proven_about_two",
                &mut lines.proven_about_two,
                &["name", "one", "other"],
            ),
            ("open_task", &mut lines.open_task, &["task"]),
            ("open_question", &mut lines.open_question, none),
            ("open_nothing", &mut lines.open_nothing, none),
            ("ask", &mut lines.ask, none),
            ("ask_again", &mut lines.ask_again, none),
        ] {
            names.fill(file, &format!("transfer.lines.{key}"), line, later)?;
        }
        Ok(())
    }
}

/// The words, compiled.
#[derive(Clone, Debug)]
pub(crate) struct TransferRules {
    accepts: Phrases,
    declines: Phrases,
    calls_back: Phrases,
}

impl TransferRules {
    pub(crate) fn new(lexicon: &Lexicon, words: &TransferWords) -> Self {
        let phrases = |any: &[String], unless: &[String]| Phrases::new(lexicon, any, unless, &[]);
        Self {
            accepts: phrases(&words.accepts, &words.accepts_unless),
            declines: phrases(&words.declines, &words.declines_unless),
            calls_back: phrases(&words.calls_back, &words.calls_back_unless),
        }
    }
}

impl KnowledgeBase {
    /// Whether a colleague who says this takes the call; `None`: it says neither. Who says both does not.
    #[must_use]
    pub fn takes_call(&self, text: &str) -> Option<bool> {
        let said = Utterance::new(self.lexicon().terms(text));
        let rules = self.transfer_rules();
        let says = |phrases: &Phrases| !phrases.matches(&said).is_empty();
        match (says(&rules.declines), says(&rules.accepts)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        }
    }

    /// Whether a caller who waits for a colleague would rather be called back.
    #[must_use]
    pub fn wants_call_back(&self, text: &str) -> bool {
        let said = Utterance::new(self.lexicon().terms(text));
        !self.transfer_rules().calls_back.matches(&said).is_empty()
    }

    /// What a colleague is told of a call: two sentences.
    #[must_use]
    pub fn briefing(&self, of: &Briefing) -> [String; 2] {
        let lines = &self.pack().transfer.lines;
        let topics = of.topics.iter().filter_map(|id| self.pack().topic(id));
        let mut labels: Vec<&str> = topics.map(|topic| topic.label.as_str()).collect();
        labels.dedup();
        let name = of.name.as_deref();
        let line = match (name, &labels[..]) {
            (None, []) => &lines.about_nothing,
            (None, [_]) => &lines.about,
            (None, _) => &lines.about_two,
            (Some(_), []) => &lines.proven_about_nothing,
            (Some(_), [_]) => &lines.proven_about,
            (Some(_), _) => &lines.proven_about_two,
        };
        let about = fill_in(line, |key| match key {
            "name" => name.map(str::to_owned),
            "topic" | "one" => labels.first().map(|label| (*label).to_owned()),
            "other" => labels.get(1).map(|label| (*label).to_owned()),
            _ => None,
        });
        let open = match &of.open {
            Open::Nothing => lines.open_nothing.clone(),
            Open::Question => lines.open_question.clone(),
            Open::Task(name) => lines.open_task.replace("{task}", &name.replace('_', " ")),
        };
        [about, open]
    }
}
