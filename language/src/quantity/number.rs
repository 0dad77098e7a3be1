//! One number with its scale and its currency.

use std::ops::Range;

use super::{ONE, lex::Piece, words::QuantityWords};
use crate::{english::english, is_stop_word, numbers::Numeral};

/// From this scale on a bare number behind it counts hundredths of it: "two lakh fifty".
const LARGE: i64 = 100_000;

/// A number that was read.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// Thousandths.
    pub(super) value: i64,
    /// The number before its scale, in thousandths, and that scale.
    pub(super) coefficient: i64,
    pub(super) scale: i64,
    pub(super) currency: Option<String>,
    /// Pieces of the whole, and where the number itself begins and ends.
    pub(super) pieces: Range<usize>,
    pub(super) bare: Range<usize>,
}

impl Number {
    /// The same number in the scale of another: the 5 of "5 to 8 hundred".
    pub(super) fn scaled_like(mut self, other: &Self) -> Self {
        if self.scale == 1 && other.scale > 1 && self.coefficient <= other.coefficient {
            self.value = self.value.saturating_mul(other.scale);
            self.scale = other.scale;
        }
        self.currency = self.currency.or_else(|| other.currency.clone());
        self
    }
}

/// Reads numbers from pieces.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) pieces: &'a [Piece],
    pub(super) words: &'a QuantityWords,
}

/// A value in thousandths, and the piece after it.
type Read = (i64, usize);

impl<'a> Reader<'a> {
    pub(super) fn new(pieces: &'a [Piece]) -> Self {
        Self {
            pieces,
            words: &english().quantity,
        }
    }

    /// The number that begins at this piece, its currency included.
    pub(super) fn number(self, at: usize) -> Option<Number> {
        let before = self.currency_before(at);
        let start = before.as_ref().map_or(at, |(_, after)| *after);
        let mut number = self.scaled(start, before.is_some())?;
        number.pieces.start = at;
        number.currency = before.map(|(code, _)| code);
        let end = number.pieces.end;
        if let Some((code, hundredths, after)) = self.currency_behind(end, number.value) {
            number.value = number.value.saturating_add(hundredths);
            number.currency.get_or_insert(code);
            number.pieces.end = after;
        }
        Some(number)
    }

    pub(super) fn is(self, at: usize, list: &[String]) -> bool {
        self.pieces
            .get(at)
            .is_some_and(|piece| list.contains(&piece.key))
    }

    /// The piece after the longest of `phrases` that begins at this piece.
    pub(super) fn phrase(self, at: usize, phrases: &[String]) -> Option<usize> {
        let ends = phrases.iter().filter_map(|phrase| {
            let mut end = at;
            for word in phrase.split(' ') {
                let piece = self.pieces.get(end)?;
                if piece.key != word || (end > at && piece.parted) {
                    return None;
                }
                end += 1;
            }
            Some(end)
        });
        ends.max()
    }

    fn currency_before(self, at: usize) -> Option<(String, usize)> {
        self.words.currency.iter().find_map(|currency| {
            let after = self.phrase(at, &currency.before)?;
            Some((currency.code.clone(), after))
        })
    }

    /// The currency behind a number, with the hundredths that may follow: "five dollars and twenty cents". Hundredths
    /// alone take the number for themselves: "fifty cents".
    fn currency_behind(self, at: usize, value: i64) -> Option<(String, i64, usize)> {
        self.words.currency.iter().find_map(|currency| {
            if let Some(after) = self.phrase(at, &currency.hundredths) {
                let hundredth = value / 100;
                return Some((currency.code.clone(), hundredth - value, after));
            }
            let after = self.phrase(at, &currency.behind)?;
            let from = after + usize::from(self.is(after, &self.words.and));
            let cents = self.coefficient(from).and_then(|(cents, end)| {
                let end = self.phrase(end, &currency.hundredths)?;
                (cents < 100 * ONE).then_some((cents / 100, end))
            });
            let cents = cents.or_else(|| self.bare_hundredths(after));
            let (cents, after) = cents.unwrap_or((0, after));
            Some((currency.code.clone(), cents, after))
        })
    }

