//! Urgency, intent and wishes of a turn, by keywords.

use serde::{Deserialize, Serialize};

use crate::Role;
use crate::summary::TurnText;
use language::{Break, contains_any, words};

/// How soon a turn wants an answer; from the calmest to the most pressing, so that `max` works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Urgency {
    Low,
    Medium,
    High,
    Critical,
}

/// What kind of thing a turn is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum IntentCategory {
    InformationSeeking,
    ProblemSolving,
    PurchaseIntent,
    SupportRequest,
    Complaint,
    Comparison,
    Exploration,
    Cancellation,
}

/// A wish of the caller and the turn that tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// `answer_style` or `contact_channel`.
    pub key: &'static str,
    /// Such as `concise` or `sms`.
    pub value: &'static str,
    /// The turn.
    pub seq: i32,
}

/// How urgent `text` sounds: its words, and how it is shouted.
#[must_use]
pub fn urgency(text: &str) -> Urgency {
    const CRITICAL: &[&str] = &[
        "emergency",
        "stolen",
        "stole",
        "fraud",
        "hacked",
        "scammed",
        "did not make this",
    ];
    const HIGH: &[&str] = &[
        "urgent",
        "urgently",
        "immediately",
        "right now",
        "fix this now",
        "asap",
        "as soon as possible",
        "lost my",
    ];
    const MEDIUM: &[&str] = &["today", "soon", "waiting", "quickly", "still not"];
    let heard = words(text);
    let shouted = heard
        .iter()
        .filter(|w| w.text.len() > 3 && w.text.chars().all(char::is_uppercase))
        .count();
    let pressing = text.contains("!!") || text.contains("??") || shouted > 1;
    if contains_any(text, CRITICAL) {
        Urgency::Critical
    } else if contains_any(text, HIGH) || (pressing && contains_any(text, MEDIUM)) {
        Urgency::High
    } else if pressing || contains_any(text, MEDIUM) {
        Urgency::Medium
    } else {
        Urgency::Low
    }
}

/// What kind of thing `text` is after; the most specific kind wins.
#[must_use]
pub fn intent(text: &str) -> IntentCategory {
    const KINDS: &[(IntentCategory, &[&str])] = &[
        (
            IntentCategory::Complaint,
            &[
                "complaint",
                "complain",
                "terrible",
                "unacceptable",
                "not acceptable",
                "disappointed",
                "very bad",
            ],
        ),
        (
            IntentCategory::Cancellation,
            &["cancel", "close my account", "stop my", "unsubscribe"],
        ),
        (
            IntentCategory::Comparison,
            &[
                "compare",
                "difference between",
                "better than",
                "versus",
                "which is better",
            ],
        ),
        (
            IntentCategory::ProblemSolving,
            &[
                "not working",
                "doesn't work",
                "failed",
                "problem",
                "wrong",
                "locked",
                "blocked",
                "declined",
                "forgot",
            ],
        ),
        (
            IntentCategory::PurchaseIntent,
            &["open an account", "apply for", "buy", "sign up", "order a"],
        ),
        (
            IntentCategory::SupportRequest,
            &[
                "help me",
                "speak to",
                "transfer me",
                "call me back",
                "i need help",
            ],
        ),
    ];
    if let Some((kind, _)) = KINDS.iter().find(|(_, cues)| contains_any(text, cues)) {
        return *kind;
    }
    let asks = words(text).iter().any(|w| w.after == Break::Question)
        || contains_any(
            text,
            &["what", "how", "when", "where", "tell me", "i want to know"],
        );
    if asks {
        IntentCategory::InformationSeeking
    } else {
        IntentCategory::Exploration
    }
}

/// The caller's wishes; a later word on the same matter replaces an earlier one.
#[must_use]
pub fn preferences(turns: &[TurnText]) -> Vec<Preference> {
    const WISHES: &[(&str, &str, &[&str])] = &[
        (
            "answer_style",
            "concise",
            &[
                "keep it short",
                "keep it brief",
                "be brief",
                "be quick",
                "in short",
                "short answer",
            ],
        ),
        (
            "answer_style",
            "detailed",
            &[
                "in detail",
                "more detail",
                "more details",
                "step by step",
                "explain it fully",
            ],
        ),
        (
            "answer_style",
            "simple",
            &[
                "in simple words",
                "simple terms",
                "more simply",
                "speak slowly",
            ],
        ),
        (
            "contact_channel",
            "sms",
            &[
                "text me",
                "send me a text",
                "send me an sms",
                "by sms",
                "by text",
            ],
        ),
        (
            "contact_channel",
            "email",
            &["email me", "by email", "send me an email", "to my email"],
        ),
        (
            "contact_channel",
            "phone",
            &["call me back", "phone me", "call me instead", "ring me"],
        ),
    ];
    let mut found: Vec<Preference> = Vec::new();
    for turn in turns.iter().filter(|t| t.role == Role::Caller) {
        for (key, value, cues) in WISHES {
            if contains_any(&turn.text, cues) && !is_refused(&turn.text) {
                found.retain(|p| p.key != *key);
                found.push(Preference {
                    key,
                    value,
                    seq: turn.seq,
                });
            }
        }
    }
    found
}

fn is_refused(text: &str) -> bool {
    contains_any(
        text,
        &[
            "don't text",
            "don't email",
            "don't call",
            "do not text",
            "do not email",
            "do not call",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected_urgency: Urgency, expected_intent: IntentCategory) {
        assert_eq!(
            (urgency(text), intent(text)),
            (expected_urgency, expected_intent),
            "{text:?}"
        );
    }

    #[test]
    fn a_turn_has_an_urgency_and_an_intent() {
        use IntentCategory::*;
        use Urgency::{Critical, High, Low, Medium};
        check("What is my balance?", Low, InformationSeeking);
        check("Someone stole my card!", Critical, Exploration);
        check(
            "The app is not working, fix this now.",
            High,
            ProblemSolving,
        );
        check("WHERE IS MY MONEY TODAY??", High, InformationSeeking);
        check("I want to cancel my transfer today.", Medium, Cancellation);
        check("I want to make a complaint.", Low, Complaint);
        check("Please help me.", Low, SupportRequest);
        check("I want to apply for a loan.", Low, PurchaseIntent);
        check(
            "What is the difference between savings and current?",
            Low,
            Comparison,
        );
        check("Hello.", Low, Exploration);
        assert!(Critical > Low, "the most pressing urgency is the greatest");
    }
}
