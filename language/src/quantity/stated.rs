//! The words by which figures are read that are no amounts: `[stated]` of `packs/languages/en.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Times of day, days and what counts nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatedWords {
    pub(crate) past: Vec<String>,
    pub(crate) to: Vec<String>,
    pub(crate) minutes: Vec<String>,
    pub(crate) oclock: Vec<String>,
    pub(crate) noon: Vec<String>,
    pub(crate) midnight: Vec<String>,
    /// As they stand behind a time.
    pub(crate) morning: Vec<String>,
    pub(crate) afternoon: Vec<String>,
    pub(crate) seconds: Vec<String>,
    /// Between a number and its unit of time: "ten working days".
    pub(crate) kinds_of_time: Vec<String>,
    /// Monday first.
    pub(crate) weekdays: Vec<String>,
    pub(crate) months_and_words: Vec<String>,
    /// Before "a" and a unit of time, which is one of it.
    pub(crate) lasting: Vec<String>,
    /// Two or three of these count what is said, and state nothing.
    pub(crate) uncounted: Vec<String>,
}

/// `[figures]`: percentages and units of time.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FigureWords {
    pub(crate) percent: Vec<String>,
    /// With their minutes.
    pub(crate) periods: BTreeMap<String, i64>,
}
