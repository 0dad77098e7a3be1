//! Written text as it is read aloud: engines read "*236#" as nothing and a long code as millions.
//!
//! ```text
//! text -> without markup -> pieces ("80kg" is two) -> a rule each, the first that knows it -> words
//! ```
//! A rule looks at its piece and at those beside it: nothing here needs more grammar than that.

mod address;
mod clock;
mod code;
mod date;
mod digits;
mod index;
mod letters;
mod markup;
mod measure;
mod money;
mod number;
mod parts;
mod pieces;
mod range;
mod text;

use clock::{is_half_of_day, time};
use markup::without_markup;
use pieces::{DASHES, Piece, RANGE, SIGNS, is_plain};
use text::{Said, Text};

use crate::{
    english::english,
    numbers::{digits_in_words, ordinal_in_words},
};

/// The text for a voice: amounts, times, codes and addresses in words; markup and pictures gone.
#[must_use]
pub fn speakable(text: &str) -> String {
    let plain = without_markup(text);
    let text = Text::new(&plain);
    let mut spoken = String::with_capacity(plain.len() * 2);
    let mut at = 0;
    while at < text.len() {
        let piece = text.piece(at);
        if let Some(pause) = pause(&piece) {
            if !spoken.is_empty() && !spoken.ends_with([',', '.', '!', '?', ';', ':', '…']) {
                spoken.push_str(pause);
            }
            at += 1;
            continue;
        }
        let (said, keeps_stop) = speak_at(&text, at);
        let last = at + said.taken - 1;
        // A full stop before a small letter belongs to what is written short: "5 ft. wide".
        let next = text.piece(last + 1);
        let goes_on = said.text != piece.core
            && next.core.starts_with(char::is_lowercase)
            && next.before.is_empty();
        let before = match piece.before.strip_suffix('(') {
            // "(555) 010-4477" opens and closes within.
            Some(before) if said.taken > 1 && piece.after == ")" => before,
            _ => piece.before,
        };
        at = last + 1;
        if !said.text.is_empty() {
            if !spoken.is_empty() {
                spoken.push(' ');
            }
            push(
                &mut spoken,
                before,
                &said.text,
                text.piece(last).after,
                keeps_stop && !goes_on,
            );
        }
    }
    spoken
}

/// A dash on its own is a pause; other punctuation belongs to the word before it.
fn pause<'a>(piece: &Piece<'a>) -> Option<&'a str> {
    if DASHES.contains(&piece.core) {
        return Some(",");
    }
    let alone = piece.core.is_empty();
    alone.then_some(if ["!", "?", ".", ",", ";", ":"].contains(&piece.before) {
        piece.before
    } else {
        ""
    })
}

/// Adds words with the punctuation around them; a full stop that belongs to what is written short is not said twice.
fn push(spoken: &mut String, before: &str, said: &str, after: &str, keeps_stop: bool) {
    spoken.push_str(
        before
            .strip_suffix(APOSTROPHES)
            .filter(|_| said.ends_with("ies"))
            .unwrap_or(before),
    );
    spoken.push_str(said);
    let after = match after.strip_prefix('.') {
        Some(rest) if !keeps_stop || said.ends_with('.') => rest,
        _ => after,
    };
    spoken.push_str(after);
}

/// Before "90s".
const APOSTROPHES: [char; 2] = ['\'', '’'];

/// What is said for the pieces at a place, and whether a full stop behind them is the sentence's.
fn speak_at(text: &Text<'_>, at: usize) -> (Said, bool) {
    let core = text.core(at);
    if let Some((said, keeps_stop)) = letters::abbreviation(text, at)
        && measured_before(text, at).is_none()
    {
        return (said, keeps_stop);
    }
    if is_plain(core) {
        let per = measure::per(text, at).or_else(|| measure::times(text, at));
        return (per.unwrap_or_else(|| Said::new(core, 1)), true);
    }
    let said = sign(text, at)
        .or_else(|| digits::service_code(core).map(|said| Said::new(said, 1)))
        .or_else(|| address::address(core).map(|said| Said::new(said, 1)))
        .or_else(|| money::amount(text, at))
        .or_else(|| time_at(text, at))
        .or_else(|| date::date(text, at))
        .or_else(|| dialled(text, at))
        .or_else(|| digits::iban(text, at))
        .or_else(|| digits::grouped(text, at))
        .or_else(|| measure::measure(text, at))
        .or_else(|| measure::mixed_number(text, at))
        .or_else(|| by_form(core).map(|said| Said::new(said, 1)))
        .or_else(|| by_place(text, at));
    let is_day = index::index().days.contains_key(core);
    let keeps_stop = !is_day
        || text.core(at + 1).is_empty()
        || text.core(at + 1).starts_with(char::is_uppercase);
    (said.unwrap_or_else(|| Said::new(core, 1)), keeps_stop)
}

/// An amount or a measure that ends in this piece is read from its number on: "90 min".
fn measured_before(text: &Text<'_>, at: usize) -> Option<()> {
    let before = at.checked_sub(1)?;
    let is_number = number::number(text.core(before)).is_some();
    (is_number && index::index().units.contains_key(text.core(at))).then_some(())
}

