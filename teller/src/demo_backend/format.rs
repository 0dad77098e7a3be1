//! How dates and times are spoken.

use std::fmt;

use chrono::format::{Item, StrftimeItems};
use serde::Deserialize;

/// A format in the notation of strftime, `%A %-d %B`; known to be one, since formatting with another panics.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Format(String);

impl Format {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no such notation, or one of which dates know nothing.
#[derive(Debug)]
pub(super) struct NoFormat(String);

impl fmt::Display for NoFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "{text:?} says no date; accepted: the notation of strftime without zones, such as \"%A %-d %B at %-I:%M %p\""
        )
    }
}

impl TryFrom<String> for Format {
    type Error = NoFormat;

    fn try_from(text: String) -> Result<Self, NoFormat> {
        use fmt::Write as _;
        let items: Vec<Item<'_>> = StrftimeItems::new(&text).collect();
        let mut sample = String::new();
        let time = chrono::NaiveDateTime::default();
        let can_be_said = !items.contains(&Item::Error)
            && write!(sample, "{}", time.format_with_items(items.iter())).is_ok();
        match can_be_said {
            true => Ok(Self(text)),
            false => Err(NoFormat(text)),
        }
    }
}
