//! Lists of words that a pack's language and trade give to the rules that listen and sum up.

use serde::Deserialize;

use crate::{
    english::english,
    numbers::{Chain, Item, Numeral, What, chains, scan},
    words::{Break, contains_any, keys, words},
};

/// Whoever says more than this is not only listening.
const LISTENERS_WORDS: usize = 14;

/// What a stretch of words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Listened {
    /// There is another word in it.
    No,
    /// Companions at most.
    Nothing,
    /// Somebody listens.
    Shown,
}

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
    /// What a listener says to show that they are listening: "uh-huh", "makes sense". Words, and phrases in which `a|b` is
    /// one of the two.
    pub backchannel: Vec<String>,
    /// Words and phrases that only accompany those: the "I" of "oh, I see".
    pub companions: Vec<String>,
    /// What wants the speaker to be silent or to wait.
    #[serde(default)]
    pub stops: Vec<String>,
    /// What a caller says who is away for a while: "let me find my card".
    #[serde(default)]
    pub pauses: Vec<String>,
    /// Beside one of these it is no such thing: "how long do I have to wait?"
    #[serde(default)]
    pub no_pause: Vec<String>,
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
    /// Whether `text` only shows that its speaker listens: "Uh-huh.", "Oh, I see.", "That makes sense, thank you."
    ///
    /// It is made of the words and phrases of a listener alone, one of them no mere companion, asks nothing and does not
    /// end where more must follow.
    #[must_use]
    pub fn is_backchannel(&self, text: &str) -> bool {
        let words = words(text);
        if words.iter().any(|word| word.after == Break::Question) {
            return false;
        }
        let keys: Vec<String> = words.into_iter().map(|word| word.key).collect();
        let ends_open =
            |last: &String| self.dangling.contains(last) && !self.backchannel.contains(last);
        keys.len() <= LISTENERS_WORDS
            && !keys.last().is_some_and(ends_open)
            && self.is_made_of_listening(&keys)
    }

    /// Every way to divide the words into phrases is tried, from the end: `made[at]` says what the words from `at` on are.
    fn is_made_of_listening(&self, keys: &[String]) -> bool {
        let mut made = vec![Listened::No; keys.len() + 1];
        made[keys.len()] = Listened::Nothing;
        for at in (0..keys.len()).rev() {
            let of = |phrases: &[String], alone: bool| {
                let lengths = phrases
                    .iter()
                    .filter_map(|phrase| starts_with(&keys[at..], phrase));
                let rest = lengths.map(|length| made[at + length]);
                rest.filter(|rest| *rest != Listened::No)
                    .map(|rest| if alone { Listened::Shown } else { rest })
                    .max()
            };
            let best = of(&self.backchannel, true).max(of(&self.companions, false));
            made[at] = best.unwrap_or(Listened::No);
        }
        made[0] == Listened::Shown
    }

    /// Whether `text` wants the other to be silent or to wait, refuses or corrects.
    #[must_use]
    pub fn is_stop(&self, text: &str) -> bool {
        holds_any(&keys(text), &self.stops)
    }

    /// Whether the speaker of `text` will be away for a while: "Hold on a minute, I have to find my card."
    #[must_use]
    pub fn is_pause(&self, text: &str) -> bool {
        let keys = keys(text);
        holds_any(&keys, &self.pauses) && !text.contains('?') && !holds_any(&keys, &self.no_pause)
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

/// How many of these words a phrase takes that begins with the first of them; `a|b` is one of the two.
fn starts_with(keys: &[String], phrase: &str) -> Option<usize> {
    let mut length = 0;
    for part in phrase.split(' ') {
        let key = keys.get(length)?;
        part.split('|').any(|word| word == key).then_some(())?;
        length += 1;
    }
    Some(length)
}

fn holds_any(keys: &[String], phrases: &[String]) -> bool {
    (0..keys.len()).any(|at| {
        phrases
            .iter()
            .any(|phrase| starts_with(&keys[at..], phrase).is_some())
    })
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
    fn who_will_be_back_asks_for_patience() {
        check(
            Listening::is_pause,
            &[
                "Hold on a minute please, I have to find my card.",
                "One moment.",
                "Just a second, please.",
                "Let me find my card.",
                "Okay, give me two minutes.",
                "Wait a second, where did I put it",
                "I need to get my glasses first.",
            ],
            &[
                "How long do I have to hold on?",
                "I have been waiting for a minute and what now",
                "Can you wait a minute?",
                "I need to get a loan.",
                "My card is lost.",
                "",
            ],
        );
    }

    #[test]
    fn who_wants_silence_is_heard() {
        check(
            Listening::is_stop,
            &[
                "Stop!",
                "No, wait.",
                "Okay, that's enough.",
                "I don't want that.",
            ],
            &[
                "I understand.",
                "Great, thank you.",
                "What are the fees?",
                "",
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