/// A sign on its own.
fn sign(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    if let Some(said) = measure::times(text, at).or_else(|| measure::per(text, at)) {
        return Some(said);
    }
    let word = match core {
        RANGE if is_shares(text, at) => "",
        RANGE => "to",
        "&" => "and",
        "=" => "equals",
        "@" => "at",
        // Between words it is a pause.
        "/" => "",
        _ => SIGNS
            .iter()
            .find(|(sign, _)| *sign == core)
            .map(|(_, said)| *said)?,
    };
    Some(Said::new(word, 1))
}

/// Whether the numbers on both sides are parts of a hundred, "the 20-80 plan", and no range.
fn is_shares(text: &Text<'_>, at: usize) -> bool {
    let part = |at: usize| text.core(at).parse::<u32>().ok();
    let parts = at.checked_sub(1).and_then(part).zip(part(at + 1));
    let behind = text.next(at + 1);
    parts.is_some_and(|(one, other)| one + other == 100)
        && behind.is_some_and(|word| {
            english()
                .speaking
                .behind_shares
                .iter()
                .any(|known| known == word)
        })
}

/// A time, with the half of the day behind it.
fn time_at(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    if !core.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(next) = text.next(at).filter(|next| is_half_of_day(next))
        && let Some(time) = time(core, Some(next))
    {
        return Some(Said::new(time, 2));
    }
    time(core, None).map(|time| Said::new(time, 1))
}

/// Digits behind "call" and its like.
fn dialled(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    let is_short = (3..=6).contains(&core.len()) && core.bytes().all(|b| b.is_ascii_digit());
    let before = text.word_before(at).filter(|_| is_short)?;
    let is_dialled = english().speaking.dialling.contains(&before);
    // "Call 300 customers" names how many.
    let counted = text
        .next(at)
        .is_some_and(|next| is_plain(next) && next.len() > 3 && next.ends_with('s'));
    (is_dialled && !counted && digits::grouped(text, at).is_none())
        .then(|| Said::new(digits_in_words(core), 1))
}

/// What one word says by its own form, if that is not how it is written.
fn by_form(core: &str) -> Option<String> {
    ordinal_in_words(core)
        .or_else(|| number::with_slash(core))
        .or_else(|| number::decade(core))
        .or_else(|| ratio(core))
        .or_else(|| letters::acronym(core))
        .or_else(|| code::code(core))
        .or_else(|| letters::either(core))
}

/// "4:3".
fn ratio(core: &str) -> Option<String> {
    let (one, other) = core.split_once(':')?;
    let short = |part: &str| (1..=2).contains(&part.len()) && !part.starts_with('0');
    let said = (short(one) && short(other))
        .then(|| Some((number::number(one)?, number::number(other)?)))??;
    Some(format!("{} to {}", said.0, said.1))
}

/// What a word says by what stands beside it.
fn by_place(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    if let Some(said) = date::weekday(text, at).or_else(|| letters::roman(text, at)) {
        return Some(said);
    }
    if let Some(digits) = core.strip_prefix('+').filter(|digits| is_digits(digits)) {
        let number = number::number(digits)?;
        return Some(Said::new(format!("plus {number}"), 1));
    }
    if is_digits(core) {
        return Some(Said::new(plain_number(text, at, core), 1));
    }
    if let Some(prefix) = prefix(text, at) {
        return Some(prefix);
    }
    number::number(core).map(|said| Said::new(said, 1))
}

fn is_digits(core: &str) -> bool {
    !core.is_empty() && core.bytes().all(|b| b.is_ascii_digit())
}

/// Two or three capitals before digits are a reference's: "TK 300 400", "FY 2025".
fn prefix(text: &Text<'_>, at: usize) -> Option<Said> {
    let core = text.core(at);
    let capitals = (2..=3).contains(&core.len()) && core.bytes().all(|b| b.is_ascii_uppercase());
    let next = text
        .next(at)
        .filter(|next| capitals && is_digits(next) && next.len() > 2)?;
    let is_prefix = letters::as_word(core).is_none() && !next.is_empty();
    is_prefix.then(|| Said::new(digits::spelled(core), 1))
}

/// Digits as a quantity, a year or one by one, by their length and their neighbours.
fn plain_number(text: &Text<'_>, at: usize, core: &str) -> String {
    let lists = &english().speaking;
    let before = text.word_before(at).unwrap_or_default();
    let next_is_word = text
        .next(at)
        .is_some_and(|next| next.starts_with(char::is_lowercase));
    if core.len() >= 5 {
        return digits::alone(core);
    }
    if core.len() > 1 && core.starts_with('0') {
        return digits_in_words(core);
    }
    if core.len() == 4 {
        let behind = || {
            let earlier = at.checked_sub(1).and_then(|at| text.word_before(at));
            let listed = lists.before_codes_behind.words.contains(&before);
            !listed || earlier.is_some_and(|word| lists.before_codes_behind.behind.contains(&word))
        };
        if lists.before_codes.contains(&before) && !next_is_word && behind() {
            return digits_in_words(core);
        }
        let year: u32 = core.parse().unwrap_or_default();
        let is_known_year = range::YEARS.contains(&year);
        if is_known_year || (1100..1900).contains(&year) && lists.before_years.contains(&before) {
            return number::year(year);
        }
        // "BA 2490".
        let code = at
            .checked_sub(1)
            .map(|before| text.core(before))
            .unwrap_or_default();
        if (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase()) {
            return digits_in_words(core);
        }
    }
    number::number(core).unwrap_or_else(|| core.to_owned())
}

#[cfg(test)]
mod tests;
