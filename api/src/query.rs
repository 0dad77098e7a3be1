//! What a query gives. Empty means not given: forms send every field.

use std::str::FromStr;

use crate::ApiError;

/// Lines on a page of a list, unless asked otherwise.
const PAGE: i64 = 50;
/// Lines on a page at most.
const LONGEST_PAGE: i64 = 200;

pub(crate) fn given(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// A field of this name; `accepted` is told to who gives something else.
pub(crate) fn parse<T: FromStr>(
    name: &str,
    text: &str,
    accepted: &str,
) -> Result<Option<T>, ApiError> {
    let malformed = |_| ApiError::BadRequest(format!("{name}: give {accepted}"));
    given(text).map(str::parse).transpose().map_err(malformed)
}

/// How long a page of a list is to be.
pub(crate) fn limit(text: &str) -> Result<i64, ApiError> {
    let accepted = "a number from 1 to 200";
    match parse("limit", text, accepted)? {
        None => Ok(PAGE),
        Some(limit @ 1..=LONGEST_PAGE) => Ok(limit),
        Some(_) => Err(ApiError::BadRequest(format!("limit: give {accepted}"))),
    }
}

/// One more than shown tells whether there is a next page: takes it off, and says so.
pub(crate) fn is_cut<T>(items: &mut Vec<T>, limit: i64) -> bool {
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > shown;
    items.truncate(shown);
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_to_two_hundred_lines() {
        for (text, expected) in [("", Some(50)), (" 1 ", Some(1)), ("200", Some(200))] {
            assert_eq!(limit(text).ok(), expected, "{text:?}");
        }
        for refused in ["0", "201", "-1", "many", "9999999999999999999999"] {
            let error = limit(refused).expect_err(refused).to_string();
            assert!(error.contains("from 1 to 200"), "{error}");
        }
    }

    #[test]
    fn what_is_beyond_the_page_is_taken_off() {
        let mut items = vec![1, 2, 3];
        assert!(is_cut(&mut items, 2));
        assert!(!is_cut(&mut items, 2));
        assert_eq!(items, [1, 2]);
    }
}
