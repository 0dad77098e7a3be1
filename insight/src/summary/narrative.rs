//! The summary's sentences. Each states a fact with a turn or an event behind it.

use language::{SummaryWords, contains_any, numbers::service_codes};

use call::{CallEnding, Resolution, Sentiment, Speaker};

use crate::{
    english::english,
    summary::{
        SessionFacts,
        details::{Calls, Details},
        outcome::{Outcome, is_thanks},
    },
    topics::TopicFound,
    turn::TurnText,
};

/// What is known of a call.
pub(super) struct Narrative<'a> {
    pub(super) facts: &'a SessionFacts,
    pub(super) turns: &'a [TurnText],
    pub(super) topics: &'a [TopicFound],
    pub(super) primary: Option<&'a TopicFound>,
    pub(super) outcome: &'a Outcome,
    pub(super) details: &'a Details,
    pub(super) sentiment: Sentiment,
    pub(super) words: &'a SummaryWords,
}

impl Narrative<'_> {
    /// The call in a few sentences: what the caller wanted and said of it, what the agent did, how it closed, how it
    /// stands.
    pub(super) fn sentences(&self) -> String {
        let mut sentences = vec![self.wish()];
        sentences.extend(self.said());
        sentences.extend(self.calls());
        sentences.extend(self.authentication().map(str::to_owned));
        sentences.extend(self.action());
        sentences.extend(self.deeds());
        sentences.extend(self.refusal().map(str::to_owned));
        sentences.extend(self.closing().map(str::to_owned));
        sentences.extend(self.ending().map(str::to_owned));
        sentences.push(self.status().to_owned());
        sentences.join(" ")
    }

    fn by(&self, speaker: Speaker) -> impl Iterator<Item = &TurnText> {
        self.turns
            .iter()
            .filter(move |turn| turn.speaker == speaker)
    }

    fn wish(&self) -> String {
        let Some(primary) = self.primary else {
            let spoke = self.by(Speaker::Caller).any(|t| !t.text.trim().is_empty());
            return match (spoke, self.outcome.had_need) {
                (false, _) => "User did not speak.".to_owned(),
                (true, true) => "User raised a matter outside the listed topics.".to_owned(),
                (true, false) => format!("User raised no {}.", self.words.matter),
            };
        };
        // A side question, with at most half the share of the main matter, is listed in the topics only.
        let named = self.topics.iter();
        let named: Vec<&str> = named
            .filter(|t| t.raised_by_caller && t.score * 2 > primary.score)
            .map(|t| t.label.as_str())
            .collect();
        let reported = self
            .by(Speaker::Caller)
            .filter(|t| primary.evidence.contains(&t.seq))
            .any(|t| {
                contains_any(&t.text, &english().summary.trouble)
                    || contains_any(&t.text, &self.words.trouble)
            });
        let verb = if reported {
            "reported a problem concerning"
        } else {
            "inquired about"
        };
        format!("User {verb} {}.", listed(&named))
    }

    /// Amounts, days and reasons.
    fn said(&self) -> impl Iterator<Item = String> {
        let kinds = [
            ("Amount", &self.details.amounts),
            ("Date", &self.details.dates),
            ("Reason", &self.details.reasons),
        ];
        kinds.into_iter().filter_map(|(kind, items)| {
            let items: Vec<&str> = items.iter().map(String::as_str).collect();
            let plural = if items.len() > 1 { "s" } else { "" };
            (!items.is_empty()).then(|| format!("{kind}{plural}: {}.", listed(&items)))
        })
    }

    fn calls(&self) -> Option<String> {
        Some(match self.details.calls.as_ref()? {
            Calls::This(ordinal) => format!("It was the {ordinal} call about it."),
            Calls::Before(count) => format!("User had called {count} times about it before."),
            Calls::Some => "User had called about it before.".to_owned(),
        })
    }

    /// What was done for the caller, each once.
    fn deeds(&self) -> Option<String> {
        let mut done: Vec<String> = Vec::new();
        for deed in self.turns.iter().filter_map(|turn| turn.deed.as_ref()) {
            let deed = deed.replace('_', " ");
            if !done.contains(&deed) {
                done.push(deed);
            }
        }
        let done: Vec<&str> = done.iter().map(String::as_str).collect();
        (!done.is_empty()).then(|| format!("Agent carried out: {}.", listed(&done)))
    }

    /// What the agent did not do.
    fn refusal(&self) -> Option<&'static str> {
        let outcome = self.outcome;
        match outcome.resolution {
            Resolution::Incomplete if outcome.was_refused => Some("Agent had no answer."),
            Resolution::Incomplete if outcome.wanted_person && outcome.is_open => {
                Some("User asked for a person.")
            }
            _ => None,
        }
    }

    fn authentication(&self) -> Option<&'static str> {
        let facts = self.facts;
        match (facts.authenticated, facts.authentication_attempted) {
            (true, _) => Some("User was authenticated."),
            (false, true) => Some("Authentication was not completed."),
            (false, false) => None,
        }
    }

    fn action(&self) -> Option<String> {
        let answers: Vec<&TurnText> = self.turns[self.outcome.first_answer?..]
            .iter()
            .filter(|t| t.speaker == Speaker::Agent)
            .collect();
        let mut codes: Vec<String> = Vec::new();
        for code in answers.iter().flat_map(|t| service_codes(&t.text)) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let steps = &english().summary.steps;
        let guided = answers.iter().any(|t| contains_any(&t.text, steps));
        let sourced = answers.iter().any(|t| t.has_sources);
        let noun = self.words.code.as_deref().unwrap_or("code");
        let mut provided = Vec::new();
        match codes.as_slice() {
            [] => {}
            [one] => provided.push(format!("{noun} {one}")),
            several => {
                let several: Vec<&str> = several.iter().map(String::as_str).collect();
                provided.push(format!("{noun}s {}", listed(&several)));
            }
        }
        if guided {
            provided.push("instructions".to_owned());
        } else if sourced && codes.is_empty() {
            provided.push("information".to_owned());
        }
        let provided: Vec<&str> = provided.iter().map(String::as_str).collect();
        (!provided.is_empty()).then(|| format!("Provided {}.", listed(&provided)))
    }

    fn closing(&self) -> Option<&'static str> {
        let after = self.outcome.first_answer.unwrap_or(self.turns.len());
        let thanked = self.turns[after..]
            .iter()
            .any(|t| t.speaker == Speaker::Caller && is_thanks(&t.text));
        match (thanked, self.sentiment) {
            (true, _) => Some("User thanked agent."),
            (false, Sentiment::Negative) => Some("User was dissatisfied."),
            (false, _) => None,
        }
    }

    fn ending(&self) -> Option<&'static str> {
        match self.outcome.resolution {
            Resolution::Escalated if self.facts.transferred => {
                Some("Call was transferred to a person.")
            }
            Resolution::Escalated => Some("Callback was agreed."),
            Resolution::Resolved => None,
            Resolution::Incomplete => match self.facts.ended {
                CallEnding::CallerLeft | CallEnding::Goodbye | CallEnding::Transferred => None,
                CallEnding::Silence => Some("User fell silent."),
                CallEnding::Drained => Some("Call was ended for maintenance."),
                CallEnding::Abandoned => Some("Call was cut off."),
                CallEnding::RoomLost | CallEnding::Broken => Some("Call ended by an error."),
            },
        }
    }

    fn status(&self) -> &'static str {
        match self.outcome.resolution {
            Resolution::Resolved => "Query resolved.",
            Resolution::Escalated => "Query escalated.",
            Resolution::Incomplete if self.outcome.had_need => "Query not resolved.",
            Resolution::Incomplete => "No query was raised.",
        }
    }
}

/// "a", "a and b", "a, b and c".
fn listed(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
