//! Lists of words that a pack's language and trade give to the rules that listen and sum up.

use serde::Deserialize;

use crate::{
    english::english,
    words::{contains_any, keys},
};

/// Words by which turns and replies are judged while a call runs. The default is English.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listening {
    /// What a listener says to show that they are listening: "uh-huh".
    pub backchannel: Vec<String>,
    /// Words that only accompany those: the "I" of "oh, I see".
    pub companions: Vec<String>,
    /// After one of these a speaker goes on.
    pub dangling: Vec<String>,
    /// A question with one of these asks for digits.
    pub asks_for_digits: Vec<String>,
    /// A question with one of these offers the help of a person.
    pub offers_person: Vec<String>,
}

/// What summaries call the matters of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SummaryWords {
    /// What a caller of this trade raises, without an article: "library matter".
    pub matter: String,
    /// What a code such as `*236#` is called: "USSD code". Plain "code" unless given.
    #[serde(default)]
    pub code: Option<String>,
    /// Phrases of this trade that report a trouble rather than ask, beside those of the language.
    #[serde(default)]
    pub trouble: Vec<String>,
    /// Phrases of this trade that state a need, beside those of the language.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Words of this trade that are never a caller's name.
    #[serde(default)]
    pub not_names: Vec<String>,
}

impl Default for SummaryWords {
    /// The words of no trade in particular.
    fn default() -> Self {
        Self {
            matter: "matter".to_owned(),
            code: None,
            trouble: Vec::new(),
            needs: Vec::new(),
            not_names: Vec::new(),
        }
    }
}

impl Default for Listening {
    fn default() -> Self {
        english().listening.clone()
    }
}

impl Listening {
    /// Whether `text` only shows that its speaker listens: "Uh-huh.", "Oh, I see."
    #[must_use]
    pub fn is_backchannel(&self, text: &str) -> bool {
        let words = keys(text);
        let backchannel = |word: &String| self.backchannel.contains(word);
        words.iter().any(backchannel)
            && words
                .iter()
                .all(|word| backchannel(word) || self.companions.contains(word))
    }

    /// Whether the speaker of `text` is plainly not finished: a dangling word, or the voice stays up.
    #[must_use]
    pub fn is_unfinished(&self, text: &str) -> bool {
        let text = text.trim_end();
        // Recognisers put an ellipsis or a dash where the voice stays up.
        if text.ends_with(['…', '-', ',']) || text.ends_with("...") {
            return true;
        }
        // "Where is the one you told me about?" is complete: a question mark outweighs the word.
        !text.ends_with('?')
            && keys(text)
                .last()
                .is_some_and(|word| self.dangling.contains(word))
    }

    /// Whether the last sentence of `text` is a question for digits.
    #[must_use]
    pub fn asks_for_digits(&self, text: &str) -> bool {
        let mut sentences = text.rsplit(['.', '!']);
        let last = sentences.find(|part| !part.trim().is_empty());
        last.is_some_and(|last| last.contains('?') && contains_any(last, &self.asks_for_digits))
    }

    /// Whether `sentence` offers to have a person help.
    #[must_use]
    pub fn offers_person(&self, sentence: &str) -> bool {
        sentence.ends_with('?') && contains_any(sentence, &self.offers_person)
    }
}

#[cfg(test)]
mod tests {
    use super::Listening;

    fn check(rule: fn(&Listening, &str) -> bool, yes: &[&str], no: &[&str]) {
        let english = Listening::default();
        for text in yes {
            assert!(rule(&english, text), "no for {text:?}");
        }
        for text in no {
            assert!(!rule(&english, text), "yes for {text:?}");
        }
    }

    #[test]
    fn a_listeners_noises_are_backchannel() {
        check(
            Listening::is_backchannel,
            &[
                "Uh-huh.",
                "okay",
                "Mm, yeah.",
                "Oh, I see.",
                "All right.",
                "OK, OK",
            ],
            &[
                "no",
                "Stop!",
                "okay but wait",
                "I",
                "yes please do",
                "5",
                "*236#",
                "",
                "...",
            ],
        );
    }

    #[test]
    fn a_dangling_word_promises_more() {
        check(
            Listening::is_unfinished,
            &[
                "I want to",
                "my name is",
                "Send it to my.",
                "so, um",
                "four one one -",
                "and...",
            ],
            &["block it", "What is this about?", "thanks", "", "log in"],
        );
    }

    #[test]
    fn a_question_for_digits_is_known_by_its_last_sentence() {
        check(
            Listening::asks_for_digits,
            &[
                "Thank you. What is your number?",
                "Can you read me the code?",
                "Which four digits?",
            ],
            &[
                "I have your number. Anything else?",
                "Dial the code.",
                "Would you like an update?",
                "",
            ],
        );
    }

    #[test]
    fn an_offer_of_a_person_is_a_question() {
        check(
            Listening::offers_person,
            &[
                "Shall I have someone call you?",
                "Would you like to talk to a person?",
            ],
            &["Ask me for a person.", "Anything else?"],
        );
    }
}
