//! The language's words for catalogues, and what an answer from one is.

use serde::Deserialize;

use super::ask::{Last, RowRef};
use crate::answer::Citation;

/// `[catalogue]` of a language's file: phrases by which a turn is read, and sentences that answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueWords {
    pub(crate) show: Vec<String>,
    pub(crate) want: Vec<String>,
    pub(crate) subjects: Vec<String>,
    pub(crate) deeds: Vec<String>,
    pub(crate) wishes: Vec<String>,
    pub(crate) priced: Vec<String>,
    pub(crate) than: Vec<String>,
    pub(crate) one_of: Vec<String>,
    pub(crate) the: Vec<String>,
    pub(crate) budget: Vec<String>,
    pub(crate) there: Vec<String>,
    pub(crate) own: Vec<String>,
    pub(crate) own_deeds: Vec<String>,
    pub(crate) compare: Vec<String>,
    pub(crate) alternatives: Vec<String>,
    pub(crate) more: Vec<String>,
    pub(crate) count: Vec<String>,
    pub(crate) leans: Vec<String>,
    pub(crate) it: Vec<String>,
    pub(crate) them: Vec<String>,
    pub(crate) which: Vec<String>,
    pub(crate) about: Vec<String>,
    pub(crate) question: Vec<String>,
    pub(crate) one: Vec<String>,
    pub(crate) cheaper: Vec<String>,
    pub(crate) dearer: Vec<String>,
    pub(crate) cheapest: Vec<String>,
    pub(crate) dearest: Vec<String>,
    pub(crate) not: Vec<String>,
    pub(crate) last: Vec<String>,
    pub(crate) ordinals: Vec<Vec<String>>,
    /// Before a year or month: earlier.
    pub(crate) before: Vec<String>,
    /// Makes "before" take in what it bounds.
    pub(crate) end: Vec<String>,
    /// Before a year or month: not later.
    pub(crate) by: Vec<String>,
    /// Before a year or month: not earlier.
    pub(crate) since: Vec<String>,
    pub(crate) months: Vec<String>,
    pub(crate) lines: CatalogueLines,
}

/// The sentences that are the same for every pack.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueLines {
    pub(crate) one_fits: String,
    pub(crate) some_fit: String,
    pub(crate) many_fit: String,
    pub(crate) none_fits: String,
    pub(crate) nothing: String,
    pub(crate) no_more: String,
    pub(crate) with_other: String,
    pub(crate) count: String,
    pub(crate) with: String,
    pub(crate) under: String,
    pub(crate) field: String,
    pub(crate) not_noted: String,
    pub(crate) has: String,
    pub(crate) has_not: String,
    pub(crate) yes: String,
    pub(crate) no: String,
    pub(crate) cheaper: String,
    pub(crate) better_value: String,
    pub(crate) rising: String,
    pub(crate) no_alternative: String,
    pub(crate) foreign: String,
    pub(crate) cannot_compare: String,
    pub(crate) and: String,
    pub(crate) ordinals: Vec<String>,
}

/// An answer from the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What to say, one sentence an item.
    pub sentences: Vec<String>,
    /// The rows that it rests on.
    pub sources: Vec<Citation>,
    /// What the next turn may lean on.
    pub last: Last,
}

impl Offer {
    pub(super) fn new(sentences: Vec<String>, sources: Vec<Citation>, last: Last) -> Self {
        Self {
            sentences,
            sources,
            last,
        }
    }
}

/// A row as a source.
pub(super) fn citation(row: &RowRef, title: &str) -> Citation {
    Citation {
        source: row.source(),
        title: title.to_owned(),
    }
}
