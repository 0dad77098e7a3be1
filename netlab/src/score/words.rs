//! Words compared as a listener would: case, punctuation and the spelling of numbers do not count.

use language::numbers::{cardinal, digits_in_words};

/// What is written in more than one way, as one. Applied to text in lower case with single spaces, whole words only.
const SPELLINGS: [(&str, &str); 12] = [
    ("i'm", "i am"),
    ("it's", "it is"),
    ("that's", "that is"),
    ("you'd", "you would"),
    ("voice mail", "voicemail"),
    ("e mail", "email"),
    ("touch tone", "touchtone"),
    ("key pad", "keypad"),
    ("thru", "through"),
    ("ok", "okay"),
    ("inter asterisk", "interasterisk"),
    ("re record", "rerecord"),
];
/// The words of a text: lower case, numbers and signs as they are spoken, contractions spelled out.
pub(super) fn plain(text: &str) -> Vec<String> {
    let mut spaced = String::from(" ");
    let mut chars = text.chars().peekable();
    let mut dollars = false;
    while let Some(c) = chars.next() {
        match c {
            '$' => dollars = true,
            '#' => spaced.push_str(" pound "),
            '*' => spaced.push_str(" star "),
            '%' => spaced.push_str(" percent "),
            '&' => spaced.push_str(" and "),
            '0'..='9' => {
                let mut digits = String::from(c);
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    digits.push(digit);
                }
                spaced.push(' ');
                spaced.push_str(&spoken(&digits));
                spaced.push(' ');
                if std::mem::take(&mut dollars) {
                    spaced.push_str("dollars ");
                }
            }
            '\'' | '’' => spaced.push('\''),
            c if c.is_alphabetic() => spaced.extend(c.to_lowercase()),
            _ => spaced.push(' '),
        }
    }
    let words: Vec<&str> = spaced
        .split_whitespace()
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .collect();
    let mut spaced = format!(" {} ", words.join(" "));
    for (from, to) in SPELLINGS {
        spaced = spaced.replace(&format!(" {from} "), &format!(" {to} "));
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// Up to three digits as a number, more of them one by one, as people dial.
fn spoken(digits: &str) -> String {
    match digits.parse() {
        Ok(number) if digits.len() <= 3 && (digits.len() == 1 || !digits.starts_with('0')) => {
            // The "and" of "one hundred and eleven" is said by some and not by others.
            cardinal(number).replace(" and ", " ")
        }
        _ => digits_in_words(digits),
    }
}

/// Words to change, add or drop to get from one to the other (Levenshtein's distance).
pub(super) fn errors(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, other) in heard.iter().enumerate() {
            let changed = row[j] + usize::from(word != other);
            next.push(changed.min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row[heard.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(said: &str, heard: &str, expected: usize) {
        let (said, heard) = (plain(said), plain(heard));
        assert_eq!(
            errors(&said, &heard),
            expected,
            "{said:?} against {heard:?}"
        );
    }

    #[test]
    fn spelling_case_and_punctuation_are_no_errors() {
        check("Press 6 to play, please.", "press six to play please", 0);
        check("press * or #", "Press star or pound.", 0);
        check("fifty dollars", "$50", 0);
        check("Dial five hundred", "Dial 500.", 0);
        check("one two three four", "1234", 0);
        check("extension 8500", "extension eight five zero zero", 0);
        check("twenty eight", "28", 0);
        check("one hundred eleven", "111", 0);
        check("I'm in your voice mail", "i am in your voicemail", 0);
        check("It’s late", "it is late", 0);
        check("your party's name", "your party's name!", 0);
    }

    #[test]
    fn each_word_changed_added_or_dropped_is_an_error() {
        check("please press one", "please press two", 1);
        check("please press one", "please press the one", 1);
        check("please press one", "press one", 1);
        check("please press one", "", 3);
        check("", "you", 1);
        check("a b c d", "b c d a", 2);
    }
}
