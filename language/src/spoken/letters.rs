//! Letters in capitals, abbreviations and Roman numerals.

use super::{
    digits::spelled,
    index::index,
    number::number,
    text::{Said, Text},
};
use crate::{
    english::{Abbreviation, english},
    numbers::{cardinal, ordinal_in_words},
};

/// Capitals from which on they are a word that somebody shouts.
const LONGEST: usize = 5;
/// The largest Roman numeral that is read.
const MOST_ROMAN: u64 = 39;

/// Capitals that are spelled, or said as a word; `None` for other words.
pub(super) fn acronym(core: &str) -> Option<String> {
    if core == "OK" {
        return Some("okay".to_owned());
    }
    if let Some(word) = as_word(core) {
        return Some(word);
    }
    if let Some(said) = with_sign(core) {
        return Some(said);
    }
    let plural = core.strip_suffix('s').filter(|stem| is_spelled(stem));
    let stem = plural.unwrap_or(core);
    let end = if plural.is_some() { "s" } else { "" };
    is_spelled(stem).then(|| spelled(stem) + end)
}

/// A word in capitals, small.
pub(super) fn as_word(core: &str) -> Option<String> {
    index()
        .as_words
        .contains(core)
        .then(|| core.to_ascii_lowercase())
}

/// Whether capitals are spelled: known ones, and others that nobody could say.
pub(super) fn is_spelled(core: &str) -> bool {
    let capitals =
        (2..=LONGEST).contains(&core.len()) && core.bytes().all(|b| b.is_ascii_uppercase());
    capitals && (index().spelled.contains(core) || !core.bytes().any(|b| b"AEIOUY".contains(&b)))
}

/// "Q&A", "T&Cs" and "A/C".
fn with_sign(core: &str) -> Option<String> {
    let (sign, between) = [('&', " and "), ('/', "")]
        .into_iter()
        .find(|(sign, _)| core.contains(*sign))?;
    let bare = core.strip_suffix('s').unwrap_or(core);
    // "AT&T", but "AC/DC" is two.
    let longest = if sign == '&' { 2 } else { 1 };
    let is_capitals = |part: &str| {
        (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_uppercase())
    };
    let is_letters = bare.split(sign).all(is_capitals);
    let parts: Vec<String> = bare.split(sign).map(spelled).collect();
    is_letters.then(|| parts.join(between) + &core[bare.len()..])
}

/// Two words with a slash: "yes or no".
pub(super) fn either(core: &str) -> Option<String> {
    let (one, other) = core.split_once('/')?;
    let word = |part: &str| part.len() > 1 && part.bytes().all(|b| b.is_ascii_alphabetic());
    let between = if one.eq_ignore_ascii_case("and") {
        " "
    } else {
        " or "
    };
    (word(one) && word(other)).then(|| format!("{one}{between}{other}"))
}

/// What is written short, with whether the full stop behind it is said to be there.
pub(super) fn abbreviation(text: &Text<'_>, at: usize) -> Option<(Said, bool)> {
    let piece = text.piece(at);
    let known: &Abbreviation = index().abbreviations.get(piece.core)?;
    let is_dotted = piece.after.starts_with('.');
    let next = text.piece(at + 1);
    let starts = |is: fn(char) -> bool| next.before.is_empty() && next.core.starts_with(is);
    let is_last = next.core.is_empty();
    let behind_number = at
        .checked_sub(1)
        .is_some_and(|before| text.is_followed(before) && number(text.core(before)).is_some());
    if known.number && (!starts(|c| c.is_ascii_digit()) && !is_money(text, at + 1) || behind_number)
        || known.dotted && !is_dotted
    {
        return None;
    }
    let keeps_stop = is_dotted && (is_last || known.ends && starts(char::is_uppercase));
    if !known.name {
        return Some((Said::new(known.said.as_str(), 1), keeps_stop));
    }
    if starts(char::is_uppercase) && text.next_behind_dot(at).is_some() {
        return Some((Said::new(known.said.as_str(), 1), false));
    }
    let name_before = at.checked_sub(1).map(|before| text.core(before));
    let is_behind_name = name_before.is_some_and(|name| name.starts_with(char::is_uppercase));
    let otherwise = known.otherwise.as_deref().filter(|_| is_behind_name)?;
    Some((Said::new(otherwise, 1), is_dotted && is_last))
}

/// A Roman numeral: a number behind "Phase" and its like, an order behind a name.
pub(super) fn roman(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    if core.is_empty() || !core.bytes().all(|b| b"IVX".contains(&b)) {
        return None;
    }
    let value = roman_value(core)?;
    let before = at
        .checked_sub(1)
        .filter(|&before| text.is_followed(before))
        .map(|before| text.core(before))?;
    let counted = &english().speaking.before_roman;
    if before.starts_with(char::is_uppercase) && counted.contains(&before.to_ascii_lowercase()) {
        return Some(Said::new(cardinal(value), 1));
    }
    let mut letters = before.chars();
    let is_name = letters.next().is_some_and(char::is_uppercase)
        && letters.clone().count() > 1
        && letters.all(char::is_lowercase);
    if core.len() < 2 || !is_name {
        return None;
    }
    ordinal_in_words(&format!("{value}th")).map(|order| Said::new(format!("the {order}"), 1))
}

fn roman_value(core: &str) -> Option<u64> {
    let (mut rest, mut value) = (core, 0);
    for (sign, worth) in [("X", 10), ("IX", 9), ("V", 5), ("IV", 4), ("I", 1)] {
        while let Some(more) = rest.strip_prefix(sign) {
            (rest, value) = (more, value + worth);
        }
    }
    // Written back it must be the same: "IIII" and "VX" are none.
    (rest.is_empty() && value <= MOST_ROMAN && written(value) == core).then_some(value)
}

fn written(mut value: u64) -> String {
    let mut out = String::new();
    for (worth, sign) in [(10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")] {
        while value >= worth {
            out.push_str(sign);
            value -= worth;
        }
    }
    out
}

/// There stands an amount of money, its sign or code first.
fn is_money(text: &Text<'_>, at: usize) -> bool {
    let begins = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    let core = text.piece(at).core;
    let known = index();
    let is_code = known.currencies.contains_key(core) && begins(text.piece(at + 1).core);
    is_code
        || known
            .opening_currency(core)
            .is_some_and(|(_, rest)| begins(rest))
}
