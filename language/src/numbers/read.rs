//! Numerals that stand together, read as digits, and which of them are measures rather than digit strings.

use std::ops::Range;

use super::{
    measure::{CURRENCY_MARKS, mark_measures},
    names::Numeral,
    scan::{Item, What},
};

/// Numerals with nothing but punctuation and hesitation between them.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Positions of its items, fillers included.
    pub items: Range<usize>,
    /// Numbers put together as in an amount: "forty one hundred eleven" is 4111.
    pub pieces: Vec<Piece>,
    /// The other reading, in which nothing adds up: 41, 00, 11.
    pub literal: Vec<Piece>,
    /// A `+` stands before it, as before a phone number.
    pub plus: bool,
}

/// One number of a chain.
#[derive(Debug, Clone)]
pub struct Piece {
    /// ASCII digits.
    pub digits: String,
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What parts it from the piece before.
    pub gap: Gap,
    /// How many number words it was made of; 0 when written in digits.
    pub worded: usize,
    /// How many words or digit groups it was made of.
    pub parts: usize,
    /// An amount, a count, a date or a time.
    pub measure: bool,
}

/// What parts two pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Nothing, or a mark without a space.
    Tight,
    /// A space.
    Space,
    /// A mark with a space, or a word of hesitation.
    Clause,
}

impl Chain {
    /// The digits of all pieces.
    #[must_use]
    pub fn digits(&self) -> String {
        self.pieces.iter().map(|p| p.digits.as_str()).collect()
    }

    /// The pieces that may be a digit string, from the first that is not a measure to the last.
    #[must_use]
    pub fn string_pieces(&self) -> &[Piece] {
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

/// The chains of `text`, whose items are `items`. `counted` are nouns that follow a count, as in "three days".
#[must_use]
pub fn chains<S: AsRef<str>>(text: &str, items: &[Item], counted: &[S]) -> Vec<Chain> {
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
        mark_measures(text, items, counted, &mut chain);
        found.push(chain);
        at = end;
    }
    found
}

/// A word of hesitation that may stand inside a number.
#[must_use]
pub fn is_filler(word: &str) -> bool {
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
        let piece = first_piece(&numerals[at..], adds_up);
        at += piece.parts;
        pieces.push(piece);
    }
    pieces
}

/// The number that the first of `numerals` begins; `numerals` are not empty. With `adds_up`, "two hundred" is 200.
pub(crate) fn first_piece(numerals: &[&Item], adds_up: bool) -> Piece {
    let amount = adds_up.then(|| amount(numerals)).flatten();
    let (digits, parts) = amount
        .or_else(|| repeated(numerals))
        .or_else(|| below_hundred(numerals))
        .unwrap_or_else(|| plain(numerals[0]));
    let used = &numerals[..parts];
    let is_word = |item: &&&Item| matches!(item.what, What::Number(_));
    Piece {
        digits,
        span: used[0].span.start..used[parts - 1].span.end,
        gap: Gap::Clause,
        parts,
        worded: used.iter().filter(is_word).count(),
        measure: false,
    }
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
