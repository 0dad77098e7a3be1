//! Times of day and dates.

use crate::{
    english::english,
    numbers::{in_words, ordinal_in_words},
};

pub(super) fn is_half_of_day(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "am" | "pm" | "a.m" | "p.m" | "a.m." | "p.m."
    )
}

/// 08:30, 17:00, 5pm, and "5:00" with "pm" after it: always said by the twelve-hour clock.
pub(super) fn time(core: &str, half: Option<&str>) -> Option<String> {
    let lower = core.to_ascii_lowercase();
    let attached = lower
        .strip_suffix("am")
        .map(|clock| (clock, false))
        .or_else(|| lower.strip_suffix("pm").map(|clock| (clock, true)));
    let spoken_half = half
        .filter(|half| is_half_of_day(half))
        .map(|half| half.to_ascii_lowercase().starts_with('p'));
    let (clock, after_noon) = attached.map_or((lower.as_str(), spoken_half), |(clock, pm)| {
        (clock, Some(pm))
    });
    let (hours, minutes) = match clock.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes.parse::<u32>().ok()?),
        Some(_) => return None,
        None => (clock, after_noon.map(|_| 0)?),
    };
    let hours: u32 = if (1..=2).contains(&hours.len()) {
        hours.parse().ok()?
    } else {
        return None;
    };
    if hours > 24 || minutes > 59 {
        return None;
    }
    let half = if after_noon.unwrap_or(hours % 24 >= 12) {
        "P.M."
    } else {
        "A.M."
    };
    let hour = in_words(
        &match hours % 12 {
            0 => 12,
            hour => hour,
        }
        .to_string(),
    )?;
    let minutes = match minutes {
        0 => String::new(),
        1..=9 => format!("oh {} ", in_words(&minutes.to_string())?),
        _ => format!("{} ", in_words(&minutes.to_string())?),
    };
    Some(format!("{hour} {minutes}{half}"))
}

/// 2024-05-03. Dates with slashes mean different days in different countries and are left to the engine.
pub(super) fn date(core: &str) -> Option<String> {
    let parts: Vec<&str> = core.split('-').collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    if year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let months = &english().speaking.months;
    let month = months.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let day = ordinal_in_words(&format!(
        "{}th",
        day.parse::<u32>()
            .ok()
            .filter(|day| (1..=31).contains(day))?
    ))?;
    Some(format!("the {day} of {month} {year}"))
}
