//! Quantities as they are said: a number in words or digits, with its scale, its currency and what bounds it. "Under
//! two crore", "between five and eight hundred dollars", "a quarter of a million", "1.2k".
//!
//! The words are data (`[quantity]` of `packs/languages/en.toml`); the grammar is here and in `quantity/`.

mod bounds;
mod figure;
mod figures;
mod lex;
mod number;
pub(crate) mod stated;
#[cfg(test)]
mod tests;
pub(crate) mod words;

pub use figure::{Figure, Half};
pub use figures::figures;

use std::ops::Range;

/// One, in the thousandths that quantities are counted in.
pub const ONE: i64 = 1000;

/// How a quantity is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Named alone: "two crore".
    Exactly,
    /// "Under two crore".
    AtMost,
    /// "Over two crore".
    AtLeast,
    /// "Between one and two crore", "two or three".
    Between,
    /// "Around two crore".
    About,
}

/// A quantity that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// Its bytes in the text, with what bounds it and its currency.
    pub span: Range<usize>,
    /// The bytes of the number alone, with its scale.
    pub number: Range<usize>,
    /// How it is bounded.
    pub manner: Manner,
    /// Its lower end, in thousandths; none where only the upper one is named.
    pub least: Option<i64>,
    /// Its upper end, in thousandths.
    pub most: Option<i64>,
    /// The ISO 4217 code of the currency that it names.
    pub currency: Option<String>,
    /// The bound leaves the number itself out: "under", "more than".
    pub is_strict: bool,
    /// It names a power of ten from a thousand up: "lakh", "k".
    pub scaled: bool,
}

/// The quantities that `text` names, in order.
#[must_use]
pub fn quantities(text: &str) -> Vec<Quantity> {
    let pieces = lex::pieces(text);
    let reader = number::Reader::new(&pieces);
    let mut found = Vec::new();
    let mut at = 0;
    let mut free = 0;
    while at < pieces.len() {
        match bounds::quantity(reader, at, free) {
            Some((quantity, end)) => {
                found.push(quantity);
                at = end;
                free = end;
            }
            None => at += 1,
        }
    }
    found
}
