//! Words that hold several pieces, taken apart: "80kg", "$50-$100", "~20", "120x60".

use super::{
    index::index,
    pieces::{Piece, RANGE, SIGNS, is_plain, number_length},
    range::is_range,
};

/// Pushes the piece, or its parts.
pub(super) fn part<'a>(piece: Piece<'a>, out: &mut Vec<Piece<'a>>) {
    let core = piece.core;
    if core.contains('@') && core.len() > 1 || core.contains("://") || core.starts_with("www.") {
        out.push(piece);
    } else if let Some((said, rest)) = signed(&piece) {
        out.push(piece.first(said));
        unsigned(piece.last(rest), out);
    } else {
        unsigned(piece, out);
    }
}

/// The same without a sign before it.
fn unsigned<'a>(piece: Piece<'a>, out: &mut Vec<Piece<'a>>) {
    let core = piece.core;
    // "$-20": the sign is read first.
    if let Some((_, rest)) = index().opening_currency(core)
        && let Some(number) = rest.strip_prefix(['-', '−'])
        && number.starts_with(|c: char| c.is_ascii_digit())
    {
        out.push(piece.first("minus"));
        out.push(Piece::middle(&core[..core.len() - rest.len()]));
        out.push(piece.last(number));
    } else if let Some((left, right)) = halves(core)
        && is_range(left, right)
    {
        suffixed(piece.first(left), out);
        out.push(Piece::middle(RANGE));
        suffixed(piece.last(right), out);
    } else {
        suffixed(piece, out);
    }
}

/// How the sign before a number or an amount is said, and what follows it.
fn signed<'a>(piece: &Piece<'a>) -> Option<(&'static str, &'a str)> {
    let (sign, said) = SIGNS
        .into_iter()
        .find(|(sign, _)| piece.core.starts_with(sign))?;
    let rest = &piece.core[sign.len()..];
    let is_amount = index().opening_currency(rest).is_some();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !is_amount && digits == 0 && !rest.starts_with('.') {
        return None;
    }
    // "+3" or "+263 77 …": what follows tells, in `digits.rs`.
    let is_phone = sign == "+" && !is_amount && (rest.len() == digits || rest.contains('-'));
    (!is_phone).then_some((said, rest))
}

/// What stands before and behind the only dash.
fn halves(core: &str) -> Option<(&str, &str)> {
    let mut dashes = core
        .char_indices()
        .filter(|&(at, c)| at > 0 && matches!(c, '-' | '–' | '—' | '−'));
    let (at, dash) = dashes.next()?;
    // "$-20" and "$50–-5" are no ranges.
    let only = dashes.next().is_none();
    let end = at + dash.len_utf8();
    (only && end < core.len()).then(|| (&core[..at], &core[end..]))
}

/// Pushes "80kg" as 80 and kg, "120x60" as three, "20-minute" as 20 and minute, "$20/month" as $20, / and month.
fn suffixed<'a>(mut piece: Piece<'a>, out: &mut Vec<Piece<'a>>) {
    while let Some((number, second)) = sides(piece.core) {
        out.push(piece.first(number));
        out.push(Piece::middle("×"));
        piece = piece.last(second);
    }
    let (number, rest) = number_and_rest(piece.core);
    if !is_number(number) || rest.is_empty() {
        out.push(piece);
    } else if let Some(unit) = rest.strip_prefix('/').filter(|unit| is_plain(unit)) {
        out.push(piece.first(number));
        out.push(Piece::middle("/"));
        out.push(piece.last(unit));
    } else if let Some((first, second)) = of_two(piece.core, number, rest) {
        out.push(piece.first(first));
        out.push(piece.last(second));
    } else {
        out.push(piece);
    }
}

/// A number, and what is written at it.
fn of_two<'a>(core: &'a str, number: &'a str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    if is_suffix(number, rest) {
        return Some((number, rest));
    }
    let (end, word) = rest.split_once('-').filter(|(_, word)| is_plain(word))?;
    // "20-minute", "10-km" and "21st-century"; no single letters.
    let is_measure =
        end.is_empty() && is_count(number) && (word.len() > 2 || index().units.contains_key(word));
    let is_order = matches!(end, "st" | "nd" | "rd" | "th");
    (is_measure || is_order).then(|| (&core[..core.len() - word.len() - 1], word))
}

/// The first two sides of a size.
fn sides(core: &str) -> Option<(&str, &str)> {
    let (number, rest) = number_and_rest(core);
    let second = rest
        .strip_prefix(['x', '×'])
        .filter(|_| is_number(number))?;
    second
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some((number, second))
}

/// Up to the end of the first number, and behind it.
fn number_and_rest(core: &str) -> (&str, &str) {
    let digits = core.find(|c: char| c.is_ascii_digit());
    core.split_at(digits.map_or(core.len(), |at| at + number_length(&core[at..])))
}

/// Whether it begins with a digit, but for a sign or a currency, and ends with one.
fn is_number(number: &str) -> bool {
    let start = number.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    let begins = start.starts_with(|c: char| c.is_ascii_digit())
        || index().opening_currency(number).is_some();
    begins && number.ends_with(|c: char| c.is_ascii_digit())
}

/// Digits, as one writes a count.
fn is_count(number: &str) -> bool {
    number.bytes().all(|b| b.is_ascii_digit() || b == b',')
}

/// A unit, a currency or a power of ten that may be written at a number.
fn is_suffix(number: &str, rest: &str) -> bool {
    let known = index();
    let is_amount = known.opening_currency(number).is_some();
    let is_currency = known
        .currencies
        .get(rest)
        .is_some_and(|currency| currency.before.iter().any(|before| before == rest));
    is_currency
        || known.units.contains_key(rest) && !is_amount
        || known.attached_scales.contains(rest)
        || known.scales.contains_key(rest) && is_amount
        || known.small.contains_key(rest)
        || rest == "x"
        || matches!(rest, "%" | "+")
}
