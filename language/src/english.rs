//! The words of English, and this crate's own part of them.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::LazyLock,
};

use serde::{Deserialize, Deserializer};

use crate::{
    guard::Guard,
    listening::Listening,
    quantity::{
        stated::{FigureWords, StatedWords},
        words::QuantityWords,
    },
};

/// The words of English, in TOML: `packs/languages/en.toml`. Each crate that goes by lists of words reads its own part.
pub const ENGLISH: &str = include_str!("../../packs/languages/en.toml");

#[derive(Debug, Deserialize)]
pub(crate) struct English {
    pub(crate) listening: Listening,
    pub(crate) speaking: Speaking,
    pub(crate) reading: Reading,
    pub(crate) quantity: QuantityWords,
    pub(crate) figures: FigureWords,
    pub(crate) stated: StatedWords,
    pub(crate) guard: Guard,
}

/// How writing is read aloud.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Speaking {
    pub(crate) spelled: Vec<String>,
    pub(crate) as_words: Vec<String>,
    pub(crate) before_codes: Vec<String>,
    /// January first.
    pub(crate) months: Vec<String>,
    pub(crate) currency: Vec<Currency>,
}

/// A currency as it is written before an amount, and how it is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Currency {
    pub(crate) before: Vec<String>,
    /// One and many.
    pub(crate) unit: [String; 2],
    pub(crate) hundredth: [String; 2],
}

/// How normalised words are read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reading {
    pub(crate) function_words: HashSet<String>,
    pub(crate) asking: HashSet<String>,
    pub(crate) money: HashSet<String>,
    pub(crate) units: HashSet<String>,
    pub(crate) currencies: HashSet<String>,
    pub(crate) is_heads: HashSet<String>,
    #[serde(deserialize_with = "by_form")]
    pub(crate) in_full: HashMap<String, String>,
    #[serde(deserialize_with = "by_form")]
    pub(crate) irregular: HashMap<String, String>,
}

/// Listed by word, looked up by the forms that stand for it.
fn by_form<'de, D: Deserializer<'de>>(from: D) -> Result<HashMap<String, String>, D::Error> {
    let listed = BTreeMap::<String, Vec<String>>::deserialize(from)?.into_iter();
    let by_form = listed.flat_map(|(word, forms)| {
        let word = move |form| (form, word.clone());
        forms.into_iter().map(word)
    });
    Ok(by_form.collect())
}

/// This crate's part, read once.
pub(crate) fn english() -> &'static English {
    static READ: LazyLock<English> =
        LazyLock::new(|| toml::from_str(ENGLISH).expect("the tests read the file"));
    &READ
}

/// Whether a word in lower case is one of the words by which this crate and others read English: no name that was
/// misheard.
#[must_use]
pub fn is_known_word(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let letters = |c: char| !(c.is_alphabetic() || c == '\'');
        let words = ENGLISH.split(letters).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect()
    });
    WORDS.contains(word)
}
