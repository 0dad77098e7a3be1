//! Numerals that stand together, read as digits, and which of them are measures rather than digit strings.

use std::ops::Range;

use super::scan::{Item, Numeral, What};

/// Numerals with nothing but punctuation and hesitation between them.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// Positions of its items, fillers included.
    pub(crate) items: Range<usize>,
    /// Numbers put together as in an amount: "forty one hundred eleven" is 4111.
    pub(crate) pieces: Vec<Piece>,
    /// The other reading, in which nothing adds up: 41, 00, 11.
    pub(crate) literal: Vec<Piece>,
    /// A `+` stands before it, as before a phone number.
    pub(crate) plus: bool,
}

/// One number of a chain.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// ASCII digits.
    pub(crate) digits: String,
    /// Its bytes in the text.
    pub(crate) span: Range<usize>,
    /// What parts it from the piece before.
    pub(crate) gap: Gap,
    /// How many number words it was made of; 0 when written in digits.
    pub(crate) worded: usize,
    /// How many words or digit groups it was made of.
    pub(crate) parts: usize,
    /// An amount, a count, a date or a time.
    pub(crate) measure: bool,
}

/// What parts two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing, or a mark without a space.
    Tight,
    /// A space.
    Space,
    /// A mark with a space, or a word of hesitation.
    Clause,
}

impl Chain {
    /// The digits of all pieces.
    pub(crate) fn digits(&self) -> String {
        self.pieces.iter().map(|p| p.digits.as_str()).collect()
    }

    /// The pieces that may be a digit string, from the first that is no measure to the last.
    pub(crate) fn string_pieces(&self) -> &[Piece] {
        let first = self.pieces.iter().position(|p| !p.measure);
        let last = self.pieces.iter().rposition(|p| !p.measure);
        match (first, last) {
            (Some(first), Some(last)) => &self.pieces[first..=last],
            _ => &[],
        }
    }
}

/// Words of hesitation between two numerals of one chain, at most [`MAX_FILLERS`] in a row.
const FILLERS: &[&str] = &[
    "um", "uh", "er", "erm", "hmm", "ah", "then", "and", "dash", "hyphen", "space", "comma",
    "next", "again", "no", "sorry", "wait", "i", "mean", "so", "ok", "okay", "yes", "followed",
    "by", "hang", "on", "oh", "well",
];
const MAX_FILLERS: usize = 4;

/// Words after an amount of money.
const MONEY: &[&str] = &[
    "dollar",
    "dollars",
    "pounds",
    "rupee",
    "rupees",
    "naira",
    "shilling",
    "shillings",
    "euro",
    "euros",
    "rand",
    "cents",
    "usd",
    "zwl",
    "zig",
    "gbp",
    "eur",
    "bucks",
    "quid",
    "percent",
    "crore",
    "lakh",
];
/// Words after a count or a measure. A digit string is longer than [`MAX_COUNT_DIGITS`] or not parted from them.
const UNITS: &[&str] = &[
    "pound",
    "cent",
    "per",
    "time",
    "times",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "o'clock",
    "am",
    "pm",
    "th",
    "st",
    "nd",
    "rd",
    "k",
    "m",
    "bn",
    "gb",
    "mb",
    "g",
    "people",
    "card",
    "cards",
    "account",
    "accounts",
    "transaction",
    "transactions",
    "moment",
    "moments",
    "attempt",
    "attempts",
    "digit",
    "digits",
    "of",
    "more",
    "thing",
    "things",
    "bedroom",
    "kilometres",
    "miles",
    "working",
    "business",
    "other",
];
const MAX_COUNT_DIGITS: usize = 3;
const CURRENCY_MARKS: &[char] = &['$', '€', '£', '₦', '₹', '¥'];
const CURRENCY_WORDS: &[&str] = &[
    "usd", "us$", "zwl", "zig", "gbp", "eur", "rs", "ksh", "ngn", "inr",
];
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The chains of `text`, whose items are `items`.
pub(crate) fn chains(text: &str, items: &[Item]) -> Vec<Chain> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < items.len() {
        if !items[at].is_numeral() {
            at += 1;
            continue;
        }
        let end = chain_end(text, items, at);
        let before = &text[..items[at].span.start];
        let mut chain = Chain {
            items: at..end,
            pieces: read_spaced(text, &items[at..end], true),
            literal: read_spaced(text, &items[at..end], false),
            plus: before.ends_with('+'),
        };
        mark_measures(text, items, &mut chain);
        found.push(chain);
        at = end;
    }
    found
}

/// A word of hesitation that may stand inside a number.
pub(crate) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

fn chain_end(text: &str, items: &[Item], start: usize) -> usize {
    let mut end = start + 1;
    let mut fillers = 0;
    for at in start + 1..items.len() {
        if !joins(&text[items[at - 1].span.end..items[at].span.start]) {
            break;
        }
        if items[at].is_numeral() {
            end = at + 1;
            fillers = 0;
        } else if fillers < MAX_FILLERS && items[at].word().is_some_and(is_filler) {
            fillers += 1;
        } else {
            break;
        }
    }
    end
}

