//! Telephone numbers in the one form we store: E.164, `+` and 7 to 15 digits.

/// A text that is not an international telephone number.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a telephone number starts with + and has 7 to 15 digits")]
pub struct PhoneNumberError;

/// Strips what people write between digits; `00` in front counts as `+`. A national number is
/// refused: its country would be a guess.
///
/// # Errors
/// If what is left is not E.164.
pub fn normalize_phone_number(text: &str) -> Result<String, PhoneNumberError> {
    let bare: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !"-().".contains(*c))
        .collect();
    let digits = bare
        .strip_prefix('+')
        .or_else(|| bare.strip_prefix("00"))
        .ok_or(PhoneNumberError)?;
    let fits = (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit());
    if fits {
        Ok(format!("+{digits}"))
    } else {
        Err(PhoneNumberError)
    }
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
        ] {
            assert_eq!(
                normalize_phone_number(text).as_deref(),
                Ok("+263771234567"),
                "from {text:?}"
            );
        }
    }

    #[test]
    fn what_names_no_country_or_is_no_number_is_refused() {
        for text in [
            "",
            "0771234567",
            "+",
            "+0123456789",
            "+12345",
            "+1234567890123456",
            "+26377x234567",
            "anonymous",
        ] {
            assert_eq!(
                normalize_phone_number(text),
                Err(PhoneNumberError),
                "from {text:?}"
            );
        }
    }
}
