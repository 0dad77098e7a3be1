//! A turn as slots are read from it: its words with their places, in the parts between which it corrects itself.

use std::ops::Range;

use language::numbers::{Item, Numeral, What, scan};

/// Words that a correction has at most, in a row: "no no wait sorry".
const MOST_CORRECTIONS: usize = 6;

/// The items but for these words where they stand apart: not the "er" of "er.smith@example.com".
fn without(text: &str, items: Vec<Item>, words: &[String]) -> Vec<Item> {
    let is_left_out = |item: &Item| {
        let behind = text.get(item.span.end..).unwrap_or_default();
        let behind = behind.trim_start_matches([',', '.', '…']);
        let before = text.get(..item.span.start).unwrap_or_default();
        let is_apart = behind.is_empty() || behind.starts_with(char::is_whitespace);
        let is_word = |word: &str| words.iter().any(|left_out| left_out == word);
        is_apart
            && (before.is_empty() || before.ends_with(char::is_whitespace))
            && item.word().is_some_and(is_word)
    };
    let mut kept: Vec<Item> = Vec::with_capacity(items.len());
    let mut hesitates = false;
    for mut item in items {
        if is_left_out(&item) {
            hesitates = true;
            continue;
        }
        item.parted &= !hesitates;
        hesitates = false;
        kept.push(item);
    }
    kept
}

/// A turn. Places are those of its items.
pub(super) struct Said<'a> {
    pub(super) text: &'a str,
    pub(super) items: Vec<Item>,
    /// The items as written, in lower case.
    keys: Vec<String>,
    /// What stands before, between and behind corrections; a part may be empty.
    pub(super) parts: Vec<Range<usize>>,
}

impl<'a> Said<'a> {
    /// Words of `hesitation` are left out: the "um" of "ten, um, thirty" is no pause. `corrections` are phrases that take
    /// back what stands before them.
    pub(super) fn new(text: &'a str, hesitation: &[String], corrections: &[&[String]]) -> Self {
        let items = without(text, scan(text, &[]), hesitation);
        let keys = items.iter().map(|item| match &item.what {
            What::Word(word) => word.clone(),
            _ => text[item.span.clone()].to_lowercase(),
        });
        let mut said = Self {
            text,
            keys: keys.collect(),
            items,
            parts: Vec::new(),
        };
        said.parts = said.split(corrections);
        said
    }

    fn split(&self, corrections: &[&[String]]) -> Vec<Range<usize>> {
        let all = 0..self.items.len();
        let correction = |at: usize| {
            let ends = corrections
                .iter()
                .filter_map(|phrases| self.phrase(at, &all, phrases));
            ends.max()
        };
        let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
        while at < all.end {
            let Some(mut end) = correction(at) else {
                at += 1;
                continue;
            };
            for _ in 1..MOST_CORRECTIONS {
                end = correction(end).unwrap_or(end);
            }
            parts.push(from..at);
            (from, at) = (end, end);
        }
        parts.push(from..all.end);
        parts
    }

    /// The whole turn as one part.
    pub(super) fn whole(&self) -> Range<usize> {
        0..self.items.len()
    }

    /// The word at a place, in lower case; empty beyond the end.
    pub(super) fn key(&self, at: usize) -> &str {
        self.keys.get(at).map_or("", String::as_str)
    }

    /// What stands between a place and the one before.
    pub(super) fn gap(&self, at: usize) -> &str {
        let before = at.checked_sub(1).and_then(|before| self.items.get(before));
        match (before, self.items.get(at)) {
            (Some(before), Some(item)) => &self.text[before.span.end..item.span.start],
            _ => "",
        }
    }

    /// A pause stands before it.
    pub(super) fn is_parted(&self, at: usize) -> bool {
        self.items.get(at).is_none_or(|item| item.parted)
    }

    pub(super) fn is_numeral(&self, at: usize) -> bool {
        self.items.get(at).is_some_and(Item::is_numeral)
    }

    pub(super) fn is_any(&self, at: usize, words: &[String]) -> bool {
        let key = self.key(at);
        !key.is_empty() && words.iter().any(|word| word == key)
    }

    /// Where the longest of these phrases ends that begins at a place.
    pub(super) fn phrase(
        &self,
        at: usize,
        part: &Range<usize>,
        phrases: &[String],
    ) -> Option<usize> {
        let end = |phrase: &String| {
            let mut end = at;
            for word in phrase.split(' ') {
                if end >= part.end || self.key(end) != word {
                    return None;
                }
                end += 1;
            }
            Some(end)
        };
        phrases.iter().filter_map(end).max()
    }

    /// The number below a hundred that begins at a place, or written digits; and where it ends.
    pub(super) fn number(&self, at: usize, part: &Range<usize>) -> Option<(u32, usize)> {
        if at >= part.end {
            return None;
        }
        match &self.items.get(at)?.what {
            What::Digits(digits) => Some((digits.parse().ok()?, at + 1)),
            What::Number(Numeral::Digit(value) | Numeral::Teen(value)) => {
                Some((u32::from(*value), at + 1))
            }
            What::Number(Numeral::Tens(tens)) => match self.items.get(at + 1).map(|i| &i.what) {
                Some(What::Number(Numeral::Digit(unit)))
                    if *unit > 0 && at + 1 < part.end && !self.is_parted(at + 1) =>
                {
                    Some((u32::from(tens + unit), at + 2))
                }
                _ => Some((u32::from(*tens), at + 1)),
            },
            _ => None,
        }
    }

    /// The digits at a place as written; none where it is a word.
    pub(super) fn digits(&self, at: usize) -> Option<&str> {
        match &self.items.get(at)?.what {
            What::Digits(digits) => Some(digits),
            _ => None,
        }
    }

    /// The text of a part.
    pub(super) fn text_of(&self, part: &Range<usize>) -> &'a str {
        let first = self.items.get(part.start);
        let last = part.end.checked_sub(1).and_then(|at| self.items.get(at));
        match (first, last) {
            (Some(first), Some(last)) if !part.is_empty() => {
                &self.text[first.span.start..last.span.end]
            }
            _ => "",
        }
    }

    /// The places in a part of these bytes of the turn.
    pub(super) fn places(&self, part: &Range<usize>, bytes: &Range<usize>) -> Range<usize> {
        let within = |at: &usize| {
            let span = self.items.get(*at).map_or(0..0, |item| item.span.clone());
            span.end > bytes.start && span.start < bytes.end
        };
        let mut places = part.clone().filter(within);
        let first = places.next().unwrap_or(part.start);
        first..places.next_back().unwrap_or(first) + 1
    }
}
