//! A question as it goes into a pack, where everybody reads it who has the pack.

use super::{LineError, strict_line};

/// Characters of a question at most.
const LONGEST: usize = 200;

/// Why a question is not for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhrasingError {
    /// It is no such line.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It has a number: of an order, a house or a person.
    #[error("it has no digits: leave numbers out, or write them as words")]
    Digits,
    /// It has square brackets, in which stands what was taken out.
    #[error("it has no square brackets: word it without what was taken out")]
    Brackets,
}

/// A caller's question that becomes a known way of asking: trimmed, 1 to 200 characters, none of them hidden, without
/// digits and without the marks of what was redacted.
///
/// # Errors
/// [`PhrasingError`], which says what is accepted.
pub fn phrasing(text: &str) -> Result<&str, PhrasingError> {
    let line = strict_line(text, LONGEST)?;
    if line.contains(char::is_numeric) {
        Err(PhrasingError::Digits)
    } else if line.contains(['[', ']']) {
        Err(PhrasingError::Brackets)
    } else {
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_name_one_caller_is_no_question_for_everybody() {
        assert_eq!(phrasing(" May I bring a dog? "), Ok("May I bring a dog?"));
        for (given, why) in [
            ("order 4711 is late", PhrasingError::Digits),
            ("room \u{0664}\u{0667}", PhrasingError::Digits),
            ("is [card number] mine", PhrasingError::Brackets),
            ("", LineError::Empty.into()),
            ("one\ntwo", LineError::Hidden.into()),
            (&"x".repeat(201), LineError::TooLong(200).into()),
        ] {
            assert_eq!(phrasing(given), Err(why), "{given:?}");
        }
    }
}
