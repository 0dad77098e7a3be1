//! Codes: digits that were dialled or said one by one or in groups.

use std::ops::{Range, RangeInclusive};

use language::numbers::{chains, digits_in_words};

use super::{
    SlotValue,
    read::{Found, Level},
    said::Said,
};

/// Digits of a code.
const DIGITS: RangeInclusive<usize> = 4..=12;
/// Digits that are said in one breath.
const GROUP: usize = 3;

pub(super) fn codes(said: &Said<'_>, part: &Range<usize>, level: Level) -> Vec<Found> {
    let items = said.items.get(part.clone()).unwrap_or_default();
    let none: [&str; 0] = [];
    let chains = chains(said.text, items, &none).into_iter();
    let code = |chain: &language::numbers::Chain| {
        let pieces = match level {
            Level::Asked => &chain.pieces,
            Level::Plain | Level::Corrected => chain.string_pieces(),
        };
        let digits: String = pieces.iter().map(|piece| piece.digits.as_str()).collect();
        DIGITS.contains(&digits.len()).then(|| Found {
            at: part.start + chain.items.start..part.start + chain.items.end,
            value: SlotValue {
                spoken: in_groups(&digits),
                sent: digits,
            },
        })
    };
    chains.filter_map(|chain| code(&chain)).collect()
}

/// Digits in words, with a pause between groups.
pub(super) fn in_groups(digits: &str) -> String {
    let count = digits.len();
    let mut groups: Vec<&str> = Vec::new();
    let mut rest = digits;
    while !rest.is_empty() {
        // Four digits at the end are one group: no digit stands alone.
        let length = match rest.len() {
            4 => 4,
            _ if count == 8 => 4,
            length => length.min(GROUP),
        };
        let Some((group, after)) = rest.split_at_checked(length) else {
            break;
        };
        groups.push(group);
        rest = after;
    }
    let groups: Vec<String> = groups.into_iter().map(digits_in_words).collect();
    groups.join(", ")
}
