//! Numbers as people say them and as recognisers write them: words to digits, digits to words.
//!
//! Recognition may write one spoken number as "4111", "four one one one", "forty-one eleven" or "triple one".
//! What reads numbers normalises first and then works on digits.

mod chain;
mod measure;
mod scan;

pub use chain::{Chain, Gap, Piece, chains, is_filler};
pub use scan::{Item, Numeral, What, scan};

const DIGIT_NAMES: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// The service codes in `text`, such as `*236#`, in order; spoken ones ("star two three six hash") in the same form.
#[must_use]
pub fn service_codes(text: &str) -> Vec<String> {
    let codes = scan(text, &[])
        .into_iter()
        .filter_map(|item| match item.what {
            What::Service(code) => Some(code),
            _ => None,
        });
    codes.collect()
}

/// `text` with spoken numbers and service codes as digits: "two hundred and fifty dollars" becomes "250 dollars".
///
/// A single word such as "one" stays, for it is more often no number ("one moment").
#[must_use]
pub fn normalize(text: &str) -> String {
    let items = scan(text, &[]);
    let mut edits: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for item in &items {
        if let What::Service(code) = &item.what {
            edits.push((item.span.clone(), code.clone()));
        }
    }
    for chain in chains(text, &items) {
        // Numbers apart by a comma or a word are several numbers.
        for run in chain.pieces.chunk_by(|_, next| next.gap != Gap::Clause) {
            let worded = run.iter().map(|p| p.worded).sum::<usize>();
            if worded > 0 && run.iter().map(|p| p.parts).sum::<usize>() > 1 {
                let digits: String = run.iter().map(|p| p.digits.as_str()).collect();
                edits.push((run[0].span.start..run[run.len() - 1].span.end, digits));
            }
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (span, digits) in edits {
        out.push_str(&text[from..span.start]);
        out.push_str(&digits);
        from = span.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The ASCII digits of `digits` one by one as words: "236" becomes "two three six". Other characters are left out.
#[must_use]
pub fn spell(digits: &str) -> String {
    let names = digits
        .chars()
        .filter_map(|c| c.to_digit(10))
        .map(|d| DIGIT_NAMES[d as usize]);
    names.collect::<Vec<&str>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(normalize(text), expected, "normalize({text:?})");
    }

    #[test]
    fn spoken_digits_become_digits() {
        check("four one one one", "4111");
        check("My PIN is four two one nine.", "My PIN is 4219.");
        check("double seven triple zero", "77000");
        check("four double oh one", "4001");
        check("nine O five", "905");
        check("forty-one eleven", "4111");
        check("nineteen ninety", "1990");
        check("one, two, three", "one, two, three");
    }

    #[test]
    fn amounts_become_one_number() {
        check("two hundred and fifty dollars", "250 dollars");
        check("forty five thousand", "45000");
        check("two thousand and nineteen", "2019");
        check("one million two hundred thousand", "1200000");
        check("twenty-five", "25");
        check("send 3 thousand", "send 3000");
        check("four hundred thousand", "400000");
    }

    #[test]
    fn words_that_are_no_numbers_stay() {
        for text in [
            "",
            "Hello there.",
            "One moment please.",
            "Oh, one moment.",
            "No one helps.",
            "a double room",
            "Oh no",
            "250 dollars",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn service_codes_are_found_written_and_spoken() {
        check("Dial star two three six hash now", "Dial *236# now");
        check("Dial *236# now", "Dial *236# now");
        assert_eq!(
            service_codes("*236# or *236*1# or *100"),
            ["*236#", "*236*1#"]
        );
        assert_eq!(service_codes("asterisk 2 36 hash"), ["*236#"]);
        assert_eq!(
            service_codes("star two three six star one hash"),
            ["*236*1#"]
        );
        assert_eq!(service_codes("you are a star 5 times"), [] as [&str; 0]);
    }

    #[test]
    fn digits_are_spelled_one_by_one() {
        assert_eq!(spell("*2 36#"), "two three six");
        assert_eq!(spell(""), "");
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        check(&"million ".repeat(50), &normalize(&"million ".repeat(50)));
        assert!(
            !normalize(&"nine hundred thousand million ".repeat(20)).is_empty(),
            "long input gives output"
        );
    }
}
