//! What the caller's words are worth while the agent has the floor.

use language::{Listening, keys};

/// The weight of what was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Nothing intelligible.
    None,
    /// "Uh-huh": the caller wants the agent to go on.
    Backchannel,
    /// The caller has something to say.
    Substance,
}

/// Weighs `text`; where the agent has asked something, "yeah" is an answer.
pub(super) fn weigh(text: &str, answer_expected: bool, listening: &Listening) -> Words {
    if keys(text).is_empty() {
        Words::None
    } else if !answer_expected && listening.is_backchannel(text) {
        Words::Backchannel
    } else {
        Words::Substance
    }
}

#[cfg(test)]
mod tests {
    use language::Listening;

    use super::{Words, weigh};

    #[test]
    fn a_listeners_noises_are_backchannel_until_a_question_was_asked() {
        let english = Listening::default();
        for (text, unasked, asked) in [
            ("Uh-huh.", Words::Backchannel, Words::Substance),
            ("okay but wait", Words::Substance, Words::Substance),
            ("...", Words::None, Words::None),
        ] {
            assert_eq!(weigh(text, false, &english), unasked, "{text}");
            assert_eq!(
                weigh(text, true, &english),
                asked,
                "{text} after a question"
            );
        }
    }
}
