//! What came of a scene, and how it is compared.

use std::time::Duration;

use agent::{line::Outgoing, session::Ended};
use call::Speaker;
use record::Record;
use serde_json::Value;

use super::sink::Heard;

/// What came of a scene.
pub(crate) struct Played {
    /// What was kept, a line a record.
    pub(crate) kept: Vec<String>,
    /// What the caller's line carried.
    pub(crate) heard: Vec<Heard>,
    /// What the page showed.
    pub(crate) texts: Vec<String>,
    /// The agent's states, as the page saw them.
    pub(crate) states: Vec<(Duration, &'static str)>,
    /// What the page was answered.
    pub(crate) answers: Vec<Value>,
    /// How often the carrier was asked.
    pub(crate) transfers: usize,
    /// How long the call and its bookkeeping took.
    pub(crate) lasted: Duration,
    pub(crate) ended: Ended,
}

impl Played {
    /// The record is exactly this.
    #[track_caller]
    pub(crate) fn keeps(&self, expected: &str) {
        let expected: Vec<&str> = lines(expected);
        assert_eq!(
            self.kept.join("\n"),
            expected.join("\n"),
            "\nwhat was heard: {:#?}",
            self.heard
        );
    }

    /// The caller heard exactly this, in this order.
    #[track_caller]
    pub(crate) fn says(&self, expected: &str) {
        let heard: Vec<&str> = self.heard.iter().map(|heard| heard.text.as_str()).collect();
        assert_eq!(
            heard.join("\n"),
            lines(expected).join("\n"),
            "\nwhat was kept: {:#?}",
            self.kept
        );
    }

    /// The page showed exactly this.
    #[track_caller]
    pub(crate) fn shows(&self, expected: &str) {
        assert_eq!(self.texts.join("\n"), lines(expected).join("\n"));
    }

    /// When a text began and ended to sound, the first time.
    #[track_caller]
    pub(crate) fn sounds(&self, text: &str) -> (f64, f64) {
        let Some(heard) = self.heard.iter().find(|heard| heard.text == text) else {
            panic!("{text:?} was not heard, but {:#?}", self.heard);
        };
        (heard.from.as_secs_f64(), heard.to.as_secs_f64())
    }

    /// Nothing of the agent was audible in between.
    #[track_caller]
    pub(crate) fn is_silent(&self, from: f64, to: f64) {
        for heard in &self.heard {
            let (begins, ends) = (heard.from.as_secs_f64(), heard.to.as_secs_f64());
            assert!(
                ends <= from || begins >= to,
                "{heard:?} sounded between {from} and {to}"
            );
        }
    }
}

fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

/// A record as a line; `None` for what every call has.
pub(crate) fn kept(record: &Record) -> Option<String> {
    match record {
        Record::Started(_) | Record::Flush(_) | Record::Close => None,
        Record::Message(row, _) => {
            let who = match row.speaker {
                Speaker::Caller => "caller",
                Speaker::Agent => "agent",
            };
            let cut = if row.interrupted { " --" } else { "" };
            Some(format!("{} {who}: {}{cut}", row.seq, row.content))
        }
        Record::Callback(_) => Some("callback".to_owned()),
        Record::ToolCall(call) => Some(format!("tool {}", call.tool)),
        Record::ToolOutcome(outcome) => Some(format!("tool {}", outcome.outcome.as_str())),
        Record::Ended(end) => Some(format!("ended {}", end.ending.as_str())),
    }
}

/// A text of the page as a line.
pub(crate) fn text(shown: &Outgoing) -> Option<String> {
    match shown {
        Outgoing::CallerSaid { text, .. } => Some(format!("caller: {text}")),
        Outgoing::AgentSays { text, .. } => Some(format!("agent: {text}")),
        Outgoing::AgentDone { .. } => None,
    }
}
