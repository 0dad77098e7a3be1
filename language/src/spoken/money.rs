//! Amounts of money, with their sign or code before them or their unit behind.

use crate::{
    english::{Currency, english},
    numbers::{cardinal, in_words, in_words_with_scale, whole_number},
};

/// The amount that begins `words` (each without the punctuation around it), and of how many of them it consists:
/// "$1,250.50", "KES 1,500", "20 euros", "$1.5 million".
pub(super) fn amount(words: &[&str]) -> Option<(String, usize)> {
    let (first, rest) = words.split_first()?;
    for currency in &english().speaking.currency {
        for sign in &currency.before {
            if let Some(number) = first.strip_prefix(sign.as_str())
                && let Some((amount, more)) = currency.amount(number, rest)
            {
                return Some((amount, 1 + more));
            }
            if first.trim_end_matches('.') == sign
                && let Some((number, rest)) = rest.split_first()
                && let Some((amount, more)) = currency.amount(number, rest)
            {
                return Some((amount, 2 + more));
            }
        }
        let mut names = currency.unit.iter().chain(&currency.before);
        if rest
            .first()
            .is_some_and(|unit| names.any(|name| name == unit))
        {
            return currency.spoken(first).map(|amount| (amount, 2));
        }
    }
    None
}

impl Currency {
    /// `number` and, if a name for a power of ten follows, that too.
    fn amount(&self, number: &str, rest: &[&str]) -> Option<(String, usize)> {
        let scaled = rest
            .first()
            .and_then(|scale| in_words_with_scale(number, scale));
        match scaled {
            Some(number) => Some((format!("{number} {}", self.unit[1]), 1)),
            None => self.spoken(number).map(|amount| (amount, 0)),
        }
    }

    fn spoken(&self, number: &str) -> Option<String> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = whole_number(whole)?;
        let hundredths: u64 = match fraction.len() {
            0 => 0,
            2 if fraction.chars().all(|c| c.is_ascii_digit()) => fraction.parse().ok()?,
            // "$1.5" has no cents.
            _ => return in_words(number).map(|number| format!("{number} {}", self.unit[1])),
        };
        let count = |number: u64, names: &[String; 2]| {
            format!("{} {}", cardinal(number), names[usize::from(number != 1)])
        };
        Some(match (whole, hundredths) {
            (whole, 0) => count(whole, &self.unit),
            (0, hundredths) => count(hundredths, &self.hundredth),
            (whole, hundredths) => format!(
                "{} and {}",
                count(whole, &self.unit),
                count(hundredths, &self.hundredth)
            ),
        })
    }
}
