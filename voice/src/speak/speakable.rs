//! Written text as it is read aloud: engines read "*236#" as nothing and an account number as millions.
//!
//! Word by word, with a look at the neighbours: nothing here needs more grammar than that.

mod markup;
mod numbers;

use markup::without_markup;
use numbers::{digits, money, number_words, ordinal};

/// Letters that are read one by one.
const SPELLED: [&str; 25] = [
    "ATM", "USSD", "KYC", "OTP", "SMS", "ID", "QR", "NFC", "FAQ", "APR", "CVV", "CVC", "RTGS",
    "EFT", "POS", "VAT", "PDF", "URL", "UK", "EU", "ATMS", "PC", "TV", "VPN", "AML",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// After these, four digits are a code and not a year.
const BEFORE_CODES: [&str; 10] = [
    "code",
    "pin",
    "number",
    "in",
    "otp",
    "is",
    "card",
    "account",
    "with",
    "extension",
];

/// The text for a voice: amounts, times, codes and addresses in words; markup and pictures gone.
pub fn speakable(text: &str) -> String {
    let plain = without_markup(text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    let mut spoken: Vec<String> = Vec::with_capacity(words.len());
    let mut index = 0;
    while index < words.len() {
        let (text, taken) = speak_at(&words, index);
        if !text.is_empty() {
            spoken.push(text);
        }
        index += taken;
    }
    spoken.join(" ")
}

/// The words at `index` aloud, and how many of them were taken.
fn speak_at(words: &[&str], index: usize) -> (String, usize) {
    let (before, core, after) = split(words[index]);
    if core.is_empty() {
        // Punctuation on its own: a dash is a pause, the rest nothing.
        return (
            if matches!(words[index], "-" | "–" | "—") {
                ","
            } else {
                ""
            }
            .to_owned(),
            1,
        );
    }
    if after.is_empty() && index + 1 < words.len() {
        let (no_gap, next, next_after) = split(words[index + 1]);
        if no_gap.is_empty()
            && let Some(amount) = amount_of_two(core, next)
        {
            return (format!("{before}{amount}{next_after}"), 2);
        }
        if let Some(time) = time(core, Some(next)).filter(|_| is_half_of_day(next)) {
            return (format!("{before}{time}{next_after}"), 2);
        }
    }
    let spoken = special(core).unwrap_or_else(|| plain_number(words, index, core));
    (format!("{before}{spoken}{after}"), 1)
}

/// What one word says by its own form, if that is not how it is written.
fn special(core: &str) -> Option<String> {
    service_code(core)
        .or_else(|| address(core))
        .or_else(|| money(core, None))
        .or_else(|| {
            core.strip_suffix('%')
                .and_then(number_words)
                .map(|number| format!("{number} percent"))
        })
        .or_else(|| time(core, None))
        .or_else(|| date(core))
        .or_else(|| acronym(core))
        .or_else(|| ordinal(core))
        .or_else(|| (core == "&").then(|| "and".to_owned()))
}

/// "KES 1,500" and "1,500 shillings" do not carry their sign in one word.
fn amount_of_two(core: &str, next: &str) -> Option<String> {
    money(next, Some(core))
}

/// `*236#` and its kin, as keys.
fn service_code(core: &str) -> Option<String> {
    let keys = core.len() > 1
        && core
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
    let code = keys && core.contains(['*', '#']) && core.contains(|c: char| c.is_ascii_digit());
    code.then(|| {
        let key = |c: char| match c {
            '*' => "star".to_owned(),
            '#' => "hash".to_owned(),
            digit => digits(&digit.to_string()),
        };
        core.chars().map(key).collect::<Vec<_>>().join(" ")
    })
}

/// E-mail addresses and links.
fn address(core: &str) -> Option<String> {
    let bare = core
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_start_matches("www.")
        .trim_end_matches('/');
    let host = bare.split(['/', '@']).next_back().unwrap_or_default();
    let mail = bare
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let link = bare.len() < core.len() && bare.contains('.');
    let named = [".com", ".org", ".net", ".bank", ".co.ke", ".co.uk"]
        .iter()
        .any(|end| bare.ends_with(end) && !host.starts_with('.'));
    (mail || link || named).then(|| {
        let mut out = String::new();
        for c in bare.chars() {
            match c {
                '.' => out.push_str(" dot "),
                '@' => out.push_str(" at "),
                '/' => out.push_str(" slash "),
                '-' => out.push_str(" dash "),
                '_' => out.push_str(" underscore "),
                _ => out.push(c),
            }
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

fn is_half_of_day(word: &str) -> bool {
    matches!(
        word.to_ascii_lowercase().as_str(),
        "am" | "pm" | "a.m" | "p.m" | "a.m." | "p.m."
    )
}

/// 08:30, 17:00, 5pm, and "5:00" with "pm" after it: always said by the twelve-hour clock.
fn time(core: &str, half: Option<&str>) -> Option<String> {
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
    let hour = number_words(
        &match hours % 12 {
            0 => 12,
            hour => hour,
        }
        .to_string(),
    )?;
    let minutes = match minutes {
        0 => String::new(),
        1..=9 => format!("oh {} ", number_words(&minutes.to_string())?),
        _ => format!("{} ", number_words(&minutes.to_string())?),
    };
    Some(format!("{hour} {minutes}{half}"))
}

/// 2024-05-03. Dates with slashes mean different days in different countries and are left to the engine.
fn date(core: &str) -> Option<String> {
    let parts: Vec<&str> = core.split('-').collect();
    let [year, month, day] = parts[..] else {
        return None;
    };
    if year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let day = ordinal(&format!(
        "{}th",
        day.parse::<u32>()
            .ok()
            .filter(|day| (1..=31).contains(day))?
    ))?;
    Some(format!("the {day} of {month} {year}"))
}

fn acronym(core: &str) -> Option<String> {
    // Words in capitals: espeak-ng would spell them.
    if matches!(core, "PIN" | "PINs" | "SIM" | "SWIFT" | "IBAN" | "OK") {
        return Some(if core == "OK" {
            "okay".to_owned()
        } else {
            core.to_ascii_lowercase()
        });
    }
    let letters = core.strip_suffix('s').filter(|stem| SPELLED.contains(stem));
    let stem = letters.unwrap_or(core);
    SPELLED.contains(&stem).then(|| {
        let spelled: String = stem.chars().map(|c| format!("{c}.")).collect();
        if letters.is_some() {
            format!("{spelled}s")
        } else {
            spelled
        }
    })
}

/// Digits as a quantity or one by one, by their length and their neighbours.
fn plain_number(words: &[&str], index: usize, core: &str) -> String {
    let only_digits = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
    let bare = core.trim_start_matches('+');
    let grouped = bare.split('-').all(only_digits) && bare.contains('-');
    if core.starts_with('+') && only_digits(&bare.replace('-', "")) || grouped {
        let groups = bare.split('-').map(digits).collect::<Vec<_>>().join(", ");
        return if core.starts_with('+') {
            format!("plus {groups}")
        } else {
            groups
        };
    }
    if !only_digits(core) {
        return number_words(core).unwrap_or_else(|| core.to_owned());
    }
    let neighbour =
        |other: Option<usize>| other.and_then(|at| words.get(at)).map(|word| split(word).1);
    let (previous, next) = (neighbour(index.checked_sub(1)), neighbour(Some(index + 1)));
    let part_of_phone = |word: Option<&str>| {
        word.is_some_and(|word| only_digits(word.trim_start_matches('+')) && word.len() >= 2)
    };
    let after_code_word =
        previous.is_some_and(|word| BEFORE_CODES.contains(&word.to_ascii_lowercase().as_str()));
    let code = core.len() >= 5
        || core.len() > 1 && core.starts_with('0')
        || core.len() >= 2 && (part_of_phone(previous) || part_of_phone(next))
        || core.len() == 4
            && after_code_word
            && !next.is_some_and(|next| next.starts_with(char::is_lowercase));
    if code {
        // A group of a spoken phone number ends with a pause.
        let pause = if part_of_phone(next) { "," } else { "" };
        return format!("{}{pause}", digits(core));
    }
    // Years are read in pairs by the engines.
    if core.len() == 4 {
        core.to_owned()
    } else {
        number_words(core).unwrap_or_else(|| core.to_owned())
    }
}

/// A word's opening punctuation, itself, and its closing punctuation.
fn split(word: &str) -> (&str, &str, &str) {
    let start = word
        .find(|c: char| c.is_alphanumeric() || "*#$£€₹+&".contains(c))
        .unwrap_or(word.len());
    let rest = &word[start..];
    let end = rest
        .char_indices()
        .rfind(|(_, c)| c.is_alphanumeric() || "#%/&".contains(*c));
    let end = end.map_or(0, |(at, c)| at + c.len_utf8());
    (&word[..start], &rest[..end], &rest[end..])
}

#[cfg(test)]
#[path = "speakable/tests.rs"]
mod tests;
