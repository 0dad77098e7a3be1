//! Amounts of money: from what was said to minor units and a currency's code, and back to what is said.

use std::ops::Range;

use crate::{
    english::english,
    numbers::grouped,
    quantity::{Manner, ONE, Quantity, quantities},
};

/// Places behind the point in which an amount of a large scale is said; finer ones are said in full.
const PLACES: u32 = 2;

/// An amount of money that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// ISO 4217 code: the one that was said, or the pack's own.
    pub currency: String,
    /// How it is bounded.
    pub manner: Manner,
    /// Its lower end in minor units.
    pub least: Option<i64>,
    /// Its upper end in minor units.
    pub most: Option<i64>,
    /// The bound leaves the amount itself out.
    pub is_strict: bool,
}

impl Amount {
    /// The quantity as money of its own currency or of this one; `None` when it is too large to count.
    #[must_use]
    pub fn of(quantity: &Quantity, own: &str) -> Option<Self> {
        let currency = quantity.currency.as_deref().unwrap_or(own);
        let minor = |value: Option<i64>| match value {
            Some(value) => minor(value, currency).map(Some),
            None => Some(None),
        };
        Some(Self {
            span: quantity.span.clone(),
            manner: quantity.manner,
            is_strict: quantity.is_strict,
            least: minor(quantity.least)?,
            most: minor(quantity.most)?,
            currency: currency.to_owned(),
        })
    }
}

/// The amounts of money in `text`: numbers with a currency or with a large scale. `own` is the currency of those that
/// name none.
#[must_use]
pub fn amounts(text: &str, own: &str) -> Vec<Amount> {
    let money = |quantity: &Quantity| quantity.currency.is_some() || quantity.scaled;
    let found = quantities(text).into_iter().filter(money);
    found
        .filter_map(|quantity| Amount::of(&quantity, own))
        .collect()
}

/// Minor units of so many thousandths of a currency's unit.
#[must_use]
pub fn minor(thousandths: i64, currency: &str) -> Option<i64> {
    let units = 10_i64.pow(digits(currency));
    Some(thousandths.checked_mul(units)? / ONE)
}

/// A decimal as files hold amounts, "799.50", in minor units.
#[must_use]
pub fn parse(decimal: &str, currency: &str) -> Option<i64> {
    let digits = digits(currency);
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let figures = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 13 || !figures(whole) || !figures(part) {
        return None;
    }
    if part.len() > digits as usize || decimal.ends_with('.') {
        return None;
    }
    let padded = format!("{whole}{part:0<width$}", width = digits as usize);
    padded.parse().ok()
}

/// The spoken name of a currency's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// Of exactly one: "dollar".
    pub one: &'a str,
    /// Of all else: "dollars".
    pub many: &'a str,
}

/// An amount as it is said: "1,250 dollars", "1 dollar", "1.85 crore rupees". `scales` are the large scales in which this
/// currency is counted, by name ("crore", "lakh"), the largest first.
#[must_use]
pub fn said(minor: i64, currency: &str, unit: Unit<'_>, scales: &[String]) -> String {
    let digits = digits(currency);
    let one = 10_i64.pow(digits);
    for scale in scales {
        let known = english()
            .quantity
            .scale
            .iter()
            .find(|known| known.words.contains(scale));
        let Some(size) = known.and_then(|known| known.times.checked_mul(one)) else {
            continue;
        };
        let step = size / 10_i64.pow(PLACES);
        if minor >= size && step > 0 && minor % step == 0 {
            let hundredths = minor / step;
            let (whole, part) = (hundredths / 100, hundredths % 100);
            let part = format!("{part:02}");
            let part = part.trim_end_matches('0');
            let point = if part.is_empty() { "" } else { "." };
            return format!("{whole}{point}{part} {scale} {}", unit.many);
        }
    }
    let decimal = match digits {
        0 => minor.to_string(),
        _ => format!("{}.{:0>2}", minor / one, minor.rem_euclid(one)),
    };
    let amount = grouped(&decimal).unwrap_or(decimal);
    let amount = amount.strip_suffix(".00").unwrap_or(&amount);
    let unit = if minor.abs() == one {
        unit.one
    } else {
        unit.many
    };
    format!("{amount} {unit}")
}

/// The factor of a scale by its name: 100,000 for "lakh".
#[must_use]
pub fn scale(name: &str) -> Option<i64> {
    let mut scales = english().quantity.scale.iter();
    let known = scales.find(|scale| scale.words.iter().any(|word| word == name))?;
    Some(known.times)
}

fn digits(currency: &str) -> u32 {
    let mut known = english().quantity.currency.iter();
    let known = known.find(|known| known.code == currency);
    known.map_or(2, |known| known.digits)
}
