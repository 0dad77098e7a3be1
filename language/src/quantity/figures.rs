//! Every figure that a text states, by value and not by form: "fifty dollars" and "$50.00" are one figure, and so are
//! "half past three" and "15:30".

use std::ops::Range;

use super::{
    ONE,
    figure::{Figure, HALF_DAY, Half},
    lex::{Piece, pieces},
    number::Reader,
    stated::StatedWords,
};
use crate::{
    english::english,
    numbers::{Chain, Gap, What, chains, scan},
};

/// Digits from which groups of them are a telephone number and the like.
const NUMBER_DIGITS: usize = 7;
/// Digits of what is read as one number at most.
const LONGEST_NUMBER: usize = 13;

/// The figures that `text` states, in order. "One" alone states none, nor do small numbers that count what is said
/// ("two ways").
#[must_use]
pub fn figures(text: &str) -> Vec<Figure> {
    let items = scan(text, &[]);
    let mut found: Vec<(Range<usize>, Figure)> = Vec::new();
    let mut codes = Vec::new();
    for item in &items {
        if let What::Service(code) = &item.what {
            codes.push(item.span.clone());
            found.push((item.span.clone(), Figure::Code(code.clone())));
        }
    }
    let pieces = pieces(text);
    let stated = Stated {
        text,
        reader: Reader::new(&pieces),
        words: &english().stated,
    };
    let mut single = Vec::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        if codes.iter().any(|code| code.contains(&piece.span.start)) {
            at += 1;
        } else if let Some((figure, end)) = stated.figure(at) {
            let span = piece.span.start..pieces[end - 1].span.end;
            single.push((span, figure, stated.counts_nothing(at, end)));
            at = end;
        } else {
            at += 1;
        }
    }
    join(&chains::<&str>(text, &items, &[]), single, &mut found);
    dates(&pieces, text, &mut found);
    found.sort_by_key(|(span, _)| span.start);
    found.into_iter().map(|(_, figure)| figure).collect()
}

/// Numbers of one chain stand together; a small number that counts nothing is left out where it stands alone.
fn join(
    chains: &[Chain],
    single: Vec<(Range<usize>, Figure, bool)>,
    found: &mut Vec<(Range<usize>, Figure)>,
) {
    let mut rest = single.into_iter().peekable();
    for chain in chains {
        let (Some(first), Some(last)) = (chain.pieces.first(), chain.pieces.last()) else {
            continue;
        };
        let span = first.span.start..last.span.end;
        while let Some((at, figure, nothing)) = rest.next_if(|(at, ..)| at.end <= span.start) {
            push(at, figure, nothing, found);
        }
        let mut parts = Vec::new();
        while let Some(part) = rest.next_if(|(at, ..)| at.start < span.end) {
            parts.push(part);
        }
        let is_one = parts.len() == 1 || (parts.is_empty() && chain.pieces.len() < 2);
        let is_long = chain.digits().len() > LONGEST_NUMBER;
        if is_one && !is_long {
            for (at, figure, nothing) in parts {
                push(at, figure, nothing, found);
            }
            continue;
        }
        let is_number = is_one_number(chain, &parts);
        let parts = parts.into_iter().map(|(_, figure, _)| figure);
        let parts = if is_number {
            Vec::new()
        } else {
            parts.collect()
        };
        found.push((span, Figure::Run(chain.digits(), parts)));
    }
    for (at, figure, nothing) in rest {
        push(at, figure, nothing, found);
    }
}

/// Groups of digits without a comma between them, long or spelt, are one number and no list.
fn is_one_number(chain: &Chain, parts: &[(Range<usize>, Figure, bool)]) -> bool {
    let is_bare = parts
        .iter()
        .all(|(_, figure, _)| matches!(figure, Figure::Number(_)));
    let is_close = chain
        .pieces
        .iter()
        .skip(1)
        .any(|piece| piece.gap != Gap::Clause);
    let digits = chain.digits().len();
    let is_spelt = parts.len() > 2 && digits == parts.len();
    is_bare && (chain.plus || is_close && (digits >= NUMBER_DIGITS || is_spelt))
}

