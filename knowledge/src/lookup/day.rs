//! A day as callers say it. Which day "tomorrow" is depends on a clock, which is not read here: such days are asked for.

use std::ops::RangeInclusive;

use language::{normalize, numbers::ordinal_in_words};

use super::parameter::{ParameterValue, same};
use crate::trust::day;

/// Years that are taken for years.
const YEARS: RangeInclusive<i64> = 1990..=2099;
/// From a day to its month, or back, with what stands between: "the third of May".
const BETWEEN: usize = 2;

/// "The third of May", "May 3rd, 2026", "2026-05-03".
pub(super) fn read(text: &str, months: &[String]) -> Option<ParameterValue> {
    let mut written = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '?' | '!'));
    if let Some(day) = written.find_map(|word| {
        let word = word.trim_end_matches('.');
        day(word).is_some().then(|| word.to_owned())
    }) {
        return Some(same(day));
    }
    let said: Vec<String> = normalize(text).into_iter().map(|word| word.text).collect();
    said.iter().enumerate().find_map(|(at, name)| {
        let month = 1 + months.iter().position(|month| month == name)?;
        let (day, end) = day_beside(&said, at)?;
        let value = match year(&said, end) {
            Some(year) => ParameterValue {
                sent: format!("{year}-{month:02}-{day:02}"),
                spoken: format!("{day} {name} {year}"),
            },
            None => ParameterValue {
                sent: format!("--{month:02}-{day:02}"),
                spoken: format!("{day} {name}"),
            },
        };
        Some(value)
    })
}

/// The day beside a month's name, and where the two end: "the twenty first of May", "May the 3rd".
fn day_beside(said: &[String], month: usize) -> Option<(u32, usize)> {
    let mut before = month.saturating_sub(BETWEEN + 2)..month;
    let before = before.find_map(|from| {
        let (day, end) = day_from(said, from)?;
        (end <= month && month - end < BETWEEN).then_some((day, month + 1))
    });
    before.or_else(|| (1..=BETWEEN).find_map(|by| day_from(said, month + by)))
}

/// The day that begins at a word, and where it ends: "3", "3rd", "third", "20 first".
fn day_from(said: &[String], from: usize) -> Option<(u32, usize)> {
    let word = said.get(from)?;
    let ordinal = |word: &String, of: RangeInclusive<u32>| {
        let mut days = of.map(|day| (day, format!("{day}th")));
        let named = days.find(|(_, written)| ordinal_in_words(written).as_ref() == Some(word));
        named.map(|(day, _)| day)
    };
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if let Ok(tens @ (20 | 30)) = digits.parse::<u32>()
        && let Some(units) = said.get(from + 1).and_then(|word| ordinal(word, 1..=9))
    {
        return (tens + units <= 31).then_some((tens + units, from + 2));
    }
    let day = digits.parse().ok().or_else(|| ordinal(word, 1..=30))?;
    (1..=31).contains(&day).then_some((day, from + 1))
}

/// The year that begins at a word: "2026", "20 26".
fn year(said: &[String], from: usize) -> Option<i64> {
    let number = |at: usize| said.get(at)?.parse::<i64>().ok();
    let first = number(from)?;
    let of_century = number(from + 1).filter(|years| (10..=99).contains(years));
    let year = match of_century {
        Some(years) if (19..=20).contains(&first) => first * 100 + years,
        _ => first,
    };
    YEARS.contains(&year).then_some(year)
}