fn joins(gap: &str) -> bool {
    gap.chars().count() <= 8
        && !gap.contains(['+', '*', '#', '%', '@', '&', '=', '[', ']'])
        && !gap.contains(CURRENCY_MARKS)
}

fn read_spaced(text: &str, items: &[Item], adds_up: bool) -> Vec<Piece> {
    let mut pieces = read(items, adds_up);
    for at in 1..pieces.len() {
        let gap = &text[pieces[at - 1].span.end..pieces[at].span.start];
        pieces[at].gap =
            if gap.chars().all(|c| !c.is_whitespace()) && !gap.contains(char::is_alphabetic) {
                Gap::Tight
            } else if gap.chars().all(char::is_whitespace) {
                Gap::Space
            } else {
                Gap::Clause
            };
    }
    pieces
}

/// Reads numerals as pieces of digits; fillers are passed over.
pub(super) fn read(items: &[Item], adds_up: bool) -> Vec<Piece> {
    let numerals: Vec<&Item> = items.iter().filter(|i| i.is_numeral()).collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < numerals.len() {
        let (digits, taken) = if adds_up {
            amount(&numerals[at..])
        } else {
            None
        }
        .or_else(|| repeated(&numerals[at..]))
        .or_else(|| below_hundred(&numerals[at..]))
        .unwrap_or_else(|| plain(numerals[at]));
        let used = &numerals[at..at + taken];
        pieces.push(Piece {
            digits,
            span: used[0].span.start..used[taken - 1].span.end,
            gap: Gap::Clause,
            parts: taken,
            worded: used
                .iter()
                .filter(|i| matches!(i.what, What::Number(_)))
                .count(),
            measure: false,
        });
        at += taken;
    }
    pieces
}

fn plain(item: &Item) -> (String, usize) {
    let digits = match &item.what {
        What::Digits(digits) => digits.clone(),
        What::Number(Numeral::Digit(v) | Numeral::Teen(v) | Numeral::Tens(v)) => v.to_string(),
        What::Number(Numeral::Hundred) => "00".to_owned(),
        What::Number(Numeral::Power(zeros)) => "0".repeat(*zeros as usize),
        _ => String::new(),
    };
    (digits, 1)
}

/// "double seven".
fn repeated(items: &[&Item]) -> Option<(String, usize)> {
    let [first, second, ..] = items else {
        return None;
    };
    let What::Number(Numeral::Repeat(times)) = first.what else {
        return None;
    };
    let digit = match &second.what {
        What::Digits(d) if d.len() == 1 => d.clone(),
        What::Number(Numeral::Digit(v)) => v.to_string(),
        _ => return None,
    };
    Some((digit.repeat(usize::from(times)), 2))
}

/// "forty one". A pause or a word between them keeps them apart: "forty, one" is 40 and 1.
fn below_hundred(items: &[&Item]) -> Option<(String, usize)> {
    let [first, second, ..] = items else {
        return None;
    };
    match (&first.what, &second.what) {
        (What::Number(Numeral::Tens(tens)), What::Number(Numeral::Digit(unit)))
            if *unit > 0 && !second.parted && second.span.start - first.span.end <= 2 =>
        {
            Some(((tens + unit).to_string(), 2))
        }
        _ => None,
    }
}

/// A number with "hundred", "thousand" or "million" in it, added up.
fn amount(items: &[&Item]) -> Option<(String, usize)> {
    let (mut current, mut at) = small(items).unwrap_or((1, 0));
    let mut total: u64 = 0;
    let mut powers = 0;
    let mut ceiling = u32::MAX;
    loop {
        match items.get(at).map(|i| &i.what) {
            Some(What::Number(Numeral::Hundred)) if current < 100 => {
                current = current.checked_mul(100)?;
                at += 1;
                powers += 1;
                if let Some((more, taken)) = small(&items[at..]).filter(|(v, _)| *v < 100) {
                    current += more;
                    at += taken;
                }
            }
            Some(What::Number(Numeral::Power(zeros))) if *zeros < ceiling => {
                total = total.checked_add(current.checked_mul(10_u64.checked_pow(*zeros)?)?)?;
                ceiling = *zeros;
                at += 1;
                powers += 1;
                let (more, taken) = small(&items[at..]).unwrap_or((0, 0));
                current = more;
                at += taken;
            }
            _ => break,
        }
    }
    (powers > 0).then(|| (total.saturating_add(current).to_string(), at))
}

fn small(items: &[&Item]) -> Option<(u64, usize)> {
    if let Some((digits, taken)) = below_hundred(items) {
        return Some((digits.parse().ok()?, taken));
    }
    match &items.first()?.what {
        What::Number(Numeral::Digit(v) | Numeral::Teen(v) | Numeral::Tens(v)) if *v > 0 => {
            Some((u64::from(*v), 1))
        }
        What::Digits(d) if d.len() <= 3 => Some((d.parse().ok()?, 1)),
        _ => None,
    }
}

