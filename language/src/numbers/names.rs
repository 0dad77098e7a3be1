//! The number words of English: one table for reading and for speaking.

/// Zero to nineteen.
pub(super) const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
/// Twenty to ninety.
pub(super) const TENS: [&str; 8] = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
/// Powers of ten with a name, by their zeros; the largest first.
pub(super) const SCALES: [(u32, &str); 4] = [
    (12, "trillion"),
    (9, "billion"),
    (6, "million"),
    (3, "thousand"),
];

/// A number word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numeral {
    /// 0 to 9.
    Digit(u8),
    /// 10 to 19.
    Teen(u8),
    /// 20, 30 … 90.
    Tens(u8),
    /// The word itself.
    Hundred,
    /// Thousand, million and beyond, by their zeros.
    Power(u32),
    /// "double", "triple".
    Repeat(u8),
}

/// What a lower-case word means as a number; `None` for every other word.
pub(crate) fn numeral(word: &str) -> Option<Numeral> {
    let within = |names: &[&str]| {
        let at = names.iter().position(|name| *name == word)?;
        u8::try_from(at).ok()
    };
    if let Some(value) = within(&SMALL) {
        return Some(match value {
            0..10 => Numeral::Digit(value),
            _ => Numeral::Teen(value),
        });
    }
    if let Some(value) = within(&TENS) {
        return Some(Numeral::Tens((value + 2) * 10));
    }
    if let Some((zeros, _)) = SCALES.iter().find(|(_, name)| *name == word) {
        return Some(Numeral::Power(*zeros));
    }
    Some(match word {
        "oh" | "o" | "nought" | "naught" | "nil" | "null" => Numeral::Digit(0),
        "niner" => Numeral::Digit(9),
        "fourty" => Numeral::Tens(40),
        "hundred" => Numeral::Hundred,
        "double" => Numeral::Repeat(2),
        "triple" | "treble" => Numeral::Repeat(3),
        "quadruple" => Numeral::Repeat(4),
        _ => return None,
    })
}

/// Whether a word is digits, or the name of one digit in any case.
#[must_use]
pub fn is_digit(word: &str) -> bool {
    let word = word.to_lowercase();
    let digits = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    digits || matches!(numeral(&word), Some(Numeral::Digit(_)))
}
