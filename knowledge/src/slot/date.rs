//! A day as callers say it. Which day "tomorrow" is depends on a clock, which is not read here: without the day of the
//! call such days are asked for.

mod relative;

use std::{
    ops::{Range, RangeInclusive},
    sync::LazyLock,
};

use chrono::{Datelike, NaiveDate, TimeDelta};
use language::numbers::{chains, ordinal_in_words};

use super::{
    SlotValue,
    read::{Found, Level, Reader},
    said::Said,
};
use crate::{lookup::fill_in, trust::day};

/// Years that are taken for years.
const YEARS: RangeInclusive<i32> = 1900..=2099;
/// A leap year, for days whose year is not known.
const ANY_YEAR: i32 = 2024;
/// Within it a day and its month come once.
const YEAR: TimeDelta = TimeDelta::days(365);
/// Years until the 29th of February comes again, at most.
const LEAP: i32 = 8;

/// The days of a month in words, the longest first.
static ORDINALS: LazyLock<Vec<(u32, Vec<String>)>> = LazyLock::new(|| {
    let words = |day: u32| ordinal_in_words(&format!("{day}th"));
    let days = (1..=31).rev().filter_map(|day| Some((day, words(day)?)));
    let apart = |words: String| words.split(' ').map(str::to_owned).collect();
    days.map(|(day, words)| (day, apart(words))).collect()
});

/// A day as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Full(NaiveDate),
    /// Month and day.
    OfEveryYear(u32, u32),
}

/// A turn's words from which a day is read.
#[derive(Clone, Copy)]
pub(super) struct Days<'a> {
    reader: Reader<'a>,
    said: &'a Said<'a>,
    part: &'a Range<usize>,
    level: Level,
}

impl<'a> Reader<'a> {
    pub(super) fn days(
        self,
        said: &'a Said<'a>,
        part: &'a Range<usize>,
        level: Level,
    ) -> Vec<Found> {
        let days = Days {
            reader: self,
            said,
            part,
            level,
        };
        let (mut found, mut at) = (Vec::new(), part.start);
        while at < part.end {
            let Some((day, end)) = days.day_at(at) else {
                at += 1;
                continue;
            };
            let value = self.day_value(day);
            found.push(Found { at: at..end, value });
            at = end;
        }
        found
    }

    /// As it is sent and spoken; the year is said where it is not the one that comes next.
    fn day_value(self, day: Day) -> SlotValue {
        let lines = &self.words.day;
        let (month, of_month) = match day {
            Day::Full(date) => (date.month(), date.day()),
            Day::OfEveryYear(month, day) => (month, day),
        };
        let (sent, template, weekday, year) = match day {
            Day::OfEveryYear(..) => {
                let template = &lines.spoken_without_weekday;
                (format!("--{month:02}-{of_month:02}"), template, None, None)
            }
            Day::Full(date) => {
                let is_next = self
                    .today
                    .is_some_and(|today| date >= today && date.signed_duration_since(today) < YEAR);
                let template = match is_next {
                    true => &lines.spoken,
                    false => &lines.spoken_with_year,
                };
                let weekday = date.weekday().num_days_from_monday() as usize;
                let year = date.year().to_string();
                (date.to_string(), template, Some(weekday), Some(year))
            }
        };
        let spoken = fill_in(template, |key| match key {
            "weekday" => lines.weekdays.get(weekday?).map(|name| capitalised(name)),
            "day" => ordinal_in_words(&format!("{of_month}th")),
            "month" => {
                let name = self.months.get((month as usize).checked_sub(1)?);
                name.map(|name| capitalised(name))
            }
            "year" => year.clone(),
            _ => None,
        });
        SlotValue { sent, spoken }
    }
}

