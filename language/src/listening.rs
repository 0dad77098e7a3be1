//! Lists of words that a pack's language and trade give to the rules that listen and sum up.

use serde::Deserialize;

use crate::{
    english::english,
    numbers::{Chain, Item, Numeral, What, chains, scan},
    words::{contains_any, keys},
};

/// A number of so many digits is whole: hardly any that people dictate is longer.
const WHOLE: usize = 16;
/// A single number of so many digits is a string of digits rather than a count, unless it is round.
const STRING: usize = 3;
/// Words between "number" or "code" and the digits that are one: "my number there is".
const NEAR: usize = 3;

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

    /// Whether `text` ends in digits that are being dictated, so that more may come after a pause: "zero seven seven", "my
    /// number is 47". Amounts, dates, counts and round numbers are no such digits, and sixteen digits are a whole number.
    #[must_use]
    pub fn is_dictating(&self, text: &str) -> bool {
        let items = scan(text, &[]);
        let chains = chains::<&str>(text, &items, &[]);
        let Some(last) = chains.last().filter(|chain| chain.items.end == items.len()) else {
            return false;
        };
        let is_measure = last.pieces.last().is_none_or(|piece| piece.measure);
        let digits = last.digits();
        let is_round = digits.ends_with("000") || is_grouped(text, last);
        if is_measure || is_round || digits.len() >= WHOLE || text.trim_end().ends_with('%') {
            return false;
        }
        let doubled = |item: &Item| matches!(item.what, What::Number(Numeral::Repeat(_)));
        let said_singly = last.pieces.len() > 1 || items[last.items.clone()].iter().any(doubled);
        if last.plus || said_singly || (digits.len() > 1 && digits.starts_with('0')) {
            return true;
        }
        let is_written = last.pieces.iter().all(|piece| piece.worded == 0);
        let is_string = is_written && digits.len() >= STRING && !digits.ends_with("00");
        !text.contains('?') && (is_string || self.names_digits(last, &items))
    }

    /// Whether "number", "code" or the like stands shortly before these digits.
    fn names_digits(&self, digits: &Chain, items: &[Item]) -> bool {
        let before = items[..digits.items.start].iter().rev();
        let mut words = before.take(NEAR + 1).filter_map(Item::word);
        words.any(|word| self.asks_for_digits.iter().any(|digits| digits == word))
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

/// Whether commas part these digits as they part thousands: 1,250.
fn is_grouped(text: &str, digits: &Chain) -> bool {
    let pairs = digits.pieces.windows(2);
    let mut parted = pairs.map(|pair| {
        let (before, after) = (&pair[0], &pair[1]);
        after.digits.len() == 3 && text.get(before.span.end..after.span.start) == Some(",")
    });
    digits.pieces.len() > 1 && parted.all(|parted| parted)
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
    fn digits_that_are_dictated_promise_more() {
        check(
            Listening::is_dictating,
            &[
                "zero seven seven",
                "My telephone number is 077.",
                "It's 0-7-7",
                "oh seven seven, four one",
                "+44",
                "my number is 47",
                "The code is five.",
                "four one one, two",
                "my card ends in 4711",
                "It is 4, 1, 1, 2?",
                "double seven",
            ],
            &[
                "I want to send 500",
                "transfer $1,250",
                "transfer 1,250",
                "one hundred and twenty",
                "send fifty dollars",
                "a house for 25 000",
                "I need two",
                "since 1995",
                "number one please",
                "Is it 4711?",
                "my number is 4111 1111 1111 1111",
                "five percent",
                "at 10:30",
                "It was 077 and that is all",
                "",
            ],
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
