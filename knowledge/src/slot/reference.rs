//! References, such as what was promised has: up to two letters, then six digits, said one by one or written.

use std::ops::Range;

use language::numbers::chains;

use super::{
    SlotValue,
    read::{Found, Level},
    said::Said,
};

/// Letters of a reference at most.
const LETTERS: usize = 2;
/// Digits of a reference.
const DIGITS: usize = 6;

/// Without letters it is one only where it was asked for.
pub(super) fn references(said: &Said<'_>, part: &Range<usize>, level: Level) -> Vec<Found> {
    let items = said.items.get(part.clone()).unwrap_or_default();
    let none: [&str; 0] = [];
    let spelled = chains(said.text, items, &none)
        .into_iter()
        .filter_map(|chain| {
            let digits: String = chain.pieces.iter().map(|piece| &*piece.digits).collect();
            let start = part.start + chain.items.start;
            let (letters, from) = letters_before(said, part, start);
            found(&letters, &digits, from..part.start + chain.items.end)
        });
    let written = part.clone().filter_map(|at| {
        let key = said.key(at);
        let (letters, digits) = key.split_at_checked(LETTERS)?;
        found(letters, digits, at..at + 1)
    });
    let has_letters = |found: &Found| found.value.sent.starts_with(char::is_alphabetic);
    let found = spelled.chain(written);
    found
        .filter(|found| level == Level::Asked || has_letters(found))
        .collect()
}

fn found(letters: &str, digits: &str, at: Range<usize>) -> Option<Found> {
    let sent = format!("{}{digits}", letters.to_uppercase());
    let value = SlotValue {
        spoken: spoken(&sent)?,
        sent,
    };
    Some(Found { at, value })
}

/// A reference with spaces, as it is shown; whoever speaks it spells it. `None`: it is no reference.
pub(crate) fn spoken(sent: &str) -> Option<String> {
    let (letters, digits) = sent.split_at_checked(sent.len().checked_sub(DIGITS)?)?;
    let is_reference = letters.len() <= LETTERS
        && letters.bytes().all(|b| b.is_ascii_uppercase())
        && digits.bytes().all(|b| b.is_ascii_digit());
    let (first, second) = digits.split_at(DIGITS / 2);
    let shown = format!("{letters} {first} {second}");
    is_reference.then(|| shown.trim_start().to_owned())
}

/// The letters right before a place: "b k", "bk".
fn letters_before(said: &Said<'_>, part: &Range<usize>, end: usize) -> (String, usize) {
    let (mut letters, mut from) = (String::new(), end);
    while letters.len() < LETTERS && from > part.start {
        let key = said.key(from - 1);
        let is_spelled = !key.is_empty()
            && letters.len() + key.len() <= LETTERS
            && key.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_spelled {
            break;
        }
        letters.insert_str(0, key);
        from -= 1;
    }
    if letters.len() == LETTERS {
        (letters, from)
    } else {
        (String::new(), end)
    }
}
