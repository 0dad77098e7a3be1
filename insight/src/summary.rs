//! The rule-based summary of a finished call.

mod dates;
mod details;
mod fixed;
mod names;
mod narrative;
mod outcome;

use call::{CallEnding, Resolution, Sentiment, Speaker};
use language::SummaryWords;
use serde::Serialize;
use serde_json::{Value, json};

use details::Details;
use fixed::FixedLines;
use narrative::Narrative;
use outcome::{Judge, Outcome};

use crate::{
    preferences,
    sentiment::{self, CallFeeling, Feeling},
    topics::{TopicFound, TopicMatcher, TopicRule},
    turn::{Reply, TurnText},
};

/// How the summary was made, as stored in `conversation_summaries.method`.
pub const METHOD: &str = "rules";
/// Which rules made it. Raise it whenever the same call may give another summary.
pub const METHOD_VERSION: &str = "4";

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
    /// `user_name`, `primary_intent`, `authentication_attempted`, `preferences`, `amounts`, `dates`, `reasons`, and under
    /// `evidence` the sequence numbers of the turns they rest on.
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
    fixed: FixedLines,
    /// Code and spoken name of the pack's currency.
    currency: (String, String),
}

impl SummaryRules {
    /// Prepares the topics of a pack and what it calls its matters.
    #[must_use]
    pub fn new(topics: &[TopicRule], words: SummaryWords) -> Self {
        Self {
            topics: TopicMatcher::new(topics),
            words,
            ..Self::default()
        }
    }

    /// With the lines that the pack's agent says whatever was asked, and what each is to the caller's matter. None of
    /// them counts as an answer.
    #[must_use]
    pub fn with_lines<'a>(self, lines: impl IntoIterator<Item = (Reply, &'a str)>) -> Self {
        let fixed = FixedLines::new(lines);
        Self { fixed, ..self }
    }

    /// With the currency of amounts that name none: its ISO 4217 code, and its name as it is said ("dollars").
    #[must_use]
    pub fn with_currency(self, code: &str, spoken: &str) -> Self {
        let currency = (code.to_owned(), spoken.to_owned());
        Self { currency, ..self }
    }
}

/// Summarises a call, in some 20 ms for one of 400 turns. Deterministic. `turns` in the order of their `seq`.
#[must_use]
pub fn summarize(facts: &SessionFacts, turns: &[TurnText], rules: &SummaryRules) -> Summary {
    let raised = rules.topics.raised(turns);
    let topics = rules.topics.tally(turns, &raised);
    let primary = primary(&topics);
    let name = names::of_caller(turns, &rules.words.not_names);
    let feelings: Vec<Option<Feeling>> = turns.iter().map(feeling).collect();
    let judge = Judge {
        turns,
        raised: &raised,
        feelings: &feelings,
        rules,
    };
    let outcome = judge.outcome(facts);
    let about = judge.about(primary);
    let details = Details::of(turns, &about, rules);
    let sentiment = sentiment(turns, &feelings, &outcome, &details);
    let preferences = preferences::of_call(turns);
    let narrative = Narrative {
        facts,
        turns,
        topics: &topics,
        primary,
        outcome: &outcome,
        details: &details,
        sentiment,
        words: &rules.words,
    };
    let evidence = json!({
        "user_name": name.as_ref().map_or(&[][..], |n| &n.evidence[..]),
        "primary_intent": primary.map_or(&[][..], |t| &t.evidence[..]),
        "topics": topics.iter().map(|t| (t.id.clone(), json!(t.evidence))).collect::<serde_json::Map<_, _>>(),
        "resolution": outcome.evidence,
        "details": details.evidence,
        "preferences": preferences.iter().map(|p| (p.key.to_owned(), json!([p.seq]))).collect::<serde_json::Map<_, _>>(),
    });
    Summary {
        summary: narrative.sentences(),
        extracted_info: json!({
            "user_name": name.map(|n| n.name),
            "primary_intent": primary.map(|t| t.id.as_str()),
            "authentication_attempted": facts.authentication_attempted || facts.authenticated,
            "preferences": preferences.iter().map(|p| (p.key.to_owned(), json!(p.value))).collect::<serde_json::Map<_, _>>(),
            "amounts": details.amounts,
            "dates": details.dates,
            "reasons": details.reasons,
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

fn feeling(turn: &TurnText) -> Option<Feeling> {
    let is_caller = turn.speaker == Speaker::Caller;
    is_caller.then(|| sentiment::of_turn(&turn.text, turn.meaning.as_deref()))
}

/// How the caller felt: in the turns, and by what happened.
fn sentiment(
    turns: &[TurnText],
    feelings: &[Option<Feeling>],
    outcome: &Outcome,
    details: &Details,
) -> Sentiment {
    let of = |speaker| turns.iter().filter(move |turn| turn.speaker == speaker);
    sentiment::of_call(&CallFeeling {
        turns: feelings.iter().flatten().copied().collect(),
        interruptions: of(Speaker::Agent).filter(|turn| turn.interrupted).count(),
        refusals: outcome.refusals,
        repeats: outcome.repeats,
        called_before: details.calls.is_some(),
        is_open: outcome.is_open || outcome.resolution == Resolution::Escalated,
        is_bereaved: of(Speaker::Caller).any(|turn| details::is_bereaved(&turn.text)),
    })
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
