//! Days that are told from the day of the call: "tomorrow", "next Tuesday", "in two weeks", "the fifteenth".

use chrono::{Datelike, Days as Count, Months, NaiveDate};

use super::{Day, Days};
use crate::slot::read::Level;

/// Months in which a day of the month, and the weekday said beside it, are looked for.
const MONTHS_AHEAD: u32 = 12;
/// Longest time that is counted in days: ten years.
const MOST_DAYS: u32 = 3660;

/// Which of the days of a name is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Coming,
    OfNextWeek,
    Last,
}

impl Days<'_> {
    /// "Tuesday", "next Tuesday", "Tuesday next week", "Tuesday the first", "Tuesday the first of December".
    pub(super) fn of_week(self, at: usize) -> Option<(Day, usize)> {
        let (said, part, words) = (self.said, self.part, &self.reader.words.day);
        let mut which = Which::Coming;
        let mut at = at;
        if let Some(end) = said.phrase(at, part, &words.next_week) {
            which = Which::OfNextWeek;
            at = end + usize::from(said.is_any(end, &words.on));
        } else if said.is_any(at, &words.next) {
            which = Which::OfNextWeek;
            at += 1;
        } else if said.is_any(at, &words.last) {
            which = Which::Last;
            at += 1;
        } else if said.is_any(at, &words.this) {
            at += 1;
        }
        let weekday = (at < part.end).then(|| said.key(at))?;
        let weekday = words.weekdays.iter().position(|name| name == weekday)?;
        let weekday = u32::try_from(weekday).ok()?;
        let end = at + 1;
        let of_month = end + usize::from(said.is_any(end, &words.the));
        if let Some(dated) = self.with_month(of_month) {
            return Some(dated);
        }
        let today = self.reader.today?;
        if let Some((day, end)) = self.ordinal(of_month)
            && self.is_alone(end)
            && let Some(date) = of_month_on(today, day, weekday)
        {
            return Some((Day::Full(date), end));
        }
        let (which, end) = match said.phrase(end, part, &words.next_week) {
            Some(end) => (Which::OfNextWeek, end),
            None => (which, end),
        };
        Some((Day::Full(on_weekday(today, weekday, which)?), end))
    }

    /// "Tomorrow", "in two weeks", "three days ago".
    pub(super) fn by_count(self, at: usize) -> Option<(Day, usize)> {
        let today = self.reader.today?;
        let (said, part, words) = (self.said, self.part, &self.reader.words.day);
        let named = words.relative.iter().filter_map(|(phrase, days)| {
            let end = said.phrase(at, part, std::slice::from_ref(phrase))?;
            Some((end, *days))
        });
        if let Some((end, days)) = named.max() {
            let date = today.checked_add_signed(chrono::TimeDelta::days(days))?;
            return Some((Day::Full(date), end));
        }
        let is_within = said.is_any(at, &words.within);
        let (count, unit) = self.count(at + usize::from(is_within))?;
        let end = unit + 1;
        let name = (unit < part.end).then(|| said.key(unit))?;
        let past = said.phrase(end, part, &words.ago);
        let (end, is_past) = match (said.phrase(end, part, &words.from_now), past) {
            (_, Some(end)) if !is_within => (end, true),
            (Some(end), _) => (end, false),
            (None, _) if is_within => (end, false),
            _ => return None,
        };
        let is_month = words.month.iter().any(|month| month == name);
        let date = if is_month {
            let months = Months::new(count.min(MONTHS_AHEAD * 10));
            match is_past {
                true => today.checked_sub_months(months)?,
                false => today.checked_add_months(months)?,
            }
        } else {
            let days = count.checked_mul(*words.units.get(name)?)?;
            let days = Count::new((days <= MOST_DAYS).then_some(days)?.into());
            match is_past {
                true => today.checked_sub_days(days)?,
                false => today.checked_add_days(days)?,
            }
        };
        Some((Day::Full(date), end))
    }

    /// "Two", "a", "a couple of".
    fn count(self, at: usize) -> Option<(u32, usize)> {
        let words = &self.reader.words.day;
        if let Some(end) = self.said.phrase(at, self.part, &words.two) {
            return Some((2, end));
        }
        if at < self.part.end && self.said.is_any(at, &words.one) {
            return Some((1, at + 1));
        }
        self.said.number(at, self.part)
    }

    /// "The 15th of next month".
    pub(super) fn of_this_or_next_month(self, at: usize) -> Option<(Day, usize)> {
        let today = self.reader.today?;
        let (said, words) = (self.said, &self.reader.words.day);
        let (day, end, _) = self.of_month(at)?;
        let end = end + usize::from(said.is_any(end, &words.of));
        let (is_next, is_this) = (
            said.is_any(end, &words.next),
            said.is_any(end, &words.this) || said.is_any(end, &words.the),
        );
        let is_month = end + 1 < self.part.end && said.is_any(end + 1, &words.month);
        if !is_month || !(is_next || is_this) {
            return None;
        }
        let month = today.checked_add_months(Months::new(u32::from(is_next)))?;
        Some((Day::Full(month.with_day(day)?), end + 2))
    }

    /// "On the fifteenth"; where it was asked for, "the fifteenth" and "15" too.
    pub(super) fn of_month_alone(self, at: usize) -> Option<(Day, usize)> {
        let today = self.reader.today?;
        let (said, words) = (self.said, &self.reader.words);
        let (day, end, is_ordinal) = self.of_month(at)?;
        let before = |by: usize| at.checked_sub(by).filter(|at| *at >= self.part.start);
        let is_before =
            |by: usize, list: &[String]| before(by).is_some_and(|at| said.is_any(at, list));
        let has_the = is_before(1, &words.day.the);
        let is_on = is_before(1 + usize::from(has_the), &words.day.on);
        let is_first = before(1).is_none() || said.is_parted(at) || is_before(1, &words.fillers);
        let is_taken = match self.level {
            Level::Plain => is_ordinal && has_the && is_on,
            Level::Corrected => is_ordinal && (has_the || is_on || is_first),
            Level::Asked => has_the || is_on || is_first,
        };
        (is_taken && self.is_alone(end))
            .then(|| Some((Day::Full(of_month_from(today, day)?), end)))?
    }
}

