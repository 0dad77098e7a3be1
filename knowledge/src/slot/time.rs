//! A time of day as callers say it: "half past ten", "ten thirty", "three in the afternoon".

use std::ops::Range;

use language::numbers::cardinal;

use super::{
    SlotValue,
    read::{Found, Level, Reader},
    said::Said,
    words::TimeLines,
};
use crate::lookup::fill_in;

/// An hour said alone that is no morning's: from one to six it is afternoon.
const AFTERNOON: std::ops::RangeInclusive<u32> = 1..=6;
const QUARTER: u32 = 15;
const HALF: u32 = 30;
const THREE_QUARTERS: u32 = 45;

/// What the words around a time say of the half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
    Night,
}

/// Hours and minutes as they are said.
#[derive(Clone, Copy, Debug)]
struct Clock {
    hour: u32,
    minute: u32,
    end: usize,
    /// It can be nothing but a time.
    is_sure: bool,
    /// By the clock of 24 hours.
    is_full: bool,
}

#[derive(Clone, Copy)]
struct Times<'a> {
    reader: Reader<'a>,
    said: &'a Said<'a>,
    part: &'a Range<usize>,
    level: Level,
}

impl<'a> Reader<'a> {
    pub(super) fn times(
        self,
        said: &'a Said<'a>,
        part: &'a Range<usize>,
        level: Level,
    ) -> Vec<Found> {
        let times = Times {
            reader: self,
            said,
            part,
            level,
        };
        let (mut found, mut at) = (Vec::new(), part.start);
        while at < part.end {
            let Some((hour, minute, end)) = times.time_at(at) else {
                at += 1;
                continue;
            };
            let value = SlotValue {
                sent: format!("{hour:02}:{minute:02}"),
                spoken: spoken(&self.words.time.spoken, hour, minute),
            };
            found.push(Found { at: at..end, value });
            at = end;
        }
        found
    }
}

impl Times<'_> {
    /// The hour and minute that begin at a place, and where they end.
    fn time_at(self, at: usize) -> Option<(u32, u32, usize)> {
        let (said, words) = (self.said, &self.reader.words.time);
        if let Some(end) = said.phrase(at, self.part, &words.noon) {
            return Some((12, 0, end));
        }
        if let Some(end) = said.phrase(at, self.part, &words.midnight) {
            return Some((0, 0, end));
        }
        let clock = self
            .by_past_or_to(at)
            .or_else(|| self.written(at))
            .or_else(|| self.hour_and_minute(at))
            .or_else(|| self.hour(at))?;
        let oclock = said.phrase(clock.end, self.part, &words.oclock);
        let (half, end) = self.half(oclock.unwrap_or(clock.end));
        let is_sure = clock.is_sure || oclock.is_some() || end > oclock.unwrap_or(clock.end);
        let end = if end > clock.end { end } else { clock.end };
        if !is_sure && !self.is_taken(at, end) {
            return None;
        }
        let half = half.or_else(|| self.half_nearby());
        Some((on_the_clock(clock, half), clock.minute, end))
    }

    /// A bare number is a time behind "at", or where one is asked for; and no thing is counted by it.
    fn is_taken(self, at: usize, end: usize) -> bool {
        let (said, words) = (self.said, self.reader.words);
        let before = at
            .checked_sub(1)
            .filter(|before| *before >= self.part.start);
        let is_before = |list: &[String]| before.is_some_and(|before| said.is_any(before, list));
        let is_place = match self.level {
            Level::Plain => is_before(&words.time.at),
            Level::Corrected | Level::Asked => {
                let is_counted = is_before(&words.time.counts);
                !is_counted && !before.is_some_and(|before| said.is_numeral(before))
            }
        };
        is_place && self.reader.is_alone(said, self.part, end)
    }

    /// "Half past ten", "a quarter to three", "twenty past ten".
    fn by_past_or_to(self, at: usize) -> Option<Clock> {
        let (said, words) = (self.said, &self.reader.words.time);
        let named = [(&words.half, HALF), (&words.quarter, QUARTER)];
        let named = named
            .into_iter()
            .find_map(|(names, minute)| said.is_any(at, names).then_some((minute, at + 1, true)));
        let (minute, end, is_named) = named.or_else(|| {
            let (minute, end) = said.number(at, self.part)?;
            let behind = said.phrase(end, self.part, &words.minutes);
            (1..HALF)
                .contains(&minute)
                .then_some((minute, behind.unwrap_or(end), behind.is_some()))
        })?;
        let is_past = said.is_any(end, &words.past);
        // "From ten to twelve", "nine to five" are hours.
        let is_range = at > self.part.start && said.is_any(at - 1, &words.ranges);
        let is_round = is_named || (minute.is_multiple_of(5) && !is_range);
        let is_to = minute != HALF && is_round && said.is_any(end, &words.to);
        if end >= self.part.end || !(is_past || is_to) {
            return None;
        }
        let (hour, end) = said.number(end + 1, self.part)?;
        let (hour, minute) = match is_past {
            true => (hour, minute),
            false => (hour.checked_sub(1)?, 60 - minute),
        };
        // An hour before one is twelve.
        let hour = if hour == 0 { 12 } else { hour };
        (1..=12).contains(&hour).then_some(Clock {
            hour,
            minute,
            end,
            is_sure: is_named || is_past,
            is_full: false,
        })
    }

    /// "10:30", "10.30", "1030".
    fn written(self, at: usize) -> Option<Clock> {
        let said = self.said;
        let digits = (at < self.part.end).then(|| said.digits(at))??;
        let clock = |hours: &str, minutes: &str, end, is_sure| {
            let hour: u32 = hours.parse().ok()?;
            let minute: u32 = minutes.parse().ok()?;
            let fits = minutes.len() == 2 && hours.len() <= 2 && hour < 24 && minute < 60;
            fits.then_some(Clock {
                hour,
                minute,
                end,
                is_sure,
                is_full: hour == 0 || hour > 12 || hours.starts_with('0'),
            })
        };
        if at + 1 < self.part.end
            && let (mark @ (":" | "."), Some(minutes)) = (said.gap(at + 1), said.digits(at + 1))
        {
            // Not "10:30:15" or "12.05.2026".
            let goes_on = matches!(said.gap(at + 2), ":" | ".") && said.is_numeral(at + 2);
            return clock(digits, minutes, at + 2, mark == ":").filter(|_| !goes_on);
        }
        let (hours, minutes) = (digits.len() == 4).then(|| digits.split_at_checked(2))??;
        clock(hours, minutes, at + 1, false)
    }

    /// "Ten thirty", "ten oh five".
    fn hour_and_minute(self, at: usize) -> Option<Clock> {
        let said = self.said;
        let (hour, from) = said.number(at, self.part)?;
        if said.is_parted(from) || !(1..24).contains(&hour) {
            return None;
        }
        let (minute, end) = match said.number(from, self.part)? {
            (0, next) => said
                .number(next, self.part)
                .filter(|(minute, _)| (1..10).contains(minute))?,
            (minute @ 10..60, end) => (minute, end),
            _ => return None,
        };
        Some(Clock {
            hour,
            minute,
            end,
            is_sure: false,
            is_full: hour > 12,
        })
    }

    fn hour(self, at: usize) -> Option<Clock> {
        let (hour, end) = self.said.number(at, self.part)?;
        // Above twelve an hour is written: "thirteen" alone is none.
        let is_hour =
            (1..=12).contains(&hour) || (hour < 24 && hour > 12 && self.said.digits(at).is_some());
        // "10th", and the "10" of "10 %".
        let is_part = end < self.part.end && self.said.gap(end).is_empty() && !self.has_half(end);
        (is_hour && !is_part).then_some(Clock {
            hour,
            minute: 0,
            end,
            is_sure: false,
            is_full: hour > 12,
        })
    }

    fn has_half(self, at: usize) -> bool {
        self.half(at).1 > at
    }

    /// What is said of the half of the day right behind a time, and where that ends.
    fn half(self, at: usize) -> (Option<Half>, usize) {
        let words = &self.reader.words.time;
        let halves = [
            (&words.am, Half::Morning),
            (&words.pm, Half::Afternoon),
            (&words.morning, Half::Morning),
            (&words.afternoon, Half::Afternoon),
            (&words.night, Half::Night),
        ];
        let found = halves
            .into_iter()
            .find_map(|(phrases, half)| Some((half, self.said.phrase(at, self.part, phrases)?)));
        found.map_or((None, at), |(half, end)| (Some(half), end))
    }

    /// "Tomorrow afternoon at three".
    fn half_nearby(self) -> Option<Half> {
        let words = &self.reader.words.time;
        let halves = [
            (&words.morning, Half::Morning),
            (&words.afternoon, Half::Afternoon),
            (&words.night, Half::Night),
        ];
        halves.into_iter().find_map(|(phrases, half)| {
            let mut places = self.part.clone().filter(|at| {
                let is_said = self.said.phrase(*at, self.part, phrases).is_some();
                let before = at.checked_sub(1);
                is_said && !before.is_some_and(|at| self.said.is_any(at, &words.greetings))
            });
            places.next().map(|_| half)
        })
    }
}

