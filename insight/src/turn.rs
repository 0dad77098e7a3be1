//! One turn of a finished call.

use call::Speaker;

/// One finished turn, already redacted.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnText {
    /// Its position in the session, rising.
    pub seq: i32,
    /// Who spoke.
    pub speaker: Speaker,
    /// What was said; for the agent, what the caller heard of it.
    pub text: String,
    /// What the router made of it: a topic's id, or a name of its own.
    pub intent: Option<String>,
    /// The caller cut it short.
    pub interrupted: bool,
    /// The agent answered from documents.
    pub has_sources: bool,
    /// What the record says of an agent's turn; `None` where it says nothing, so that its words decide.
    pub reply: Option<Reply>,
    /// What was done for the caller, by its name, in the agent's turn that says so.
    pub deed: Option<String>,
    /// What the caller's words mean: 384 numbers, found of [`crate::sentiment::wording`]. `None`: no model was there.
    pub meaning: Option<Vec<f32>>,
}

/// What an agent's turn was to the caller's matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// An answer: from documents, from rows, from another system.
    Answer,
    /// That there is none: nothing was found, something failed, what may be the answer was only offered.
    NotKnown,
    /// That the matter is not this trade's.
    OutOfScope,
    /// That the caller was not understood.
    Unclear,
    /// Talk beside the matter: greetings, courtesy, the offer of a person, proof of identity, what the agent must ask
    /// before it can answer.
    Talk,
}

impl Reply {
    /// From what is kept with a turn of the agent: its kind (`reply`, `greeting` …), its route, what made it (`pack`,
    /// `question`, `extractive`, `tool`, a model's name), and whether it names documents. `None` where no route was kept.
    #[must_use]
    pub fn of(kind: &str, route: Option<&str>, made_by: &str, has_sources: bool) -> Option<Self> {
        if has_sources {
            return Some(Self::Answer);
        }
        if !matches!(kind, "reply" | "") {
            return Some(Self::Talk);
        }
        Some(match route? {
            "out_of_scope" => Self::OutOfScope,
            "unclear" => Self::Unclear,
            "small_talk" | "human_requested" | "authenticate" | "repeat" | "source" | "more"
            | "goodbye" | "affirm" | "deny" | "memory" => Self::Talk,
            // A look-up has its own name. What a pack's line says of it is that it found nothing.
            _ if matches!(made_by, "tool" | "deed") => Self::Answer,
            _ if made_by == "question" => Self::Talk,
            _ => Self::NotKnown,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;

    #[test]
    fn what_was_kept_of_a_reply_says_what_it_was() {
        for (kept, expected) in [
            (
                ("reply", Some("knowledge"), "extractive", true),
                Some(Reply::Answer),
            ),
            (
                ("reply", Some("knowledge"), "pack", false),
                Some(Reply::NotKnown),
            ),
            (
                ("reply", Some("opening_times_of_today"), "tool", false),
                Some(Reply::Answer),
            ),
            (
                ("reply", Some("opening_times_of_today"), "pack", false),
                Some(Reply::NotKnown),
            ),
            (
                ("reply", Some("opening_times_of_today"), "question", false),
                Some(Reply::Talk),
            ),
            (
                ("reply", Some("renew_book"), "deed", false),
                Some(Reply::Answer),
            ),
            (
                ("reply", Some("affirm"), "extractive", true),
                Some(Reply::Answer),
            ),
            (("reply", Some("affirm"), "pack", false), Some(Reply::Talk)),
            (
                ("reply", Some("out_of_scope"), "pack", false),
                Some(Reply::OutOfScope),
            ),
            (
                ("reply", Some("unclear"), "pack", false),
                Some(Reply::Unclear),
            ),
            (("reply", Some("more"), "pack", false), Some(Reply::Talk)),
            (("reply", Some("memory"), "pack", false), Some(Reply::Talk)),
            (
                ("reply", Some("more"), "extractive", true),
                Some(Reply::Answer),
            ),
            (("greeting", None, "", false), Some(Reply::Talk)),
            (("reply", None, "", false), None),
            (("", None, "", false), None),
        ] {
            let (kind, route, made_by, has_sources) = kept;
            assert_eq!(
                Reply::of(kind, route, made_by, has_sources),
                expected,
                "{kept:?}"
            );
        }
    }
}
