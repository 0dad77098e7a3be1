//! Telephone numbers, said or typed, as E.164.

use std::ops::Range;

use call::input::PhoneNumber;
use language::numbers::{Chain, Gap, Piece, chains, digits_in_words};

use super::{
    Slot, SlotKind, SlotValue, code,
    read::{Found, Level, Reader},
    said::Said,
};

impl Reader<'_> {
    pub(super) fn phones(self, said: &Said<'_>, part: &Range<usize>, level: Level) -> Vec<Found> {
        let chains = chains_of(said, part).into_iter();
        let found = chains.filter_map(|chain| {
            let start = part.start + chain.items.start;
            let has_plus = chain.plus || self.is_plus_before(said, part, start);
            let pieces = match level {
                Level::Asked => &chain.pieces,
                Level::Plain | Level::Corrected => chain.string_pieces(),
            };
            let is_loose = level == Level::Asked;
            let (run, number) = runs(pieces).chain([&*chain.literal]).find_map(|run| {
                let number = self.number(&digits(run), has_plus, is_loose)?;
                Some((run, number))
            })?;
            Some(Found {
                at: said.places(part, &(run.first()?.span.start..run.last()?.span.end)),
                value: self.phone_value(number),
            })
        });
        found.collect()
    }

    /// A number that was corrected while it was said: "0771 234, no, 244 567".
    pub(super) fn repaired(self, slot: &Slot, said: &Said<'_>) -> Option<Found> {
        if slot.kind != SlotKind::Phone {
            return None;
        }
        said.parts.windows(2).rev().find_map(|parts| {
            let [before, behind] = parts else {
                return None;
            };
            let first = chains_of(said, before).pop()?;
            let second = chains_of(said, behind).into_iter().next()?;
            let is_joined = before.start + first.items.end == before.end && second.items.start == 0;
            let (kept, new) = (digits(&first.pieces), digits(&second.pieces));
            let start = before.start + first.items.start;
            let has_plus = first.plus || self.is_plus_before(said, before, start);
            // As many digits are replaced as make it a number.
            let mut replaced = 0..=new.len().min(kept.len());
            let number = replaced.find_map(|count| {
                let kept = kept.get(..kept.len() - count)?;
                self.number(&format!("{kept}{new}"), has_plus, false)
            });
            number.filter(|_| is_joined).map(|number| Found {
                at: start..behind.start + second.items.end,
                value: self.phone_value(number),
            })
        })
    }

    fn is_plus_before(self, said: &Said<'_>, part: &Range<usize>, at: usize) -> bool {
        at > part.start && said.key(at - 1) == self.words.phone.plus
    }

    /// The number that the digits stand for.
    fn number(self, digits: &str, has_plus: bool, is_loose: bool) -> Option<PhoneNumber> {
        let own = self.country;
        let abroad = match has_plus {
            true => Some(digits),
            false => digits.strip_prefix("00"),
        };
        let international = match abroad {
            Some(digits) => {
                own.map_or_else(|| digits.to_owned(), |own| own.without_inner_trunk(digits))
            }
            None => {
                let own = own?;
                let is_whole = own.groups(digits).is_some();
                let national = own.international(digits, is_loose);
                national.or_else(|| is_whole.then(|| digits.to_owned()))?
            }
        };
        format!("+{international}").parse().ok()
    }

    fn phone_value(self, number: PhoneNumber) -> SlotValue {
        let sent = String::from(number);
        let digits = sent.trim_start_matches('+');
        let national = self.country.and_then(|country| country.groups(digits));
        let spoken = match national {
            Some(groups) => {
                let groups: Vec<String> =
                    groups.iter().map(|group| digits_in_words(group)).collect();
                groups.join(", ")
            }
            None => format!("{} {}", self.words.phone.plus, code::in_groups(digits)),
        };
        SlotValue { sent, spoken }
    }
}

fn chains_of(said: &Said<'_>, part: &Range<usize>) -> Vec<Chain> {
    let none: [&str; 0] = [];
    let items = said.items.get(part.clone()).unwrap_or_default();
    chains(said.text, items, &none)
}

fn digits(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.digits.as_str()).collect()
}

/// All pieces, then those between pauses, the longest runs first: "for two, 0771 234 567".
fn runs(pieces: &[Piece]) -> impl Iterator<Item = &[Piece]> {
    let pauses = (1..pieces.len()).filter(|at| {
        pieces
            .get(*at)
            .is_some_and(|piece| piece.gap == Gap::Clause)
    });
    let mut ends: Vec<usize> = pauses.collect();
    ends.insert(0, 0);
    ends.push(pieces.len());
    let mut runs: Vec<&[Piece]> = Vec::new();
    for (at, from) in ends.iter().enumerate() {
        let later = ends.get(at + 1..).unwrap_or_default();
        runs.extend(later.iter().filter_map(|to| pieces.get(*from..*to)));
    }
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    runs.into_iter()
}
