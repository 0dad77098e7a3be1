//! Text as callers' speech arrives, brought to one form that cues, index and questions share.
//!
//! A recogniser writes "Whats my A.T.M. limit", "*236#" or "star two three six hash" as it pleases;
//! after folding these agree with what the pack's author typed.

use crate::number;
use crate::stem::stem;

/// One word of a folded text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The folded word: lower case, no accents, numbers in digits, service codes such as `*236#` whole.
    pub text: String,
    /// Its stem; two words with one stem count as the same word.
    pub stem: String,
}

impl Word {
    /// Whether the word is a number (`4`, `236`, `thousand`).
    pub fn is_number(&self) -> bool {
        number::is_number(&self.text)
    }
}

/// The words of a text, folded and stemmed, in order.
pub fn words(text: &str) -> Vec<Word> {
    let raw = join_letters(expand(tokens(text)));
    number::join(raw)
        .into_iter()
        .map(|text| Word {
            stem: stem(&text),
            text,
        })
        .collect()
}

/// Lower-case runs of letters and digits; `*`, `#` and `.` stay only inside codes and numbers.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(plain)
        .collect();
    let mut out = Vec::new();
    let mut word = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|i| chars[i]);
        let after = chars.get(at + 1).copied();
        match c {
            _ if c.is_alphanumeric() => {
                // "50k" and "b2b" stay; "50dollars" does not happen in transcripts.
                word.push(c);
            }
            '\'' => word.push(c),
            // One thousand as "1,000" and a decimal point: part of the number.
            ',' if is_digit(before) && is_digit(after) => {}
            '.' if is_digit(before) && is_digit(after) => word.push(c),
            // "a.t.m." is spelt out; the dots vanish and the letters stay one word.
            '.' if spelt(&chars, at) => {}
            '*' if is_digit(after) => {
                if !word.starts_with('*') {
                    flush(&mut word, &mut out);
                }
                word.push(c);
            }
            '#' if word.starts_with('*') => word.push(c),
            '$' | '£' | '€' | '₹' | '%' => {
                flush(&mut word, &mut out);
                out.push(symbol(c).to_owned());
            }
            // "e-mail" is one word; every other hyphen parts two.
            '-' if word == "e" && after == Some('m') => {}
            _ => flush(&mut word, &mut out),
        }
    }
    flush(&mut word, &mut out);
    out
}

fn flush(word: &mut String, out: &mut Vec<String>) {
    let trimmed = word.trim_matches('\'');
    if !trimmed.is_empty() {
        out.push(trimmed.to_owned());
    }
    word.clear();
}

fn is_digit(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_digit())
}

/// Whether the dot at `at` follows a single letter of a spelt-out word.
fn spelt(chars: &[char], at: usize) -> bool {
    let letter = |i: Option<usize>| {
        i.and_then(|i| chars.get(i))
            .is_some_and(|c| c.is_alphabetic())
    };
    letter(at.checked_sub(1))
        && !letter(at.checked_sub(2))
        && letter(Some(at + 1))
        && !letter(Some(at + 2))
}

fn symbol(c: char) -> &'static str {
    match c {
        '$' => "dollar",
        '£' => "pound",
        '€' => "euro",
        '₹' => "rupee",
        _ => "percent",
    }
}

/// The letter without its accent, for the Latin letters that names and loan words bring.
fn plain(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        '\u{2018}' | '\u{2019}' | '\u{02bc}' | '`' => '\'',
        '\u{2010}'..='\u{2015}' => '-',
        _ => c,
    }
}