fn push(at: Range<usize>, figure: Figure, nothing: bool, found: &mut Vec<(Range<usize>, Figure)>) {
    if !nothing {
        found.push((at, figure));
    }
}

/// Month and day of dates such as 2026-03-15, beside their digits.
fn dates(pieces: &[Piece], text: &str, found: &mut Vec<(Range<usize>, Figure)>) {
    let written: Vec<&Piece> = pieces
        .iter()
        .filter(|piece| piece.written.is_some())
        .collect();
    for group in written.windows(3) {
        let [year, month, day] = group else { continue };
        let dashes = [(year, month), (month, day)];
        let is_dashed =
            |&(one, next): &(&&Piece, &&Piece)| &text[one.span.end..next.span.start] == "-";
        let lengths = [year, month, day].map(|piece| piece.span.len());
        let number = |piece: &Piece| piece.written.unwrap_or_default() / ONE;
        let place = usize::try_from(number(month) - 1)
            .ok()
            .filter(|place| *place < 12);
        if let Some(place) = place.filter(|_| dashes.iter().all(is_dashed) && lengths == [4, 2, 2])
        {
            found.push((month.span.clone(), Figure::Month(place)));
            found.push((day.span.clone(), Figure::Number(number(day) * ONE)));
            found.push((year.span.clone(), Figure::Number(number(year) * ONE)));
        }
    }
}

#[derive(Clone, Copy)]
struct Stated<'a> {
    text: &'a str,
    reader: Reader<'a>,
    words: &'a StatedWords,
}

