//! Numbers as they are written, in words; fractions.

use crate::numbers::{cardinal, digits_in_words, in_words};

/// The largest number that is counted in crores; longer ones are digits.
const MOST_INDIAN: u64 = 10_000_000_000_000;
/// Fractions that are written as one sign.
const SIGNS: [(char, (u64, u64)); 8] = [
    ('½', (1, 2)),
    ('⅓', (1, 3)),
    ('⅔', (2, 3)),
    ('¼', (1, 4)),
    ('¾', (3, 4)),
    ('⅛', (1, 8)),
    ('⅜', (3, 8)),
    ('⅝', (5, 8)),
];

/// A number in words: "1,250", "12,50,000" (by lakhs), "1.000.000", "3.5", ".5", "1½", "2.0.1" and four or more parts
/// with points between them, as versions and hosts have; `None` for anything else.
pub(super) fn number(core: &str) -> Option<String> {
    if core.is_empty()
        || !core.bytes().any(|b| b.is_ascii_digit()) && !core.contains(is_fraction_sign)
    {
        return None;
    }
    in_words(core)
        .or_else(|| indian(core))
        .or_else(|| {
            core.strip_prefix('.')
                .and_then(|part| in_words(&format!("0.{part}")))
        })
        .or_else(|| decimal_comma(core))
        .or_else(|| with_points(core))
        .or_else(|| with_sign(core))
}

/// "12,50,000": the last three digits, then two by two.
fn indian(core: &str) -> Option<String> {
    let mut groups = core.rsplit(',');
    let last = groups.next()?;
    let digits = |group: &str, length: usize| {
        group.len() == length && group.bytes().all(|b| b.is_ascii_digit())
    };
    let others: Vec<&str> = groups.collect();
    let (first, middle) = others.split_last()?;
    let well_formed = digits(last, 3)
        && !middle.is_empty()
        && middle.iter().all(|group| digits(group, 2))
        && (digits(first, 1) || digits(first, 2));
    let value: u64 = core
        .replace(',', "")
        .parse()
        .ok()
        .filter(|value| well_formed && *value < MOST_INDIAN)?;
    Some(in_lakhs(value))
}

/// By crores and lakhs: "one crore twenty lakh".
pub(super) fn in_lakhs(value: u64) -> String {
    let parts = [
        (value / 10_000_000, " crore"),
        (value / 100_000 % 100, " lakh"),
        (value % 100_000, ""),
    ];
    let said = parts.into_iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = said
        .map(|(count, name)| format!("{}{name}", cardinal(count)))
        .collect();
    said.join(" ")
}

/// "1,5": one or two digits behind a comma are no thousands.
fn decimal_comma(core: &str) -> Option<String> {
    let (whole, part) = core
        .split_once(',')
        .filter(|(_, part)| (1..=2).contains(&part.len()))?;
    in_words(&format!("{whole}.{part}"))
}

/// "1.000.000" is a million; other numbers with several points are read part by part.
fn with_points(core: &str) -> Option<String> {
    let parts: Vec<&str> = core.split('.').collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() < 3 || !parts.iter().all(digits) {
        return None;
    }
    if parts[0].len() <= 3 && parts[1..].iter().all(|part| part.len() == 3) {
        return in_words(&parts.concat());
    }
    let (point, said): (&str, Vec<String>) = if parts.len() == 4 {
        (
            " dot ",
            parts.iter().map(|part| digits_in_words(part)).collect(),
        )
    } else {
        (
            " point ",
            parts
                .iter()
                .map(|part| in_words(part).unwrap_or_else(|| digits_in_words(part)))
                .collect(),
        )
    };
    Some(said.join(point))
}

pub(super) fn is_fraction_sign(c: char) -> bool {
    SIGNS.iter().any(|(sign, _)| *sign == c)
}

/// "½" and "1½".
fn with_sign(core: &str) -> Option<String> {
    let sign = core.chars().next_back()?;
    let (_, (part, of)) = SIGNS.iter().find(|(known, _)| *known == sign)?;
    let whole = &core[..core.len() - sign.len_utf8()];
    if whole.is_empty() {
        return fraction_in_words(*part, *of);
    }
    mixed(whole, *part, *of)
}

/// A whole number and a fraction behind it: "two and a half".
pub(super) fn mixed(whole: &str, part: u64, of: u64) -> Option<String> {
    let whole = in_words(whole)?;
    let part = match (part, of) {
        (1, 2) => "a half".to_owned(),
        (1, 4) => "a quarter".to_owned(),
        _ => fraction_in_words(part, of)?,
    };
    Some(format!("{whole} and {part}"))
}

/// "1/2", as numbers.
pub(super) fn fraction(core: &str) -> Option<(u64, u64)> {
    let (part, of) = core.split_once('/')?;
    let digits = |text: &str| {
        !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit())
    };
    (digits(part) && digits(of)).then(|| Some((part.parse().ok()?, of.parse().ok()?)))?
}

/// "three quarters"; `None` for what nobody says as a fraction.
pub(super) fn fraction_in_words(part: u64, of: u64) -> Option<String> {
    let name = match of {
        2 => "half",
        3 => "third",
        4 => "quarter",
        5 => "fifth",
        6 => "sixth",
        8 => "eighth",
        16 => "sixteenth",
        _ => return None,
    };
    let many = if part == 1 { "" } else { "s" };
    (part > 0 && part < of).then(|| format!("{} {name}{many}", cardinal(part)))
}

/// Two numbers with a slash: "twenty four seven", a fraction, parts of a hundred, or with the slash said.
pub(super) fn with_slash(core: &str) -> Option<String> {
    let (first, second) = fraction(core)?;
    let pair = |between: &str| Some(format!("{}{between}{}", cardinal(first), cardinal(second)));
    match (first, second) {
        (24, 7) => pair(" "),
        _ if first + second == 100 => pair(" "),
        _ => fraction_in_words(first, second).or_else(|| pair(" slash ")),
    }
}

/// A year, read in pairs: "nineteen oh five", "two thousand and five", "twenty ten".
pub(super) fn year(year: u32) -> String {
    let (century, rest) = (u64::from(year / 100), u64::from(year % 100));
    match (century, rest) {
        (_, 0) if year.is_multiple_of(1000) => cardinal(u64::from(year)),
        (_, 0) => format!("{} hundred", cardinal(century)),
        (20, 1..=9) => cardinal(u64::from(year)),
        (_, 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// "1990s" and "90s".
pub(super) fn decade(core: &str) -> Option<String> {
    let digits = core.strip_suffix('s')?;
    let number: u32 = digits.parse().ok()?;
    let said = match digits.len() {
        4 if number.is_multiple_of(10) && number >= 1100 => year(number),
        2 if number.is_multiple_of(10) && number >= 20 => cardinal(u64::from(number)),
        _ => return None,
    };
    Some(match said.strip_suffix('y') {
        Some(tens) => format!("{tens}ies"),
        None => format!("{said}s"),
    })
}
