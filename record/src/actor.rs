//! Who acts, and why: lines that the audit keeps for good.

use call::input::{LineError, strict_line};

/// Characters of a name at most.
const LONGEST_NAME: usize = 100;
/// Characters of a reason at most.
const LONGEST_REASON: usize = 500;

/// A name as the audit keeps it: trimmed, 1 to 100 characters, none of them hidden.
///
/// # Errors
/// [`LineError`], which says what is accepted.
pub fn actor_name(given: &str) -> Result<String, LineError> {
    strict_line(given, LONGEST_NAME).map(str::to_owned)
}

/// A reason as the audit keeps it: trimmed, 1 to 500 characters, none of them hidden.
///
/// # Errors
/// [`LineError`], which says what is accepted.
pub fn action_reason(given: &str) -> Result<String, LineError> {
    strict_line(given, LONGEST_REASON).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_something_that_a_person_can_be_asked_by() {
        assert_eq!(actor_name("  Ann Moyo ").as_deref(), Ok("Ann Moyo"));
        for nobody in ["", "  ", "a\nb", "\u{0}", "\u{202e}nnA", &"x".repeat(101)] {
            assert!(actor_name(nobody).is_err(), "{nobody:?} is no name");
        }
    }
}
