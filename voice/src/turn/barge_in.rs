//! What the caller's words are worth while the agent has the floor.

/// What a listener says to show that they are listening.
const BACKCHANNEL: &[&str] = &[
    "ah", "aha", "alright", "good", "hm", "hmm", "huh", "mhm", "mm", "mmhm", "mmhmm", "mmm", "oh",
    "ok", "okay", "right", "see", "sure", "uh", "uhhuh", "uhuh", "um", "yeah", "yep", "yes", "yup",
];

/// Words that only accompany the above ("oh, I see").
const COMPANIONS: &[&str] = &["i", "all"];

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
pub(super) fn weigh(text: &str, answer_expected: bool) -> Words {
    let words = plain_words(text);
    if words.is_empty() {
        return Words::None;
    }
    let is_backchannel = |word: &String| BACKCHANNEL.contains(&word.as_str());
    let accompanies = |word: &String| COMPANIONS.contains(&word.as_str());
    let only_backchannel = words.iter().any(is_backchannel)
        && words
            .iter()
            .all(|word| is_backchannel(word) || accompanies(word));
    if only_backchannel && !answer_expected {
        Words::Backchannel
    } else {
        Words::Substance
    }
}

/// Lower-case words without punctuation: "Uh-huh." is `uhhuh`.
pub(super) fn plain_words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric())
                .flat_map(char::to_lowercase)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Words, weigh};

    #[test]
    fn a_listeners_noises_are_backchannel_until_a_question_was_asked() {
        for text in [
            "Uh-huh.",
            "okay",
            "Mm, yeah.",
            "Oh, I see.",
            "All right.",
            "OK, OK",
        ] {
            assert_eq!(weigh(text, false), Words::Backchannel, "{text}");
            assert_eq!(
                weigh(text, true),
                Words::Substance,
                "{text} answers a question"
            );
        }
    }

    #[test]
    fn anything_else_is_said_to_be_heard() {
        for text in [
            "no",
            "Stop!",
            "okay but wait",
            "I",
            "yes please do",
            "5",
            "*236#",
        ] {
            assert_eq!(weigh(text, false), Words::Substance, "{text}");
        }
        for text in ["", "  ", "...", "-"] {
            assert_eq!(weigh(text, true), Words::None, "{text:?}");
        }
    }
}
