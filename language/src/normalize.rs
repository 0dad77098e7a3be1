//! Text as callers' speech arrives, brought to one form that phrases, index and questions share.
//!
//! A recogniser writes "Whats my A.T.M. limit", "*236#" or "star two three six hash" as it pleases;
//! normalised, these agree with what the pack's author typed.

use crate::{
    english::english,
    numbers::{Item, Numeral, What, first_piece, scan},
    stem::stem,
};

/// Names of large numbers that the scanner leaves as words.
const MAGNITUDES: [&str; 2] = ["lakh", "crore"];

/// One word of a normalised text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The word: lower case, no accents, numbers in digits, service codes such as `*236#` whole.
    pub text: String,
    /// Its stem; two words with one stem count as the same word.
    pub stem: String,
}

impl Term {
    /// Whether the word is a number.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
            || MAGNITUDES.contains(&self.text.as_str())
    }
}

/// The words of a text, normalised and stemmed, in order.
#[must_use]
pub fn normalize(text: &str) -> Vec<Term> {
    let items = scan(text, &[]);
    let mut words: Vec<String> = Vec::with_capacity(items.len() + 4);
    let mut at = 0;
    let mut end = 0;
    while at < items.len() {
        signs(&text[end..items[at].span.start], &mut words);
        let taken = compound(text, &items[at..], &mut words);
        at += taken;
        end = items[at - 1].span.end;
    }
    signs(&text[end..], &mut words);
    words
        .into_iter()
        .map(|text| Term {
            stem: stem(&text),
            text,
        })
        .collect()
}

/// The words for currency and percent signs between two items.
fn signs(gap: &str, words: &mut Vec<String>) {
    words.extend(gap.chars().filter_map(symbol).map(str::to_owned));
}

/// Adds the words that the first items make, and returns how many items these were.
fn compound(text: &str, items: &[Item], words: &mut Vec<String>) -> usize {
    let gap = |at: usize| &text[items[at - 1].span.end..items[at].span.start];
    let run = |from: usize, belongs: &dyn Fn(usize) -> bool| {
        from + (from..items.len()).take_while(|&at| belongs(at)).count()
    };
    let written = |range: std::ops::Range<usize>| -> String {
        let parts = items[range].iter();
        parts
            .map(|item| text[item.span.clone()].to_lowercase())
            .collect()
    };
    // "50k" and "b2b" are one word.
    let touching = run(1, &|at| {
        gap(at).is_empty() && !matches!(items[at].what, What::Service(_))
    });
    if touching > 1 && !matches!(items[0].what, What::Service(_)) {
        words.push(plain(&written(0..touching)));
        return touching;
    }
    if items[0].is_numeral() {
        let end = run(1, &|at| {
            let joined = at + 1 < items.len() && gap(at + 1).is_empty();
            let signed = gap(at).contains(|c| symbol(c).is_some());
            (items[at].is_numeral() || adds_on(items, at)) && !joined && !signed
        });
        numbers(text, &items[..end], words);
        return end;
    }
    let word = match &items[0].what {
        What::Word(word) => word.as_str(),
        What::Service(code) => {
            words.push(code.clone());
            return 1;
        }
        _ => return 1,
    };
    // "a.t.m." is spelt out, and so is "a t m"; two letters might be "I a…", so three or more.
    let is_letter = |at: usize| items[at].word().is_some_and(|w| w.chars().count() == 1);
    if is_letter(0) {
        let dotted = run(1, &|at| is_letter(at) && gap(at) == ".");
        let spaced = run(1, &|at| is_letter(at));
        if dotted > 1 || spaced > 2 {
            let end = if dotted > 1 { dotted } else { spaced };
            words.push(plain(&written(0..end)));
            return end;
        }
    }
    // "e-mail" is one word; every other hyphen parts two.
    if word == "e" && items.len() > 1 && gap(1) == "-" && written(1..2).starts_with('m') {
        words.push(written(0..2));
        return 2;
    }
    expand(&plain(word), words);
    1
}

/// The "and" of "two hundred and fifty".
fn adds_on(items: &[Item], at: usize) -> bool {
    let after_power = matches!(
        items[at - 1].what,
        What::Number(Numeral::Hundred | Numeral::Power(_))
    );
    let next = items.get(at + 1);
    items[at].word() == Some("and") && after_power && next.is_some_and(Item::is_numeral)
}

/// Adds the numbers that the items of one run make: digits spoken one by one are one number, and so are an amount in
/// words and "1,000.50".
fn numbers(text: &str, items: &[Item], words: &mut Vec<String>) {
    let items: Vec<&Item> = items.iter().filter(|item| item.is_numeral()).collect();
    let mut at = 0;
    // The last word is made of single digits and may grow.
    let mut open = false;
    while at < items.len() {
        let literal = 1 + items[at..]
            .windows(2)
            .take_while(|pair| {
                let gap = &text[pair[0].span.end..pair[1].span.start];
                let digits = |item: &&Item| matches!(item.what, What::Digits(_));
                matches!(gap, "," | ".") && pair.iter().all(digits)
            })
            .count();
        if literal > 1 {
            let written = &text[items[at].span.start..items[at + literal - 1].span.end];
            words.push(written.replace(',', ""));
            at += literal;
            open = false;
            continue;
        }
        let piece = first_piece(&items[at..], true);
        let repeated = matches!(items[at].what, What::Number(Numeral::Repeat(_)));
        let single = piece.digits.len() == 1 || repeated;
        match words.last_mut() {
            Some(last) if open && single => last.push_str(&piece.digits),
            _ => words.push(piece.digits),
        }
        open = single;
        at += piece.parts;
    }
}

/// Adds a word, contractions in full: "what's" is "what is", "can't" is "can not".
fn expand(word: &str, words: &mut Vec<String>) {
    let reading = &english().reading;
    if let Some(whole) = reading.in_full.get(word) {
        words.extend(whole.split(' ').map(str::to_owned));
        return;
    }
    let (head, tail) = match word.split_once('\'') {
        None => (word, ""),
        Some((head, "t")) => (head.strip_suffix('n').unwrap_or(head), "not"),
        Some((head, "s")) if reading.is_heads.contains(head) => (head, "is"),
        Some((head, "m")) => (head, "am"),
        Some((head, "re")) => (head, "are"),
        Some((head, "ve")) => (head, "have"),
        Some((head, "ll")) => (head, "will"),
        Some((head, "d")) => (head, "would"),
        Some((_, "clock")) => ("oclock", ""),
        Some((head, _)) => (head, ""),
    };
    let parts = [head, tail].into_iter().filter(|part| !part.is_empty());
    words.extend(parts.map(str::to_owned));
}

fn symbol(c: char) -> Option<&'static str> {
    Some(match c {
        '$' => "dollar",
        '£' => "pound",
        '€' => "euro",
        '₹' => "rupee",
        '%' => "percent",
        _ => return None,
    })
}

/// The word without accents, for the Latin letters that names and loan words bring.
fn plain(word: &str) -> String {
    let letter = |c: char| match c {
        'à'..='å' => 'a',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        _ => c,
    };
    word.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::normalize;

    fn check(text: &str, expected: &str) {
        let words: Vec<String> = normalize(text).into_iter().map(|w| w.text).collect();
        assert_eq!(words.join(" "), expected, "{text:?} normalised");
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
            "What's my limit? I can't see it.",
            "what is my limit i can not see it",
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
        check("two hundred and fifty dollars", "250 dollars");
        check("1,500.75 and 3 thousand", "1500.75 and 3000");
        check("four, oh one", "401");
        check("I pay 50k, or 12 %", "i pay 50k or 12 percent");
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
