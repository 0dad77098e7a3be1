//! Who changes something: a name that the audit keeps for good.

/// Characters at most.
const LONGEST: usize = 100;

/// A name as the audit keeps it: trimmed, 1 to 100 characters, none of them a control character.
///
/// # Errors
/// What is wrong with it, in words.
pub fn actor_name(given: &str) -> Result<String, String> {
    let name = given.trim();
    if name.is_empty() {
        return Err("a name is needed".to_owned());
    }
    if name.chars().count() > LONGEST || name.chars().any(char::is_control) {
        return Err(format!(
            "a name has at most {LONGEST} characters and no line breaks"
        ));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_something_that_a_person_can_be_asked_by() {
        assert_eq!(actor_name("  Ann Moyo ").as_deref(), Ok("Ann Moyo"));
        for nobody in ["", "  ", "a\nb", "\u{0}", &"x".repeat(101)] {
            assert!(actor_name(nobody).is_err(), "{nobody:?} is no name");
        }
    }
}
