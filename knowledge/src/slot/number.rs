//! Numbers and amounts of money, in words and digits.

use std::ops::Range;

use language::{
    numbers::grouped,
    quantity::{Manner, ONE, Quantity, quantities},
};

use super::{
    MAX_TEXT, Slot, SlotValue,
    read::{Found, Level},
    said::Said,
    same,
};

/// The quantities of a part, with their places in the turn.
fn quantities_of(said: &Said<'_>, part: &Range<usize>) -> Vec<(Quantity, Range<usize>)> {
    let base = said.items.get(part.start).map_or(0, |item| item.span.start);
    let found = quantities(said.text_of(part)).into_iter();
    found
        .map(|quantity| {
            let bytes = base + quantity.number.start..base + quantity.number.end;
            let at = said.places(part, &bytes);
            (quantity, at)
        })
        .collect()
}

pub(super) fn numbers(slot: &Slot, said: &Said<'_>, part: &Range<usize>) -> Vec<Found> {
    let within = |thousandths: &i64| {
        let least = slot
            .least
            .is_none_or(|least| i64::from(least) * ONE <= *thousandths);
        least
            && slot
                .most
                .is_none_or(|most| *thousandths <= i64::from(most) * ONE)
    };
    let plain = quantities_of(said, part).into_iter();
    let plain = plain.filter(|(quantity, _)| quantity.currency.is_none());
    plain
        .filter_map(|(quantity, at)| {
            let value = one(&quantity).filter(within).and_then(decimal)?;
            Some(Found {
                at,
                value: same(value),
            })
        })
        .collect()
}

/// What names a currency is an amount before what does not; "open one" names none, unless it was asked for.
pub(super) fn amounts(said: &Said<'_>, part: &Range<usize>, level: Level) -> Vec<Found> {
    let mut found = quantities_of(said, part);
    found.retain(|(quantity, at)| {
        let is_one = one(quantity) == Some(ONE) && quantity.currency.is_none();
        let is_word = said.key(at.start).chars().all(char::is_alphabetic);
        level == Level::Asked || !(is_one && is_word)
    });
    found.sort_by_key(|(quantity, _)| quantity.currency.is_none() && !quantity.scaled);
    let amount = |(quantity, at): (Quantity, Range<usize>)| {
        let sent = decimal(one(&quantity)?)?;
        let spoken = grouped(&sent)?;
        let value = SlotValue { sent, spoken };
        Some(Found { at, value })
    };
    found.into_iter().filter_map(amount).collect()
}

/// The one value that a quantity names: "between two and three" names none.
fn one(quantity: &Quantity) -> Option<i64> {
    match quantity.manner {
        Manner::Between => None,
        _ => quantity.most.or(quantity.least),
    }
}

/// Whether a text is a number as it is sent.
pub(super) fn is_decimal(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let figures = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    figures(whole) && figures(part) && text.len() <= MAX_TEXT
}

/// Thousandths as a decimal.
fn decimal(thousandths: i64) -> Option<String> {
    let (whole, part) = (thousandths / ONE, thousandths % ONE);
    if thousandths < 0 {
        return None;
    }
    let text = format!("{whole}.{part:03}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(text.to_owned())
}
