//! The words by which quantities are read: `[quantity]` of `packs/languages/en.toml`.

use serde::Deserialize;

/// Number words, bounds, scales and currencies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuantityWords {
    /// Bounds that leave the number itself out.
    pub(crate) under: Vec<String>,
    pub(crate) over: Vec<String>,
    /// Bounds that let it in.
    pub(crate) at_most: Vec<String>,
    pub(crate) at_least: Vec<String>,
    pub(crate) about: Vec<String>,
    pub(crate) between: Vec<String>,
    pub(crate) to: Vec<String>,
    pub(crate) at_most_behind: Vec<String>,
    pub(crate) at_least_behind: Vec<String>,
    pub(crate) about_behind: Vec<String>,
    pub(crate) one: Vec<String>,
    pub(crate) the: Vec<String>,
    pub(crate) couple: Vec<String>,
    pub(crate) half: Vec<String>,
    pub(crate) quarter: Vec<String>,
    pub(crate) point: Vec<String>,
    pub(crate) and: Vec<String>,
    pub(crate) of: Vec<String>,
    pub(crate) ordinals: Vec<String>,
    /// First, second, third …
    pub(crate) orders: Vec<String>,
    pub(crate) scale: Vec<Scale>,
    pub(crate) currency: Vec<Currency>,
}

/// A power of ten with names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scale {
    pub(crate) times: i64,
    /// One and many first: these are said; all are understood.
    pub(crate) words: Vec<String>,
    /// Understood behind a number only, never behind "a".
    #[serde(default)]
    pub(crate) misheard: Vec<String>,
    /// Understood where a currency stands before the number.
    #[serde(default)]
    pub(crate) priced: Vec<String>,
}

/// A currency as it is written and said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Currency {
    pub(crate) code: String,
    /// Digits of its minor unit: 2 where a hundredth is the smallest coin.
    pub(crate) digits: u32,
    pub(crate) before: Vec<String>,
    pub(crate) behind: Vec<String>,
    pub(crate) hundredths: Vec<String>,
}
