//! Dates, years and days of the week.

use super::{
    clock::is_clock,
    index::index,
    number::year,
    pieces::RANGE,
    range::YEARS,
    text::{Said, Text},
};
use crate::{
    english::english,
    numbers::{cardinal, ordinal_in_words},
};

/// The date that begins at a piece.
pub(super) fn date(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    if core.starts_with(|c: char| c.is_ascii_digit()) {
        return numeric(core)
            .map(|said| Said::new(said, 1))
            .or_else(|| day_first(text, at));
    }
    month_first(text, at)
}

/// "1 Dec 2026", "3rd May", "1–3 May".
fn day_first(text: &Text<'_>, at: usize) -> Option<Said> {
    let first = day(text.core(at))?;
    let (until, month_at) = if text.is_range(at) {
        (Some(day(text.core(at + 2))?), at + 3)
    } else {
        (None, at + 1)
    };
    if !text.is_followed(month_at - 1) {
        return None;
    }
    let month = month(text.core(month_at))?;
    // "the third of May", and not "the the".
    let the = if text.word_before(at).as_deref() == Some("the") {
        ""
    } else {
        "the "
    };
    let days = match until {
        Some(until) => format!("{the}{} to the {}", order(first)?, order(until)?),
        None => format!("{the}{}", order(first)?),
    };
    let taken = month_at + 1 - at;
    Some(match year_behind(text, month_at, false) {
        Some(year) => Said::new(format!("{days} of {month} {year}"), taken + 1),
        None => Said::new(format!("{days} of {month}"), taken),
    })
}

/// "Dec 1", "December 1, 2026", "May 3rd", "May 1-3", "May 2026".
fn month_first(text: &Text<'_>, at: usize) -> Option<Said> {
    let name = month(text.core(at))?;
    let next = text.next_behind_dot(at)?;
    if let Some(year) = is_year(next) {
        return Some(Said::new(format!("{name} {}", self::year(year)), 2));
    }
    let first = order(day(next)?)?;
    if text.is_range(at + 1) {
        let until = order(day(text.core(at + 3))?)?;
        return Some(Said::new(format!("{name} {first} to {until}"), 4));
    }
    Some(match year_behind(text, at + 1, true) {
        Some(year) => Said::new(format!("{name} {first}, {year}"), 3),
        None => Said::new(format!("{name} {first}"), 2),
    })
}

/// A year behind a date's piece, in words; with a comma between them where it stands behind the day.
fn year_behind(text: &Text<'_>, at: usize, behind_day: bool) -> Option<String> {
    let apart = text.piece(at).after;
    let near = apart.is_empty() || apart == "." && !behind_day || apart == "," && behind_day;
    let next = text.piece(at + 1);
    (near && next.before.is_empty()).then(|| is_year(next.core).map(year))?
}

fn is_year(core: &str) -> Option<u32> {
    let digits = core.len() == 4 && core.bytes().all(|b| b.is_ascii_digit());
    core.parse()
        .ok()
        .filter(|year| digits && YEARS.contains(year))
}

/// A day of a month, "3" or "3rd".
fn day(core: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|end| core.strip_suffix(end))
        .unwrap_or(core);
    let plain = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    digits
        .parse()
        .ok()
        .filter(|day| plain && (1..=31).contains(day))
}

fn order(day: u32) -> Option<String> {
    ordinal_in_words(&format!("{day}th"))
}

fn month(core: &str) -> Option<&'static str> {
    let place = *index().months.get(core)?;
    english().speaking.months.get(place - 1).map(String::as_str)
}

/// 2026-12-01, 2026-12, 24.12.2026, and 24/12/2026, where the day can be told from the month.
fn numeric(core: &str) -> Option<String> {
    let sign = ['-', '.', '/']
        .into_iter()
        .find(|sign| core.contains(*sign))?;
    let parts: Vec<&str> = core.split(sign).collect();
    let number = |text: &str| {
        text.parse::<u32>()
            .ok()
            .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
    };
    let months = &english().speaking.months;
    let name = |month: u32| months.get(usize::try_from(month).ok()?.checked_sub(1)?);
    let whole = |day: u32, month: u32, year: &str| {
        let day = order(day).filter(|_| (1..=31).contains(&day))?;
        Some(format!(
            "the {day} of {} {}",
            name(month)?,
            self::year(is_year(year)?)
        ))
    };
    let full = |year: &str| match year.len() {
        2 if parts[0].len() == 2 && parts[1].len() == 2 => format!("20{year}"),
        _ => year.to_owned(),
    };
    match (sign, &parts[..]) {
        ('-', [year, month, day]) if month.len() == 2 && day.len() == 2 => {
            whole(number(day)?, number(month)?, year)
        }
        ('-', [year, month]) if month.len() == 2 => Some(format!(
            "{} {}",
            name(number(month)?)?,
            self::year(is_year(year)?)
        )),
        ('/', [month, year]) if month.len() == 2 => Some(format!(
            "{} {}",
            name(number(month)?)?,
            self::year(is_year(year)?)
        )),
        ('.', [day, month, year]) if day.len() <= 2 && month.len() <= 2 => {
            whole(number(day)?, number(month)?, &full(year))
        }
        ('/', [first, second, year]) if first.len() <= 2 && second.len() <= 2 => {
            let (first, second) = (number(first)?, number(second)?);
            let spoken = self::year(is_year(&full(year))?);
            match (first, second) {
                (13..=31, 1..=12) => whole(first, second, &full(year)),
                (1..=12, 13..=31) => Some(format!("{} {}, {spoken}", name(first)?, order(second)?)),
                _ => Some(format!(
                    "{} slash {} slash {spoken}",
                    cardinal(first.into()),
                    cardinal(second.into())
                )),
            }
        }
        _ => None,
    }
}

/// A day of the week that is written short. Two of them are words, too: those count beside another day, a date or a time.
pub(super) fn weekday(text: &Text<'_>, at: usize) -> Option<Said> {
    let &(day, is_word) = index().days.get(text.core(at))?;
    let near = |at: usize| {
        let core = text.core(at);
        core == RANGE
            || index().days.contains_key(core)
            || index().months.contains_key(core)
            || is_clock(core)
            || self::day(core).is_some()
    };
    let beside = near(at + 1) || at.checked_sub(1).is_some_and(near);
    (!is_word || beside).then(|| Said::new(day, 1))
}
