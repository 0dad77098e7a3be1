//! The words of English, and this crate's own part of them.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::listening::Listening;

/// The words of English, in TOML: `packs/languages/en.toml`. Each crate that goes by lists of words reads its own part.
pub const ENGLISH: &str = include_str!("../../packs/languages/en.toml");

#[derive(Debug, Deserialize)]
pub(crate) struct English {
    pub(crate) listening: Listening,
    pub(crate) speaking: Speaking,
}

/// How writing is read aloud.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Speaking {
    pub(crate) spelled: Vec<String>,
    pub(crate) as_words: Vec<String>,
    pub(crate) before_codes: Vec<String>,
}

/// This crate's part, read once.
pub(crate) fn english() -> &'static English {
    static READ: LazyLock<English> =
        LazyLock::new(|| toml::from_str(ENGLISH).expect("the tests read the file"));
    &READ
}
