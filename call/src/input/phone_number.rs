use std::{fmt, str::FromStr};

use super::text::{clean_line, is_hidden};

/// Countries whose numbers keep the zero that elsewhere is dialled within the country only: "(0)"
/// behind their code is part of the number. Italy and San Marino, the Congo, Gabon, Ivory Coast
/// (ITU-T Operational Bulletin, national numbering plans).
const ZERO_STAYS: [&str; 5] = ["39", "378", "242", "241", "225"];

/// The zeros of decimal digits that keyboards write in place of ASCII's: Arabic, Persian,
/// Devanagari, Bengali, full width. The nine others follow each.
const ZEROS: [char; 5] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{ff10}'];

/// A text that is not an international telephone number.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
#[error("a telephone number starts with + and its country code, and has 7 to 15 digits")]
pub struct PhoneNumberError;

/// A telephone number in E.164: `+` and 7 to 15 digits.
///
/// Parsed from the ways people write one: spaces, dashes, dots, slashes and brackets between
/// digits, hidden marks that a telephone copies along, digits of other scripts, `00` for `+`,
/// `tel:` in front, and "(0)" behind the country code, which is left out. A national number is
/// refused: its country would be a guess.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// `+` and the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for PhoneNumber {
    /// Numbers are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneNumberError;

    fn from_str(text: &str) -> Result<Self, PhoneNumberError> {
        let bare = bare(text);
        let written = bare.strip_prefix("tel:").unwrap_or(&bare);
        let international = without_plus(written).and_then(without_trunk_zero);
        let digits = international
            .ok_or(PhoneNumberError)?
            .replace(['(', ')'], "");
        let fits = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        if fits {
            Ok(Self(format!("+{digits}")))
        } else {
            Err(PhoneNumberError)
        }
    }
}

/// The number that the telephone network claims for a caller: E.164, or an extension's digits. What
/// it gives in place of one ("anonymous", zeros) is none.
#[must_use]
pub fn caller_number(claimed: &str) -> Option<String> {
    if let Ok(number) = claimed.parse::<PhoneNumber>() {
        return Some(number.into());
    }
    let claimed = clean_line(claimed);
    let is_extension =
        claimed.bytes().all(|b| b.is_ascii_digit()) && claimed.bytes().any(|b| b != b'0');
    is_extension.then_some(claimed)
}

/// The digits of a text as ASCII, such as those of a code that is read out in groups.
#[must_use]
pub fn ascii_digits(text: &str) -> String {
    let digits = text.chars().map(ascii);
    digits.filter(char::is_ascii_digit).collect()
}

/// Without what people write between digits; brackets stay.
fn bare(text: &str) -> String {
    let between = |c: char| {
        c.is_whitespace()
            || is_hidden(c)
            || matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
    };
    let kept = text.chars().filter(|c| !between(*c));
    kept.map(ascii).collect()
}

fn ascii(c: char) -> char {
    let digit = ZEROS.iter().find_map(|zero| {
        let value = u32::from(c).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    });
    match digit {
        Some(digit) => digit,
        None if c == '\u{ff0b}' => '+',
        None => c,
    }
}

/// What follows `+` or `00`, which may stand in a bracket: "(+263) 77".
fn without_plus(written: &str) -> Option<&str> {
    let start = written.trim_start_matches('(');
    start.strip_prefix('+').or_else(|| start.strip_prefix("00"))
}

/// `None`: "(0)" stands where no country code ends.
fn without_trunk_zero(rest: &str) -> Option<String> {
    let Some((country, number)) = rest.split_once("(0)") else {
        return Some(rest.to_owned());
    };
    let country = country.trim_end_matches(')');
    let zero = if ZERO_STAYS.contains(&country) {
        "0"
    } else {
        ""
    };
    // Country codes have one to three digits (ITU-T E.164).
    (1..=3)
        .contains(&country.len())
        .then(|| format!("{country}{zero}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_forms_of_one_number_are_one_number() {
        for text in [
            "+263771234567",
            " +263 77 123-4567",
            "00263771234567",
            "+263 (77) 123.4567",
            "(+263) 77/123 45 67",
            "(00263) 77 1234567",
            "+263(0)771234567",
            "+263 (0) 77 123 4567",
            "(+263)(0)77 1234567",
            "\u{202a}+263 77 123 4567\u{202c}",
            "\u{feff}+263\u{a0}77\u{2011}123\u{200b}4567\0",
            "tel:+263-77-123-4567",
            "\u{ff0b}٢٦٣ ۷۷ १२३ 4567",
        ] {
            let number = text.parse::<PhoneNumber>().map(String::from);
            assert_eq!(number.as_deref(), Ok("+263771234567"), "from {text:?}");
        }
    }

    #[test]
    fn a_zero_that_belongs_to_the_number_stays() {
        for (text, expected) in [
            ("+39 (0)6 6982 0000", "+390669820000"),
            ("+225 (0)7 07 07 07 07", "+2250707070707"),
            ("+44 (0)20 7946 0000", "+442079460000"),
        ] {
            let number = text.parse::<PhoneNumber>().map(String::from);
            assert_eq!(number.as_deref(), Ok(expected), "from {text:?}");
        }
    }

    #[test]
    fn what_names_no_country_or_is_no_number_is_refused() {
        for text in [
            "",
            "0771234567",
            "(0)771234567",
            "+",
            "+(0)771234567",
            "+26377 (0) 1234567",
            "+0123456789",
            "+12345",
            "+1234567890123456",
            "+26377x234567",
            "+263+771234567",
            "anonymous",
        ] {
            assert_eq!(
                text.parse::<PhoneNumber>(),
                Err(PhoneNumberError),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_network_may_claim_a_number_an_extension_or_nothing() {
        for (claimed, expected) in [
            ("\u{202a}+263 77 123 4567\u{202c}", Some("+263771234567")),
            (" 1042 ", Some("1042")),
            ("0000", None),
            ("", None),
            ("anonymous", None),
        ] {
            assert_eq!(caller_number(claimed).as_deref(), expected, "{claimed:?}");
        }
    }

    #[test]
    fn a_code_is_its_digits() {
        assert_eq!(ascii_digits("12 3-4\u{200f}٥۶"), "123456");
    }
}
