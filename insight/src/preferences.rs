//! What the caller wishes for: how to be answered, and by what way.

use language::contains_any;

use crate::turn::TurnText;
use call::Speaker;

/// A wish of the caller and the turn that states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preference {
    /// `answer_style` or `contact_channel`.
    pub(crate) key: &'static str,
    /// Such as `concise` or `sms`.
    pub(crate) value: &'static str,
    /// The turn.
    pub(crate) seq: i32,
}

/// The caller's wishes; a later word on the same matter replaces an earlier one.
pub(crate) fn of_call(turns: &[TurnText]) -> Vec<Preference> {
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
    for turn in turns.iter().filter(|t| t.speaker == Speaker::Caller) {
        for (key, value, phrases) in WISHES {
            if contains_any(&turn.text, phrases) && !is_refused(&turn.text) {
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
