//! References: two letters, then six digits, said one by one or written.

use std::ops::Range;

use language::numbers::chains;

use super::{read::Found, said::Said, same};

/// Letters of a reference.
const LETTERS: usize = 2;
/// Digits of a reference.
const DIGITS: usize = 6;

pub(super) fn references(said: &Said<'_>, part: &Range<usize>) -> Vec<Found> {
    let items = said.items.get(part.clone()).unwrap_or_default();
    let none: [&str; 0] = [];
    let spelled = chains(said.text, items, &none).into_iter().filter_map(|chain| {
        let digits: String = chain.pieces.iter().map(|piece| &*piece.digits).collect();
        let (letters, from) = letters_before(said, part, part.start + chain.items.start)?;
        let at = from..part.start + chain.items.end;
        found(&letters, &digits, at)
    });
    let written = part.clone().filter_map(|at| {
        let key = said.key(at);
        let (letters, digits) = key.split_at_checked(LETTERS)?;
        found(letters, digits, at..at + 1)
    });
    spelled.chain(written).collect()
}

fn found(letters: &str, digits: &str, at: Range<usize>) -> Option<Found> {
    let is_letters = letters.len() == LETTERS && letters.bytes().all(|b| b.is_ascii_alphabetic());
    let is_digits = digits.len() == DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_letters || !is_digits {
        return None;
    }
    let letters = letters.to_uppercase();
    let (first, second) = digits.split_at(DIGITS / 2);
    // Whoever speaks it spells it; whoever reads it wants it as it is.
    let value = same(format!("{letters} {first} {second}"));
    Some(Found { at, value })
}

/// The letters right before a place: "b k", "bk".
fn letters_before(said: &Said<'_>, part: &Range<usize>, end: usize) -> Option<(String, usize)> {
    let mut letters = String::new();
    let mut at = end;
    while letters.len() < LETTERS && at > part.start {
        at -= 1;
        let key = said.key(at);
        let is_spelled = key.len() <= LETTERS && key.bytes().all(|b| b.is_ascii_alphabetic());
        if !is_spelled {
            return None;
        }
        letters.insert_str(0, key);
    }
    (letters.len() == LETTERS).then_some((letters, at))
}