/// The first day of this number from `today` on.
fn of_month_from(today: NaiveDate, day: u32) -> Option<NaiveDate> {
    months_ahead(today, day).next()
}

/// The first day of this number that falls on the weekday.
fn of_month_on(today: NaiveDate, day: u32, weekday: u32) -> Option<NaiveDate> {
    let mut days = months_ahead(today, day);
    days.find(|date| date.weekday().num_days_from_monday() == weekday)
}

fn months_ahead(today: NaiveDate, day: u32) -> impl Iterator<Item = NaiveDate> {
    let first = today.with_day(1).unwrap_or(today);
    let months = (0..MONTHS_AHEAD).filter_map(move |by| first.checked_add_months(Months::new(by)));
    let days = months.filter_map(move |month| month.with_day(day));
    days.filter(move |date| *date >= today)
}

/// The named day after today; "next Tuesday" is that of the week that begins on the next Monday.
fn on_weekday(today: NaiveDate, weekday: u32, which: Which) -> Option<NaiveDate> {
    let now = today.weekday().num_days_from_monday();
    let ahead = (weekday + 7 - now - 1) % 7 + 1;
    match which {
        Which::Coming => today.checked_add_days(Count::new(ahead.into())),
        Which::OfNextWeek => today.checked_add_days(Count::new((7 - now + weekday).into())),
        Which::Last => {
            let back = (now + 7 - weekday - 1) % 7 + 1;
            today.checked_sub_days(Count::new(back.into()))
        }
    }
}
