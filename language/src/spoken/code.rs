//! Letters and digits mixed: references, sizes, models.

use super::{
    digits::{alone, spelled},
    letters::{as_word, is_spelled},
    number::number,
};
use crate::numbers::{digits_in_words, in_words, ordinal_in_words};

/// What a code says by its own form: "KM482915", "RF-100-200", "A-17", "3D", "USB-C", "v3.2", "#5".
pub(super) fn code(core: &str) -> Option<String> {
    numbered(core)
        .or_else(|| version(core))
        .or_else(|| orders(core))
        .or_else(|| parted(core))
        .or_else(|| mixed(core))
}

/// "#5" and "#77201".
fn numbered(core: &str) -> Option<String> {
    let digits = core
        .strip_prefix('#')
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))?;
    let said = if digits.len() > 3 {
        alone(digits)
    } else {
        number(digits)?
    };
    Some(format!("number {said}"))
}

fn version(core: &str) -> Option<String> {
    let rest = core.strip_prefix('v').filter(|rest| rest.contains('.'))?;
    number(rest).map(|rest| format!("version {rest}"))
}

/// "1,000th".
fn orders(core: &str) -> Option<String> {
    core.contains(',')
        .then(|| ordinal_in_words(&core.replace(',', "")))?
}

/// Parts with hyphens or a plus between them, of which one is letters.
fn parted(core: &str) -> Option<String> {
    let plus = core.contains('+');
    let parts: Vec<&str> = core.split(['-', '+']).collect();
    let caps = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase());
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_code =
        parts.len() > 1 && caps(&parts[0]) && parts.iter().all(|part| caps(part) || digits(part));
    // Words in capitals with a hyphen between them are words: "CHECK-IN".
    let is_words =
        parts.iter().all(caps) && !parts.iter().any(|part| part.len() == 1 || is_spelled(part));
    if !is_code || is_words {
        return None;
    }
    let mut said = String::new();
    for (at, part) in parts.iter().enumerate() {
        let is_digits = digits(part);
        let between = match at {
            0 => "",
            _ if plus => " plus ",
            // Two groups of digits are parted by a pause.
            _ if is_digits && digits(&parts[at - 1]) => ", ",
            _ => " ",
        };
        said.push_str(between);
        said.push_str(&if is_digits {
            short_or_digits(part)
        } else {
            letters(part)
        });
    }
    Some(said)
}

/// Capitals and digits without anything between them.
fn mixed(core: &str) -> Option<String> {
    let has = |is: fn(&u8) -> bool| core.as_bytes().iter().any(is);
    let is_code = core
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !is_code || !has(u8::is_ascii_digit) || !has(u8::is_ascii_uppercase) {
        return None;
    }
    let mut said: Vec<String> = Vec::new();
    let mut rest = core;
    while !rest.is_empty() {
        let is_digits = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_digits)
            .unwrap_or(rest.len());
        let (part, more) = rest.split_at(end);
        said.push(if is_digits {
            short_or_digits(part)
        } else {
            spelled(part)
        });
        rest = more;
    }
    Some(said.join(" "))
}

/// Letters of a code: spelled, but for words.
fn letters(part: &str) -> String {
    as_word(part).unwrap_or_else(|| spelled(part))
}

/// Two digits at most are a number, more are read one by one.
pub(super) fn short_or_digits(digits: &str) -> String {
    let short = digits.len() <= 2 && !(digits.len() > 1 && digits.starts_with('0'));
    let said = short.then(|| in_words(digits)).flatten();
    said.unwrap_or_else(|| {
        if digits.len() <= 4 {
            digits_in_words(digits)
        } else {
            alone(digits)
        }
    })
}