/// The hour of 24.
fn on_the_clock(clock: Clock, half: Option<Half>) -> u32 {
    if clock.is_full {
        return clock.hour;
    }
    let of_twelve = clock.hour % 12;
    match half {
        Some(Half::Morning) => of_twelve,
        Some(Half::Afternoon) => of_twelve + 12,
        Some(Half::Night) if of_twelve >= 6 => of_twelve + 12,
        Some(Half::Night) => of_twelve,
        None if AFTERNOON.contains(&clock.hour) => clock.hour + 12,
        None => clock.hour,
    }
}

/// As people say it; the part of the day is said where the hour alone would be taken for another.
fn spoken(lines: &TimeLines, hour: u32, minute: u32) -> String {
    match (hour, minute) {
        (12, 0) => return lines.noon.clone(),
        (0, 0) => return lines.midnight.clone(),
        _ => {}
    }
    let in_words = |hour: u32| cardinal(u64::from((hour + 11) % 12 + 1));
    let of_day = match hour {
        0 | 22.. => Some(&lines.night),
        1..=6 => Some(&lines.morning),
        7..=12 => None,
        13..=17 => Some(&lines.afternoon),
        18..=21 => Some(&lines.evening),
    };
    let (template, said_hour) = match minute {
        0 if of_day.is_some() => ("{hour}", hour),
        0 => (lines.hour.as_str(), hour),
        1..=9 => (lines.few_minutes.as_str(), hour),
        QUARTER => (lines.quarter_past.as_str(), hour),
        HALF => (lines.half_past.as_str(), hour),
        THREE_QUARTERS => (lines.quarter_to.as_str(), hour + 1),
        _ => (lines.minutes.as_str(), hour),
    };
    let time = fill_in(template, |key| match key {
        "hour" => Some(in_words(said_hour)),
        "minute" => Some(cardinal(minute.into())),
        _ => None,
    });
    match of_day {
        Some(template) => fill_in(template, |key| (key == "time").then(|| time.clone())),
        None => time,
    }
}