impl Stated<'_> {
    /// The figure that begins at this piece, and the piece after it.
    fn figure(self, at: usize) -> Option<(Figure, usize)> {
        self.clock(at)
            .or_else(|| self.named(at))
            .or_else(|| self.part(at))
            .or_else(|| self.one_period(at))
            .or_else(|| self.number(at))
    }

    /// A number with its unit. The first of two that share one has it too: "5 to 10 days".
    fn number(self, at: usize) -> Option<(Figure, usize)> {
        let number = self.reader.number(at)?;
        let (value, end) = (number.value, number.pieces.end);
        if let Some(code) = number.currency {
            return Some((Figure::Money(value, code), end));
        }
        if let Some((figure, after)) = self.with_unit(value, end) {
            return Some((figure, after));
        }
        let between = self.reader.is(end, &self.reader.words.to);
        let second = between.then(|| self.reader.number(end + 1)).flatten();
        let shared = second.and_then(|second| match second.currency {
            Some(code) => Some(Figure::Money(value, code)),
            None => Some(self.with_unit(value, second.pieces.end)?.0),
        });
        Some((shared.unwrap_or(Figure::Number(value)), end))
    }

    /// The unit at this piece, perhaps behind one other word: "ten working days".
    fn with_unit(self, value: i64, at: usize) -> Option<(Figure, usize)> {
        let end = self.reader.pieces.get(at.checked_sub(1)?)?.span.end;
        if self.text[end..].trim_start().starts_with('%') {
            return Some((Figure::Percent(value), at));
        }
        if let Some(end) = self.reader.phrase(at, &english().figures.percent) {
            return Some((Figure::Percent(value), end));
        }
        if let Some(seconds) = self.period(at) {
            return Some((Figure::Period(value, seconds), at + 1));
        }
        let is_kind = self.reader.is(at, &self.words.kinds_of_time);
        let seconds = is_kind.then(|| self.period(at + 1)).flatten()?;
        Some((Figure::Period(value, seconds), at + 2))
    }

    fn period(self, at: usize) -> Option<i64> {
        let key = &self.reader.pieces.get(at)?.key;
        if self.words.seconds.contains(key) {
            return Some(1);
        }
        Some(english().figures.periods.get(key)? * 60)
    }

    /// "Half an hour", "half a percent", "half of it".
    fn part(self, at: usize) -> Option<(Figure, usize)> {
        let words = self.reader.words;
        if self.reader.number(at).is_some() {
            return None;
        }
        if self.reader.is(at, &words.half) {
            let after = self.reader.phrase(at + 1, &words.of).unwrap_or(at + 1);
            let with_unit = self.with_unit(ONE / 2, after);
            return with_unit.or(Some((Figure::Number(ONE / 2), at + 1)));
        }
        if self.reader.is(at, &words.quarter) {
            let after = self.reader.phrase(at + 1, &words.of)?;
            return self.with_unit(ONE / 4, after);
        }
        None
    }

    /// "It takes a week."
    fn one_period(self, at: usize) -> Option<(Figure, usize)> {
        let lasts = at
            .checked_sub(1)
            .is_some_and(|before| self.reader.is(before, &self.words.lasting));
        let is_one = lasts && self.reader.is(at, &self.reader.words.one);
        let seconds = is_one.then(|| self.period(at + 1)).flatten()?;
        Some((Figure::Period(ONE, seconds), at + 2))
    }

    /// "8:30", "half past three", "five p.m.", "three thirty in the afternoon", "noon".
    fn clock(self, at: usize) -> Option<(Figure, usize)> {
        if self.reader.is(at, &self.words.noon) {
            return Some((Figure::Clock(0, Some(Half::Afternoon)), at + 1));
        }
        if self.reader.is(at, &self.words.midnight) {
            return Some((Figure::Clock(0, Some(Half::Morning)), at + 1));
        }
        if let Some((minutes, end)) = self.past_or_to(at) {
            let half = self.half(end);
            return Some((clock(minutes, half), end));
        }
        if let Some((minutes, end)) = self.written(at) {
            let half = self.half(end).or_else(|| {
                let by_the_clock = minutes >= HALF_DAY;
                by_the_clock.then_some(Half::Afternoon)
            });
            return Some((clock(minutes, half), end));
        }
        let (value, end) = self.reader.coefficient(at)?;
        let bare = (value % ONE == 0).then_some(value / ONE)?;
        let minutes = match bare {
            1..=12 => bare * 60,
            100..=1259 if bare % 100 < 60 => bare / 100 * 60 + bare % 100,
            _ => return None,
        };
        if self.reader.is(end, &self.words.oclock) {
            let half = self.half(end + 1);
            return Some((clock(minutes, half), end + 1));
        }
        let half = self.half(end)?;
        Some((clock(minutes, Some(half)), end))
    }

    /// "Half past three", "ten past five", "a quarter to nine".
    fn past_or_to(self, at: usize) -> Option<(i64, usize)> {
        let words = self.reader.words;
        let (minutes, after, is_part) = if self.reader.is(at, &words.half) {
            (30, at + 1, true)
        } else if self.reader.is(at, &words.quarter) {
            (15, at + 1, true)
        } else {
            let (value, after) = self.reader.coefficient(at)?;
            let named = self.reader.is(after, &self.words.minutes);
            (value / ONE, after + usize::from(named), named)
        };
        let sign = if self.reader.is(after, &self.words.past) {
            1
        } else if is_part && self.reader.is(after, &self.words.to) {
            -1
        } else {
            return None;
        };
        let (hour, end) = self.reader.coefficient(after + 1)?;
        let hour = hour / ONE;
        let fits = (1..=24).contains(&hour) && (0..60).contains(&minutes);
        fits.then_some((hour * 60 + sign * minutes, end))
    }

    /// "8:30".
    fn written(self, at: usize) -> Option<(i64, usize)> {
        let (hour, minute) = (self.reader.pieces.get(at)?, self.reader.pieces.get(at + 1)?);
        let (hours, minutes) = (hour.written? / ONE, minute.written? / ONE);
        let colon = &self.text[hour.span.end..minute.span.start] == ":";
        let fits = (0..=24).contains(&hours) && (0..60).contains(&minutes);
        let two = minute.span.len() == 2;
        (colon && fits && two).then_some((hours * 60 + minutes, at + 2))
    }

    /// Which half of the day the words before this piece are followed by.
    fn half(self, at: usize) -> Option<Half> {
        let end = self.reader.pieces.get(at.checked_sub(1)?)?.span.end;
        let rest = self.text[end..].trim_start().to_lowercase();
        let begins = |list: &[String]| {
            list.iter().any(|word| {
                let rest = rest.strip_prefix(word.as_str());
                rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            })
        };
        if begins(&self.words.morning) {
            Some(Half::Morning)
        } else if begins(&self.words.afternoon) {
            Some(Half::Afternoon)
        } else {
            None
        }
    }

    /// A day of the week or a month; a month that is also a word stands beside a number, or has a capital within a
    /// sentence.
    fn named(self, at: usize) -> Option<(Figure, usize)> {
        let piece = self.reader.pieces.get(at)?;
        let place = |list: &[String]| {
            list.iter().position(|name| {
                name.eq_ignore_ascii_case(&piece.key)
                    || piece
                        .key
                        .strip_suffix('s')
                        .is_some_and(|one| name.eq_ignore_ascii_case(one))
            })
        };
        if let Some(day) = place(&self.words.weekdays) {
            return Some((Figure::Weekday(day), at + 1));
        }
        let month = place(&english().speaking.months)?;
        let is_name = !self.words.months_and_words.contains(&piece.key)
            || self.is_capital_within(piece)
            || self.is_by_number(at);
        is_name.then_some((Figure::Month(month), at + 1))
    }

    fn is_capital_within(self, piece: &Piece) -> bool {
        let before = self.text[..piece.span.start].trim_end();
        let begins = before.is_empty() || before.ends_with(['.', '!', '?', ':']);
        !begins && self.text[piece.span.start..].starts_with(char::is_uppercase)
    }

    fn is_by_number(self, at: usize) -> bool {
        let is_number = |piece: Option<&Piece>| {
            piece.is_some_and(|piece| {
                piece.written.is_some()
                    || piece.word.is_some()
                    || self.reader.words.orders.contains(&piece.key)
                    || self.reader.words.ordinals.contains(&piece.key)
            })
        };
        let pieces = self.reader.pieces;
        let before = at.checked_sub(1).and_then(|before| pieces.get(before));
        let skipped = before.is_some_and(|piece| self.reader.words.of.contains(&piece.key));
        let before = if skipped {
            at.checked_sub(2).and_then(|at| pieces.get(at))
        } else {
            before
        };
        is_number(before) || is_number(pieces.get(at + 1))
    }

    /// "One" alone, "the first", "two ways", "the two".
    fn counts_nothing(self, at: usize, end: usize) -> bool {
        if end != at + 1 {
            return false;
        }
        let Some(piece) = self.reader.pieces.get(at) else {
            return false;
        };
        let orders = &self.reader.words.orders;
        let small = |place: usize| place < 3;
        let is_order = orders
            .iter()
            .position(|order| *order == piece.key)
            .is_some_and(small);
        let by_month = |at: usize| {
            self.named(at)
                .is_some_and(|(f, _)| matches!(f, Figure::Month(_)))
        };
        if is_order {
            let of = usize::from(self.reader.is(end, &self.reader.words.of));
            let month_before =
                at.checked_sub(1).is_some_and(by_month) || at.checked_sub(2).is_some_and(by_month);
            return !by_month(end + of) && !month_before && self.period(end).is_none();
        }
        let Some((value, _)) = self.reader.coefficient(at).filter(|_| piece.word.is_some()) else {
            return false;
        };
        let is_pointed = || {
            at.checked_sub(1)
                .is_some_and(|before| self.reader.is(before, &self.reader.words.the))
        };
        value == ONE
            || value <= 3 * ONE && (self.reader.is(end, &self.words.uncounted) || is_pointed())
    }
}

fn clock(minutes: i64, half: Option<Half>) -> Figure {
    Figure::Clock(minutes.rem_euclid(HALF_DAY), half)
}

#[cfg(test)]
mod tests;
