//! Digits that are no quantity: telephone numbers, accounts, codes, keys.

use super::text::{Said, Text};
use crate::numbers::digits_in_words;

/// Digits together from which on nobody hears them as one: they are read in groups.
const LONG: usize = 9;
/// Of a group that somebody wrote, the same.
const LONG_GROUP: usize = 7;
/// As many are written in fours, and read so.
const IN_FOURS: usize = 16;
/// Letters and digits of an IBAN, at the least and at the most.
const IBAN: std::ops::RangeInclusive<usize> = 15..=34;

fn only_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `*236#` and its kin, as keys.
pub(super) fn service_code(core: &str) -> Option<String> {
    let keys = core.len() > 1
        && core
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '*' | '#'));
    let code = keys && core.contains(['*', '#']) && core.contains(|c: char| c.is_ascii_digit());
    // "#5" is a number of something.
    let is_numbered = core.strip_prefix('#').is_some_and(only_digits);
    (code && !is_numbered).then(|| {
        let key = |c: char| match c {
            '*' => "star".to_owned(),
            '#' => "hash".to_owned(),
            digit => digits_in_words(&digit.to_string()),
        };
        core.chars().map(key).collect::<Vec<_>>().join(" ")
    })
}

/// Digits one by one, with a pause behind every group.
pub(super) fn in_groups(digits: &str) -> String {
    let size = if digits.len() == IN_FOURS { 4 } else { 3 };
    let mut groups = Vec::new();
    let mut rest = digits;
    // The last group has one more rather than one alone.
    while rest.len() > size + 1 {
        let (group, more) = rest.split_at(size);
        groups.push(digits_in_words(group));
        rest = more;
    }
    groups.push(digits_in_words(rest));
    groups.join(", ")
}

/// Digits that stand alone.
pub(super) fn alone(digits: &str) -> String {
    if digits.len() >= LONG {
        in_groups(digits)
    } else {
        digits_in_words(digits)
    }
}

/// A telephone number or another number that is written in groups: "+263 77 123 4567", "(555) 010-4477", "0800-123-456",
/// "4000 1234 5678 9010".
pub(super) fn grouped(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    let is_international = core.starts_with('+');
    let mut groups = Vec::new();
    let first = parts(core.strip_prefix('+').unwrap_or(core))?;
    let hyphens = first.len() > 1;
    let calling = calling_code(core).filter(|_| first.len() == 1);
    match calling {
        Some(code) => groups.extend([code, &first[0][code.len()..]]),
        None => groups.extend(first),
    }
    let mut taken = 1;
    let bracketed = |at: usize| text.piece(at).before.ends_with('(') && text.piece(at).after == ")";
    while let Some(more) = Some(text.piece(at + taken)).and_then(|next| parts(next.core)) {
        let (last, next) = (text.piece(at + taken - 1), text.piece(at + taken));
        let opened = last.after.is_empty() || bracketed(at + taken - 1);
        let near = opened && (next.before.is_empty() || bracketed(at + taken));
        if !near || more[0].len() < 2 {
            break;
        }
        groups.extend(more);
        taken += 1;
    }
    let is_group = groups.len() > 1 && (taken == 1 || is_international || groups[0].len() > 1);
    let is_number = is_group && (hyphens || is_international || taken > 1);
    if !(is_number || is_international && calling.is_some()) {
        return None;
    }
    let said = groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| {
            if group.len() >= LONG_GROUP {
                in_groups(group)
            } else {
                digits_in_words(group)
            }
        });
    let said = said.collect::<Vec<_>>().join(", ");
    let plus = if is_international { "plus " } else { "" };
    Some(Said::new(format!("{plus}{said}"), taken))
}

/// Digits in groups with hyphens between them.
fn parts(core: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = core.split('-').collect();
    parts.iter().all(|part| only_digits(part)).then_some(parts)
}

/// The code of the country with which a number written without spaces begins.
fn calling_code(core: &str) -> Option<&str> {
    let digits = core
        .strip_prefix('+')
        .filter(|digits| only_digits(digits) && digits.len() >= LONG_GROUP)?;
    let two = digits.get(..2)?;
    let length = match two {
        _ if digits.starts_with(['1', '7']) => 1,
        "20" | "27" | "30" | "31" | "32" | "33" | "34" | "36" | "39" | "40" | "41" | "43"
        | "44" | "45" | "46" | "47" | "48" | "49" | "51" | "52" | "53" | "54" | "55" | "56"
        | "57" | "58" | "60" | "61" | "62" | "63" | "64" | "65" | "66" | "81" | "82" | "84"
        | "86" | "90" | "91" | "92" | "93" | "94" | "95" | "98" => 2,
        _ => 3,
    };
    digits.get(..length)
}

/// An IBAN, in its groups of four.
pub(super) fn iban(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    let head = |core: &str| {
        let bytes = core.as_bytes();
        bytes.len() >= 4
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit)
    };
    let caps = |core: &str| {
        !core.is_empty()
            && core
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    if !head(core) || !caps(core) {
        return None;
    }
    let (mut whole, mut taken) = (core.to_owned(), 1);
    while core.len() == 4 && text.is_followed(at + taken - 1) {
        let next = text.core(at + taken);
        if !caps(next) || next.len() > 4 {
            break;
        }
        whole.push_str(next);
        taken += 1;
        if next.len() < 4 {
            break;
        }
    }
    let digits = whole.bytes().filter(u8::is_ascii_digit).count();
    if !IBAN.contains(&whole.len()) || digits < 10 {
        return None;
    }
    let country = format!("{} {}", spelled(&whole[..2]), digits_in_words(&whole[2..4]));
    let groups = whole.as_bytes()[4..].chunks(4);
    let groups = groups.map(|group| one_by_one(&String::from_utf8_lossy(group)));
    Some(Said::new(
        [country]
            .into_iter()
            .chain(groups)
            .collect::<Vec<_>>()
            .join(", "),
        taken,
    ))
}

/// Letters with a full stop behind each.
pub(super) fn spelled(letters: &str) -> String {
    letters
        .chars()
        .map(|c| format!("{}.", c.to_ascii_uppercase()))
        .collect()
}

/// Letters spelled and digits one by one: "N.W.B.K.", "zero five three two".
fn one_by_one(group: &str) -> String {
    let mut said: Vec<String> = Vec::new();
    for c in group.chars() {
        let last = said
            .last_mut()
            .filter(|last| c.is_ascii_alphabetic() && last.ends_with('.'));
        match last {
            Some(last) => last.push_str(&spelled(&c.to_string())),
            None if c.is_ascii_digit() => said.push(digits_in_words(&c.to_string())),
            None => said.push(spelled(&c.to_string())),
        }
    }
    said.join(" ")
}