/// Contractions in full: "what's" is "what is", "can't" is "can not".
fn expand(tokens: Vec<String>) -> Vec<String> {
    let mut out = Vec::with_capacity(tokens.len() + 4);
    for token in tokens {
        match whole_contraction(&token) {
            Some(words) => out.extend(words.split(' ').map(str::to_owned)),
            None => match token.split_once('\'') {
                None => out.push(token),
                Some((head, tail)) => {
                    let (head, tail) = match tail {
                        "t" => (head.strip_suffix('n').unwrap_or(head), "not"),
                        "s" if IS_HEADS.contains(&head) => (head, "is"),
                        "m" => (head, "am"),
                        "re" => (head, "are"),
                        "ve" => (head, "have"),
                        "ll" => (head, "will"),
                        "d" => (head, "would"),
                        "clock" => ("oclock", ""),
                        _ => (head, ""),
                    };
                    out.extend(
                        [head, tail]
                            .into_iter()
                            .filter(|w| !w.is_empty())
                            .map(str::to_owned),
                    );
                }
            },
        }
    }
    out
}

/// Words after which `'s` means "is" and not a possession.
const IS_HEADS: [&str; 12] = [
    "what",
    "that",
    "it",
    "who",
    "where",
    "when",
    "how",
    "there",
    "here",
    "he",
    "she",
    "everything",
];

fn whole_contraction(token: &str) -> Option<&'static str> {
    Some(match token {
        "cannot" | "can't" | "cant" => "can not",
        "won't" => "will not",
        "dont" => "do not",
        "doesnt" => "does not",
        "didnt" => "did not",
        "isnt" => "is not",
        "whats" => "what is",
        "thats" => "that is",
        "im" => "i am",
        "ive" => "i have",
        "gonna" => "going to",
        "wanna" => "want to",
        "gimme" => "give me",
        "ok" => "okay",
        "yeah" | "yep" | "yup" | "yah" => "yes",
        "nope" | "nah" => "no",
        "bye-bye" => "bye",
        "hullo" | "hallo" => "hello",
        "thanx" | "thankyou" => "thank you",
        _ => return None,
    })
}

/// "A T M" and "u s s d" spelt with spaces become one word; two letters might be "I a…", so three or more.
fn join_letters(tokens: Vec<String>) -> Vec<String> {
    let single = |t: &String| t.len() == 1 && t.starts_with(char::is_alphabetic);
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let run = tokens[at..].iter().take_while(|t| single(t)).count();
        if run >= 3 {
            out.push(tokens[at..at + run].concat());
            at += run;
        } else {
            out.extend(tokens[at..=at + run.saturating_sub(1)].iter().cloned());
            at += run.max(1);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::words;

    fn check(text: &str, expected: &str) {
        let folded: Vec<String> = words(text).into_iter().map(|w| w.text).collect();
        assert_eq!(folded.join(" "), expected, "folding {text:?}");
    }

    #[test]
    fn punctuation_case_and_accents_do_not_matter() {
        check("  Café, PLEASE!! ", "cafe please");
        check("mini-statement", "mini statement");
        check("E-mail", "email");
        check("", "");
        check("?!…", "");
    }

    #[test]
    fn spelt_words_are_one_word() {
        check("the A.T.M. limit", "the atm limit");
        check("my A T M card", "my atm card");
        check("P.I.N.", "pin");
        check("am I a customer", "am i a customer");
    }

    #[test]
    fn contractions_are_written_in_full() {
        check(
            "What's my balance? I can't see it.",
            "what is my balance i can not see it",
        );
        check("I don’t, I'll, I've", "i do not i will i have");
        check("my brother's card", "my brother card");
        check("at five o'clock", "at 5 oclock");
    }

    #[test]
    fn numbers_as_words_and_digits_agree() {
        check("four one one one", "4111");
        check("4 1 1 1", "4111");
        check("double seven", "77");
        check("$1,000.50", "dollar 1000.50");
        check("twenty five dollars", "25 dollars");
        check("one moment", "1 moment");
    }

    #[test]
    fn a_service_code_is_one_word_however_it_is_said() {
        check("dial *236#.", "dial *236#");
        check("star two three six hash", "*236#");
        check("star 236 pound", "*236#");
        check("Star, two, three, six, hash!", "*236#");
        check("you are a star", "you are a star");
    }
}