    /// "Twelve dollars fifty": two figures that count nothing else, as "twelve dollars ten days ago" does.
    fn bare_hundredths(self, at: usize) -> Option<Read> {
        if self.pieces.get(at)?.parted {
            return None;
        }
        let (cents, end) = self.coefficient(at)?;
        let counts = self.pieces.get(end).is_some_and(|piece| {
            let is_plain = piece.parted || is_stop_word(&piece.key);
            !is_plain || self.scale(end, true, false).is_some()
        });
        let fits = (10 * ONE..100 * ONE).contains(&cents) && cents % ONE == 0;
        (fits && !counts).then_some((cents / 100, end))
    }

    /// The factor of the scale at this piece, and the piece after it. A misheard name needs a number before it.
    fn scale(self, at: usize, counted: bool, priced: bool) -> Option<(i64, usize)> {
        let piece = self.pieces.get(at)?;
        let known = self.words.scale.iter().find(|scale| {
            scale.words.contains(&piece.key)
                || counted && scale.misheard.contains(&piece.key)
                || priced && scale.priced.contains(&piece.key)
        })?;
        // A letter is a scale behind a number only.
        let letter = piece.key.chars().count() == 1;
        (counted || !letter).then_some((known.times, at + 1))
    }

    fn scaled(self, at: usize, priced: bool) -> Option<Number> {
        let new = |value, coefficient, scale, end| Number {
            value,
            coefficient,
            scale,
            currency: None,
            pieces: at..end,
            bare: at..end,
        };
        if let Some((part, after)) = self.part_of(at) {
            let (times, end) = self.scale(after, false, priced)?;
            return Some(new(part.checked_mul(times)?, part, times, end));
        }
        let (first, after, counted) = match self.coefficient(at) {
            Some((first, after)) => (first, after, true),
            None => {
                let one = self.phrase(at, &self.words.one)?;
                (ONE, one, false)
            }
        };
        if !counted {
            self.scale(after, false, priced)?;
        }
        let (mut total, mut current, mut end) = (0_i64, first, after);
        let (mut ceiling, mut largest) = (i64::MAX, 1);
        while let Some((times, next)) = self.scale(end, counted || end > after, priced) {
            if times == 100 && (current >= 100 * ONE || ceiling == 100)
                || times >= ceiling && times != 100
            {
                break;
            }
            current = current.checked_mul(times)?;
            end = next;
            largest = largest.max(times);
            if times > 100 {
                if let Some((part, next)) = self.and_part(end) {
                    current = current.checked_add(part.checked_mul(times)?)?;
                    end = next;
                }
                total = total.checked_add(current)?;
                current = 0;
                ceiling = times;
            }
            if let Some((more, next)) = self.more(end, times, ceiling, priced) {
                current = current.checked_add(more)?;
                end = next;
            }
        }
        let value = total.checked_add(current)?;
        Some(new(value, first, largest, end))
    }

    /// What adds on behind a scale: the "twenty lakhs" of "one crore twenty lakhs", the "fifty" of "two hundred and
    /// fifty". What follows "and" behind a large scale begins something new, unless it has a scale itself.
    fn more(self, at: usize, times: i64, ceiling: i64, priced: bool) -> Option<Read> {
        let has_and = self.is(at, &self.words.and);
        let from = at + usize::from(has_and);
        if self.pieces.get(from)?.parted {
            return None;
        }
        let worded = self.pieces[from].written.is_none();
        let (more, next) = self.coefficient(from)?;
        if let Some((smaller, _)) = self.scale(next, true, priced) {
            return (smaller < ceiling && (smaller < times || times == 100 && smaller != 100))
                .then_some((more, next))
                .filter(|_| times > 100);
        }
        if times >= LARGE {
            let ends = self.pieces.get(next).is_none_or(|piece| piece.parted)
                || self.currency_behind(next, more).is_some();
            let part = !has_and && ends && (ONE..100 * ONE).contains(&more);
            return part.then(|| (more * (times / 100), next));
        }
        let fits = more < times * ONE && (times == 100 || more < 1000 * ONE);
        (fits && worded).then_some((more, next))
    }

