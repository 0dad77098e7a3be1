//! The rule-based summary of a finished call.

mod names;
mod narrative;
mod outcome;

use call::{CallEnding, Resolution, Sentiment, Speaker};
use language::SummaryWords;
use serde::Serialize;
use serde_json::{Value, json};

use narrative::Narrative;

use crate::{
    preferences, sentiment,
    topics::{TopicFound, TopicMatcher, TopicRule},
    turn::TurnText,
};

/// How the summary was made, as stored in `conversation_summaries.method`.
pub const METHOD: &str = "rules";
/// Which rules made it. Raise it whenever the same call may give another summary.
pub const METHOD_VERSION: &str = "2";

/// The session's events; they outrank words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// From join to leave.
    pub duration: std::time::Duration,
    /// What ended the call.
    pub ended: CallEnding,
    /// The caller proved who they are.
    pub authenticated: bool,
    /// The caller tried to.
    pub authentication_attempted: bool,
    /// The call was handed to a person.
    pub transferred: bool,
    /// The caller agreed to be called back.
    pub callback_requested: bool,
}

/// A row of `conversation_summaries`, but for the ids.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// A few sentences, each resting on a turn or an event.
    pub summary: String,
    /// `user_name`, `primary_intent`, `authentication_attempted`, `preferences`, and under `evidence` the
    /// sequence numbers of the turns they rest on.
    pub extracted_info: Value,
    /// How the caller felt.
    pub sentiment: Sentiment,
    /// How the caller's matter stands.
    #[serde(rename = "resolution_status")]
    pub resolution: Resolution,
    /// Topic ids in the order of their first mention.
    pub topics: Vec<String>,
    /// Turns of either side.
    pub message_count: i32,
    /// Whole seconds.
    pub duration_seconds: i32,
    /// [`METHOD`].
    pub method: &'static str,
    /// [`METHOD_VERSION`].
    pub method_version: &'static str,
    /// The last turn it saw; none when nothing was said.
    pub source_last_seq: Option<i32>,
    /// The call was cut off, so turns may be missing.
    pub partial: bool,
}

/// What summaries of a pack's calls go by. Build it once for a pack; it serves any number of calls.
#[derive(Debug, Default)]
pub struct SummaryRules {
    topics: TopicMatcher,
    words: SummaryWords,
}

impl SummaryRules {
    /// Prepares the topics of a pack and what it calls its matters.
    #[must_use]
    pub fn new(topics: &[TopicRule], words: SummaryWords) -> Self {
        let topics = TopicMatcher::new(topics);
        Self { topics, words }
    }
}

/// Summarises a call, in under 5 ms for a long one. Deterministic. `turns` in the order of their `seq`.
#[must_use]
pub fn summarize(facts: &SessionFacts, turns: &[TurnText], rules: &SummaryRules) -> Summary {
    let raised = rules.topics.raised(turns);
    let topics = rules.topics.tally(turns, &raised);
    let primary = primary(&topics);
    let name = names::of_caller(turns, &rules.words.not_names);
    let outcome = outcome::of_call(facts, turns, &raised, &rules.words.needs);
    let caller = turns
        .iter()
        .filter(|t| t.speaker == Speaker::Caller)
        .map(|t| t.text.as_str());
    let interruptions = turns
        .iter()
        .filter(|t| t.speaker == Speaker::Agent && t.interrupted)
        .count();
    let sentiment = sentiment::of_call(caller, interruptions);
    let preferences = preferences::of_call(turns);
    let narrative = Narrative {
        facts,
        turns,
        topics: &topics,
        primary,
        outcome: &outcome,
        sentiment,
        words: &rules.words,
    };
    let evidence = json!({
        "user_name": name.as_ref().map_or(&[][..], |n| &n.evidence[..]),
        "primary_intent": primary.map_or(&[][..], |t| &t.evidence[..]),
        "topics": topics.iter().map(|t| (t.id.clone(), json!(t.evidence))).collect::<serde_json::Map<_, _>>(),
        "resolution": outcome.evidence,
        "preferences": preferences.iter().map(|p| (p.key.to_owned(), json!([p.seq]))).collect::<serde_json::Map<_, _>>(),
    });
    Summary {
        summary: narrative.sentences(),
        extracted_info: json!({
            "user_name": name.map(|n| n.name),
            "primary_intent": primary.map(|t| t.id.as_str()),
            "authentication_attempted": facts.authentication_attempted || facts.authenticated,
            "preferences": preferences.iter().map(|p| (p.key.to_owned(), json!(p.value))).collect::<serde_json::Map<_, _>>(),
            "evidence": evidence,
        }),
        sentiment,
        resolution: outcome.resolution,
        topics: topics.into_iter().map(|t| t.id).collect(),
        message_count: i32::try_from(turns.len()).unwrap_or(i32::MAX),
        duration_seconds: i32::try_from(facts.duration.as_secs()).unwrap_or(i32::MAX),
        method: METHOD,
        method_version: METHOD_VERSION,
        source_last_seq: turns.iter().map(|t| t.seq).max(),
        partial: matches!(facts.ended, CallEnding::Abandoned | CallEnding::Broken),
    }
}

/// What the call was about: the caller's topic with the largest share, the earlier one of equals.
fn primary(topics: &[TopicFound]) -> Option<&TopicFound> {
    topics
        .iter()
        .filter(|t| t.raised_by_caller)
        .rev()
        .max_by_key(|t| t.score)
}

#[cfg(test)]
mod tests;