impl Days<'_> {
    /// The day that begins at a place, and where it ends.
    fn day_at(self, at: usize) -> Option<(Day, usize)> {
        self.written(at)
            .or_else(|| self.of_week(at))
            .or_else(|| self.with_month(at))
            .or_else(|| self.by_count(at))
            .or_else(|| self.of_this_or_next_month(at))
            .or_else(|| self.of_month_alone(at))
    }

    /// "2026-05-03".
    fn written(self, at: usize) -> Option<(Day, usize)> {
        if at + 3 > self.part.end {
            return None;
        }
        let (first, last) = (self.said.items.get(at)?, self.said.items.get(at + 2)?);
        let text = self.said.text.get(first.span.start..last.span.end)?;
        Some((Day::Full(day(text)?), at + 3))
    }

    /// "The third of May 2026", "May the 3rd"; the weekday beside it says no more.
    fn with_month(self, at: usize) -> Option<(Day, usize)> {
        let words = &self.reader.words.day;
        let said = self.said;
        if let Some(month) = self.month(at) {
            let from = at + 1 + usize::from(said.is_any(at + 1, &words.the));
            let (of_month, end, is_ordinal) = self.of_month(from)?;
            let is_unsure = said.is_any(at, &words.unsure) && !is_ordinal;
            return (!is_unsure || self.is_alone(end) || self.year(end).is_some())
                .then(|| self.dated(month, of_month, end))?;
        }
        let (of_month, end, is_ordinal) = self.of_month(at)?;
        let of = usize::from(said.is_any(end, &words.of));
        let month = self.month(end + of)?;
        let end = end + of + 1;
        let is_unsure = of == 0 && said.is_any(end - 1, &words.unsure);
        let is_sure = !is_unsure
            || (is_ordinal && !said.is_parted(end - 1) || said.digits(at).is_some())
                && (self.is_alone(end) || self.year(end).is_some());
        is_sure.then(|| self.dated(month, of_month, end))?
    }

    /// With the year that follows, or the next time that the day comes.
    fn dated(self, month: u32, of_month: u32, end: usize) -> Option<(Day, usize)> {
        if let Some((year, end)) = self.year(end) {
            let date = NaiveDate::from_ymd_opt(year, month, of_month)?;
            return Some((Day::Full(date), end));
        }
        let day = match self.reader.today {
            Some(today) => Day::Full(next(today, month, of_month)?),
            None => {
                NaiveDate::from_ymd_opt(ANY_YEAR, month, of_month)?;
                Day::OfEveryYear(month, of_month)
            }
        };
        Some((day, end))
    }

    fn month(self, at: usize) -> Option<u32> {
        let name = (at < self.part.end).then(|| self.said.key(at))?;
        let month = self.reader.months.iter().position(|month| month == name)?;
        u32::try_from(month + 1).ok()
    }

    /// A day of a month, where it ends, and whether it is said as an order: "third", "3rd", and not "three".
    fn of_month(self, at: usize) -> Option<(u32, usize, bool)> {
        if let Some((day, end)) = self.ordinal(at) {
            return Some((day, end, true));
        }
        let (day, end) = self.said.number(at, self.part)?;
        (1..=31).contains(&day).then_some((day, end, false))
    }

    fn ordinal(self, at: usize) -> Option<(u32, usize)> {
        if let Some(digits) = self.said.digits(at) {
            let day: u32 = digits.parse().ok()?;
            let written = format!("{digits}{}", self.said.key(at + 1));
            let is_order = at + 1 < self.part.end
                && self.said.gap(at + 1).is_empty()
                && ordinal_in_words(&written).is_some();
            return (is_order && (1..=31).contains(&day)).then_some((day, at + 2));
        }
        ORDINALS.iter().find_map(|(day, words)| {
            let end = at + words.len();
            let mut places = (at..end).zip(words);
            let is_said =
                end <= self.part.end && places.all(|(place, word)| self.said.key(place) == word);
            is_said.then_some((*day, end))
        })
    }

    /// The year that begins at a place: "2026", "twenty twenty six", "two thousand and twenty six".
    fn year(self, at: usize) -> Option<(i32, usize)> {
        if !self.said.is_numeral(at) || at >= self.part.end {
            return None;
        }
        let items = self.said.items.get(at..self.part.end)?;
        let none: [&str; 0] = [];
        let chain = chains(self.said.text, items, &none).into_iter().next()?;
        let first = chain.pieces.first().filter(|piece| !piece.measure)?;
        let number: i32 = first.digits.parse().ok()?;
        let second = chain.pieces.get(1).filter(|piece| !piece.measure);
        let of_century = second.and_then(|piece| Some((piece.digits.parse::<i32>().ok()?, piece)));
        let (year, last) = match of_century {
            Some((years @ 10..=99, piece)) if (19..=20).contains(&number) => {
                (number * 100 + years, piece)
            }
            _ => (number, first),
        };
        let behind = items
            .iter()
            .take_while(|item| item.span.start < last.span.end);
        YEARS.contains(&year).then(|| (year, at + behind.count()))
    }

    fn is_alone(self, end: usize) -> bool {
        self.reader.is_alone(self.said, self.part, end)
    }
}

/// The first such day from `today` on.
fn next(today: NaiveDate, month: u32, of_month: u32) -> Option<NaiveDate> {
    let years = today.year()..=today.year() + LEAP;
    let mut days = years.filter_map(|year| NaiveDate::from_ymd_opt(year, month, of_month));
    days.find(|date| *date >= today)
}

pub(crate) fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}
