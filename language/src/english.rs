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
    pub(crate) before_codes_behind: CodesBehind,
    pub(crate) dialling: Vec<String>,
    pub(crate) before_years: Vec<String>,
    /// January first.
    pub(crate) months: Vec<String>,
    pub(crate) months_short: Vec<String>,
    /// Monday first; of each the day, and how it is written short.
    pub(crate) days: Vec<Vec<String>>,
    pub(crate) before_roman: Vec<String>,
    pub(crate) behind_amounts: Vec<String>,
    pub(crate) decimal_comma: Vec<String>,
    pub(crate) behind_shares: Vec<String>,
    pub(crate) address_words: Vec<String>,
    pub(crate) abbreviation: Vec<Abbreviation>,
    pub(crate) unit: Vec<Unit>,
    pub(crate) scale: Vec<Scale>,
    pub(crate) currency: Vec<Currency>,
}

/// Words that stand before a code only where another word stands before them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodesBehind {
    pub(crate) words: Vec<String>,
    pub(crate) behind: Vec<String>,
}

/// A word that is written short.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Abbreviation {
    /// Without the full stop behind it.
    pub(crate) short: String,
    pub(crate) said: String,
    /// A full stop behind it may end the sentence.
    #[serde(default)]
    pub(crate) ends: bool,
    /// It stands before a number alone.
    #[serde(default)]
    pub(crate) number: bool,
    /// It counts with its full stop alone.
    #[serde(default)]
    pub(crate) dotted: bool,
    /// It stands before a name.
    #[serde(default)]
    pub(crate) name: bool,
    /// What it is behind a name.
    #[serde(default)]
    pub(crate) otherwise: Option<String>,
}

/// A unit of measure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unit {
    pub(crate) one: String,
    pub(crate) many: String,
    pub(crate) written: Vec<String>,
}

/// A power of ten that is written behind a number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    pub(crate) said: String,
    pub(crate) written: Vec<String>,
    /// Behind a number that is no amount, with no space between.
    pub(crate) attached: Vec<String>,
}

/// A currency as it is written before an amount, and how it is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Currency {
    pub(crate) before: Vec<String>,
    /// One and many.
    pub(crate) unit: [String; 2],
    pub(crate) hundredth: [String; 2],
    /// The hundredth's sign behind a number.
    #[serde(default)]
    pub(crate) small: Option<String>,
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
