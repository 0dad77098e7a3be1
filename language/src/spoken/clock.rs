//! Times of day.

use crate::numbers::in_words;

pub(super) fn is_half_of_day(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "am" | "pm" | "a.m" | "p.m" | "a.m." | "p.m."
    )
}

/// A time that shows by itself that it is one: "08:30", "9am", "9.30pm", "14:30h".
pub(super) fn is_clock(core: &str) -> bool {
    core.starts_with(|c: char| c.is_ascii_digit()) && time(core, None).is_some()
}

/// 08:30, 17:00, 5pm, 9.30am, and "5:00" with "pm" after it: always said by the twelve-hour clock.
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
    let (hours, minutes) = hours_and_minutes(clock, after_noon.is_some())?;
    said(hours, minutes, after_noon)
}

fn hours_and_minutes(clock: &str, has_half: bool) -> Option<(u32, u32)> {
    let clock = clock
        .strip_suffix('h')
        .filter(|clock| clock.contains(':'))
        .unwrap_or(clock);
    let parted = clock
        .split_once(':')
        .or_else(|| clock.split_once('.').filter(|_| has_half));
    let (hours, minutes) = match parted {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes.parse::<u32>().ok()?),
        Some(_) => return None,
        None => (clock, has_half.then_some(0)?),
    };
    let hours: u32 = if (1..=2).contains(&hours.len()) {
        hours.parse().ok()?
    } else {
        return None;
    };
    (hours <= 24 && minutes <= 59).then_some((hours, minutes))
}

fn said(hours: u32, minutes: u32, after_noon: Option<bool>) -> Option<String> {
    // Twelve is neither of the halves.
    match (hours, minutes, after_noon) {
        (0 | 24, 0, _) => return Some("midnight".to_owned()),
        (12, 0, Some(false)) => return Some("twelve midnight".to_owned()),
        (12, 0, _) => return Some("twelve noon".to_owned()),
        _ => {}
    }
    let half = if after_noon.unwrap_or(hours % 24 >= 12) {
        "P.M."
    } else {
        "A.M."
    };
    let hour = match hours % 12 {
        0 => 12,
        hour => hour,
    };
    let hour = in_words(&hour.to_string())?;
    let minutes = match minutes {
        0 => String::new(),
        1..=9 => format!("oh {} ", in_words(&minutes.to_string())?),
        _ => format!("{} ", in_words(&minutes.to_string())?),
    };
    Some(format!("{hour} {minutes}{half}"))
}
