//! The summary's sentences. Each states a fact with a turn or an event behind it.

use crate::Role;
use crate::sentiment::Sentiment;
use crate::summary::outcome::{Outcome, is_thanks};
use crate::summary::{EndReason, Resolution, SessionFacts, TurnText};
use crate::topics::TopicFound;
use language::contains_any;
use language::numbers::service_codes;

/// Words that walk the caller through steps.
const STEPS: &[&str] = &[
    "dial",
    "press",
    "select",
    "choose",
    "enter",
    "follow",
    "tap",
    "click",
    "go to",
    "visit",
    "bring",
    "open the app",
    "log in",
    "sign in",
    "follow the",
];
/// Words that report a trouble rather than ask.
const TROUBLE: &[&str] = &[
    "i lost",
    "i have lost",
    "i've lost",
    "stolen",
    "stole",
    "not working",
    "doesn't work",
    "swallowed",
    "complaint",
    "complain",
    "fraud",
    "declined",
    "wrong account",
    "charged twice",
    "someone used",
    "report",
    "do not recognise",
    "don't recognise",
    "did not give me",
    "has not arrived",
    "failed",
];

/// Tells the call in a few sentences: what the caller wanted, what the agent did, how it closed, how it stands.
pub(super) fn tell(
    facts: &SessionFacts,
    turns: &[TurnText],
    topics: &[TopicFound],
    primary: Option<&TopicFound>,
    outcome: &Outcome,
    sentiment: Sentiment,
) -> String {
    let mut told = vec![wish(turns, topics, primary, outcome)];
    told.extend(authentication(facts));
    told.extend(action(turns, outcome));
    told.extend(closing(turns, outcome, sentiment));
    told.extend(ending(facts, outcome));
    told.push(status(outcome).to_owned());
    told.join(" ")
}

fn wish(
    turns: &[TurnText],
    topics: &[TopicFound],
    primary: Option<&TopicFound>,
    outcome: &Outcome,
) -> String {
    let Some(primary) = primary else {
        let spoke = turns
            .iter()
            .any(|t| t.role == Role::Caller && !t.text.trim().is_empty());
        return match (spoke, outcome.had_need) {
            (false, _) => "User did not speak.",
            (true, true) => "User raised a matter outside the listed topics.",
            (true, false) => "User raised no banking matter.",
        }
        .to_owned();
    };
    // A side question, with at most half the share of the main matter, is listed in the topics only.
    let named: Vec<&str> = topics
        .iter()
        .filter(|t| t.raised_by_caller && t.score * 2 > primary.score)
        .map(|t| t.label.as_str())
        .collect();
    let reported = turns
        .iter()
        .filter(|t| t.role == Role::Caller && primary.evidence.contains(&t.seq))
        .any(|t| contains_any(&t.text, TROUBLE));
    let verb = if reported {
        "reported a problem concerning"
    } else {
        "inquired about"
    };
    format!("User {verb} {}.", listed(&named))
}

fn authentication(facts: &SessionFacts) -> Option<String> {
    match (facts.authenticated, facts.authentication_attempted) {
        (true, _) => Some("User was authenticated.".to_owned()),
        (false, true) => Some("Authentication was not completed.".to_owned()),
        (false, false) => None,
    }
}

fn action(turns: &[TurnText], outcome: &Outcome) -> Option<String> {
    let answers: Vec<&TurnText> = turns[outcome.first_answer?..]
        .iter()
        .filter(|t| t.role == Role::Agent)
        .collect();
    let mut codes: Vec<String> = Vec::new();
    for code in answers.iter().flat_map(|t| service_codes(&t.text)) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let guided = answers.iter().any(|t| contains_any(&t.text, STEPS));
    let sourced = answers.iter().any(|t| t.has_sources);
    let mut provided = Vec::new();
    match codes.as_slice() {
        [] => {}
        [one] => provided.push(format!("USSD code {one}")),
        several => {
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            provided.push(format!("USSD codes {}", listed(&several)));
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

fn closing(turns: &[TurnText], outcome: &Outcome, sentiment: Sentiment) -> Option<String> {
    let after = outcome.first_answer.unwrap_or(turns.len());
    let thanked = turns[after..]
        .iter()
        .any(|t| t.role == Role::Caller && is_thanks(&t.text));
    match (thanked, sentiment) {
        (true, _) => Some("User thanked agent.".to_owned()),
        (false, Sentiment::Negative) => Some("User was dissatisfied.".to_owned()),
        (false, _) => None,
    }
}

fn ending(facts: &SessionFacts, outcome: &Outcome) -> Option<String> {
    let told = match outcome.resolution {
        Resolution::Escalated if facts.transferred => "Call was transferred to a person.",
        Resolution::Escalated => "Callback was agreed.",
        Resolution::Resolved => return None,
        Resolution::Incomplete => match facts.ended {
            EndReason::CallerLeft | EndReason::AgentGoodbye => return None,
            EndReason::Silence => "User fell silent.",
            EndReason::Drain => "Call was ended for maintenance.",
            EndReason::Abandoned => "Call was cut off.",
            EndReason::Error => "Call ended by an error.",
        },
    };
    Some(told.to_owned())
}

fn status(outcome: &Outcome) -> &'static str {
    match outcome.resolution {
        Resolution::Resolved => "Query resolved.",
        Resolution::Escalated => "Query escalated.",
        Resolution::Incomplete if outcome.had_need => "Query not resolved.",
        Resolution::Incomplete => "No query was raised.",
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