fn mark_measures(text: &str, items: &[Item], chain: &mut Chain) {
    let before = chain
        .items
        .start
        .checked_sub(1)
        .and_then(|at| items[at].word());
    let after = items.get(chain.items.end).and_then(Item::word);
    let first_start = chain.pieces.first().map_or(0, |p| p.span.start);
    let last_end = chain.pieces.last().map_or(0, |p| p.span.end);
    let lead = text[..first_start].trim_end();
    let tail = text[last_end..].trim_start();
    let priced =
        lead.ends_with(CURRENCY_MARKS) || before.is_some_and(|w| CURRENCY_WORDS.contains(&w));
    let month_before = before.is_some_and(|w| MONTHS.contains(&w));
    let month_after = after.is_some_and(|w| MONTHS.contains(&w));
    // The unit must follow at once: in "4321. May I …" a sentence lies between.
    let near = tail.chars().next().is_some_and(char::is_alphabetic);
    if priced || month_before {
        let end = thousands_forward(&chain.pieces) + usize::from(month_before);
        chain
            .pieces
            .iter_mut()
            .take(end)
            .for_each(|p| p.measure = true);
    }
    let money = tail.starts_with(['%'])
        || tail.starts_with(CURRENCY_MARKS)
        || (near && after.is_some_and(|w| MONEY.contains(&w)));
    let unit = near
        && (month_after
            || after.is_some_and(|w| UNITS.contains(&w))
            || tail.starts_with("a.m")
            || tail.starts_with("p.m"));
    // In "one two three four of them" the unit takes no single digit out of the string.
    let alone = chain.pieces.len() == 1
        || chain
            .pieces
            .last()
            .is_some_and(|p| p.gap == Gap::Clause || p.worded == 0);
    let count = chain
        .pieces
        .last()
        .is_some_and(|p| p.digits.len() <= MAX_COUNT_DIGITS);
    if money || (unit && alone && count) {
        let start = thousands_backward(&chain.pieces);
        chain.pieces[start..]
            .iter_mut()
            .for_each(|p| p.measure = true);
    }
    if before.is_some_and(|w| matches!(w, "since" | "in" | "until" | "by" | "from" | "year" | "of"))
        && let Some(year) = chain.pieces.first_mut().filter(|p| is_year(&p.digits))
    {
        year.measure = true;
    }
    mark_written_dates(text, &mut chain.pieces);
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"))
}

/// Pieces from the start that form one number written with separators: 1,250.75.
fn thousands_forward(pieces: &[Piece]) -> usize {
    let more = pieces.windows(2).take_while(|pair| belongs(&pair[1]));
    (1 + more.count()).min(pieces.len())
}

fn thousands_backward(pieces: &[Piece]) -> usize {
    let mut start = pieces.len().saturating_sub(1);
    while start > 0 && belongs(&pieces[start]) && pieces[start - 1].digits.len() <= 3 {
        start -= 1;
    }
    start
}

/// A group of thousands, or cents.
fn belongs(piece: &Piece) -> bool {
    piece.worded == 0
        && ((piece.gap != Gap::Clause && piece.digits.len() == 3)
            || (piece.gap == Gap::Tight && piece.digits.len() == 2))
}

/// 12/05/2024, 2024-05-12, 10:30, 250.75.
fn mark_written_dates(text: &str, pieces: &mut [Piece]) {
    let number = |p: &Piece| p.digits.parse::<u32>().unwrap_or(u32::MAX);
    let between = |a: &Piece, b: &Piece| text[a.span.end..b.span.start].to_owned();
    for at in 0..pieces.len() {
        if let [a, b, c, ..] = &pieces[at..] {
            let (left, right) = (between(a, b), between(b, c));
            let marks = left == right && matches!(left.as_str(), "/" | "-" | ".");
            let day_month = |x: &Piece, y: &Piece| {
                let (x, y) = (number(x), number(y));
                (1..=31).contains(&x) && (1..=31).contains(&y) && x.min(y) <= 12
            };
            let dated =
                (is_year(&c.digits) && day_month(a, b)) || (is_year(&a.digits) && day_month(b, c));
            if marks && dated {
                pieces[at..at + 3].iter_mut().for_each(|p| p.measure = true);
                continue;
            }
        }
        if let [a, b, ..] = &pieces[at..] {
            let clock =
                between(a, b) == ":" && number(a) < 24 && b.digits.len() == 2 && number(b) < 60;
            let decimal = between(a, b) == "." && b.digits.len() == 2 && pieces.len() == 2;
            if clock || decimal {
                pieces[at..at + 2].iter_mut().for_each(|p| p.measure = true);
            }
        }
    }
}