    /// "Half a", "a quarter of a", "three quarters of a": before a scale.
    fn part_of(self, at: usize) -> Option<Read> {
        let words = self.words;
        let (times, from) = match self.pieces.get(at)?.word {
            Some(Numeral::Digit(times @ 1..=3)) => (i64::from(times), at + 1),
            _ if self.is(at, &words.one) => (1, at + 1),
            _ => (1, at),
        };
        let (part, from) = if self.is(from, &words.half) {
            (500, from + 1)
        } else if self.is(from, &words.quarter) {
            (250, from + 1)
        } else {
            return None;
        };
        let end = self.phrase(from, &words.of).unwrap_or(from);
        Some((times * part, end))
    }

    /// "And a half", "and a quarter", "and three quarters".
    fn and_part(self, at: usize) -> Option<Read> {
        if !self.is(at, &self.words.and) {
            return None;
        }
        let (part, end) = self.part_of(at + 1)?;
        // "And a half million" is a number of its own.
        let own = self.scale(end, false, false).is_some();
        (!own).then_some((part, end))
    }

    /// A number without a scale: "2", "1.5", "eighty five", "one point two", "two and a half", "eight fifty".
    pub(super) fn coefficient(self, at: usize) -> Option<Read> {
        if let Some(end) = self.phrase(at, &self.words.couple) {
            return Some((2 * ONE, end));
        }
        let (value, end) = match self.pieces.get(at)?.written {
            Some(written) => {
                let is_ordinal =
                    self.is(at + 1, &self.words.ordinals) && self.pieces[at + 1].touches;
                if is_ordinal {
                    return Some((written, at + 2));
                }
                (written, at + 1)
            }
            None => match self.order(at) {
                Some(read) => return Some(read),
                None => self.in_words(at)?,
            },
        };
        // "Two and a half crore"; "two and a half" alone counts too.
        let half = self
            .is(end, &self.words.and)
            .then(|| self.part_of(end + 1))
            .flatten();
        match half {
            Some((part, after)) if value % ONE == 0 => Some((value + part, after)),
            _ => Some((value, end)),
        }
    }

    /// "Twentieth": which one, of floors or of months.
    fn order(self, at: usize) -> Option<Read> {
        let key = &self.pieces.get(at)?.key;
        let place = self.words.orders.iter().position(|order| order == key)?;
        Some(((i64::try_from(place).ok()? + 1) * ONE, at + 1))
    }

    fn in_words(self, at: usize) -> Option<Read> {
        let (whole, mut end) = self.below_hundred(at)?;
        let mut value = whole * ONE;
        if self.is(end, &self.words.point) {
            let mut place = ONE;
            let mut digits = end + 1;
            while let Some(digit) = self.digit(digits).filter(|_| place > 1) {
                place /= 10;
                value += digit * place;
                digits += 1;
            }
            if place < ONE {
                return Some((value, digits));
            }
        }
        // "Eight fifty" is 850, unless a large scale follows: then these are two numbers.
        let joined = self.below_hundred(end).filter(|(more, next)| {
            let scale = self.scale(*next, true, false).map(|(times, _)| times);
            (10..100).contains(more)
                && whole > 0
                && !self.pieces[end].parted
                && scale.is_none_or(|times| times == 1000)
        });
        if let Some((more, next)) = joined {
            value = (whole * 100 + more) * ONE;
            end = next;
        }
        Some((value, end))
    }

    fn below_hundred(self, at: usize) -> Option<Read> {
        match self.pieces.get(at)?.word? {
            Numeral::Digit(_) => Some((self.digit(at)?, at + 1)),
            Numeral::Teen(teen) => Some((i64::from(teen), at + 1)),
            Numeral::Tens(tens) => {
                let unit = self
                    .digit(at + 1)
                    .filter(|digit| *digit > 0 && !self.pieces[at + 1].parted);
                Some((
                    i64::from(tens) + unit.unwrap_or(0),
                    at + 1 + usize::from(unit.is_some()),
                ))
            }
            _ => None,
        }
    }

    /// The name of one digit; "oh" is none here.
    fn digit(self, at: usize) -> Option<i64> {
        let piece = self.pieces.get(at)?;
        match piece.word? {
            Numeral::Digit(0) if piece.key.starts_with('o') => None,
            Numeral::Digit(digit) => Some(i64::from(digit)),
            _ => None,
        }
    }
}
