//! Text as words, numerals and service codes, each with its place.

use std::ops::Range;

use super::{
    names::{Numeral, numeral},
    read::{is_filler, read},
};
use crate::token::{Kind, decimal, key, tokens};

/// One item of a text and its bytes.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// What it is.
    pub what: What,
    /// A comma, full stop or other pause stands before it.
    pub parted: bool,
}

/// What an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A word in lower case.
    Word(String),
    /// Written digits, as ASCII.
    Digits(String),
    /// A number word.
    Number(Numeral),
    /// `*236#`.
    Service(String),
    /// One of the texts that the caller of [`scan`] wants left whole, by its place in the list.
    Opaque(usize),
}

impl Item {
    /// The word, if it is one.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match &self.what {
            What::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is a number or a part of one.
    #[must_use]
    pub fn is_numeral(&self) -> bool {
        matches!(self.what, What::Digits(_) | What::Number(_))
    }
}

/// Splits `text`. Letters and digits part where they touch ("14th" is 14 and "th"); an occurrence of one of `opaque`
/// is one item.
#[must_use]
pub fn scan(text: &str, opaque: &[&str]) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let mut parted = false;
    let mut from = 0;
    for token in tokens(text) {
        if token.start < from {
            continue;
        }
        let which = opaque
            .iter()
            .position(|o| text[token.start..].starts_with(o));
        let what = match (which, token.kind) {
            (Some(which), _) => What::Opaque(which),
            (None, Kind::Letters) => What::Word(key(token.text)),
            (None, Kind::Digits) => What::Digits(token.text.chars().filter_map(decimal).collect()),
            (None, Kind::Code) => What::Service(token.text.to_owned()),
            (None, Kind::Sign(sign)) => {
                parted = parted || !matches!(sign, '-' | '‐' | '‑');
                continue;
            }
        };
        from = which.map_or_else(|| token.end(), |which| token.start + opaque[which].len());
        items.push(Item {
            span: token.start..from,
            what,
            parted,
        });
        parted = false;
    }
    name_numerals(&mut items);
    join_spoken_services(items)
}

/// Turns number words into numerals where they stand as numbers: "oh" only among other digits, "double" only
/// before one.
fn name_numerals(items: &mut [Item]) {
    for at in 0..items.len() {
        let What::Word(word) = &items[at].what else {
            continue;
        };
        let Some(number) = numeral(word) else {
            continue;
        };
        let after_numeral = at > 0 && items[at - 1].is_numeral();
        let stands = match number {
            Numeral::Repeat(_) => {
                let unit =
                    is_unit(items.get(at + 1)) && (after_numeral || !is_oh(items.get(at + 1)));
                unit || (is_oh(items.get(at + 1)) && leads_to_digit(&items[at + 2..]))
            }
            _ if is_oh(items.get(at)) => {
                let follows = leads_to_digit(&items[at + 1..]);
                let goes_on = follows && !after_numeral && resumes(&items[..at]);
                after_numeral || goes_on || (follows && could_be_numeral(items.get(at + 2)))
            }
            _ => true,
        };
        if stands {
            items[at].what = What::Number(number);
        }
    }
}

/// A numeral and hesitation end `items`: "four one, um," before "oh eight".
fn resumes(items: &[Item]) -> bool {
    let hesitation = |i: &Item| i.word().is_some_and(is_filler);
    items
        .iter()
        .rev()
        .find(|i| !hesitation(i))
        .is_some_and(Item::is_numeral)
}

fn is_oh(item: Option<&Item>) -> bool {
    matches!(item.and_then(Item::word), Some("oh" | "o"))
}

fn could_be_numeral(item: Option<&Item>) -> bool {
    item.is_some_and(|i| i.is_numeral() || i.word().is_some_and(|w| numeral(w).is_some()))
}

fn is_unit(item: Option<&Item>) -> bool {
    item.is_some_and(|i| match &i.what {
        What::Digits(digits) => digits.len() == 1,
        What::Word(word) => matches!(numeral(word), Some(Numeral::Digit(_))),
        _ => false,
    })
}

/// The next item that is neither "oh" nor "double" is a numeral.
fn leads_to_digit(items: &[Item]) -> bool {
    let vague = |i: &Item| {
        is_oh(Some(i))
            || i.word()
                .is_some_and(|w| matches!(numeral(w), Some(Numeral::Repeat(_))))
    };
    could_be_numeral(items.iter().find(|i| !vague(i)))
}

/// "star two three six hash" becomes one service code.
fn join_spoken_services(items: Vec<Item>) -> Vec<Item> {
    let is_star = |item: &Item| matches!(item.word(), Some("star" | "asterisk"));
    let mut joined: Vec<Item> = Vec::with_capacity(items.len());
    let mut at = 0;
    while at < items.len() {
        let end = (at + 1..items.len()).find(|&i| !items[i].is_numeral() && !is_star(&items[i]));
        match end {
            Some(end)
                if is_star(&items[at])
                    && end > at + 1
                    && matches!(items[end].word(), Some("hash" | "pound")) =>
            {
                let mut code = String::new();
                for part in items[at..end].split_inclusive(|i| is_star(i)) {
                    let star = part.last().is_some_and(is_star);
                    let numerals = &part[..part.len() - usize::from(star)];
                    code.extend(read(numerals, false).iter().map(|p| p.digits.as_str()));
                    if star {
                        code.push('*');
                    }
                }
                code.push('#');
                joined.push(Item {
                    span: items[at].span.start..items[end].span.end,
                    what: What::Service(code),
                    parted: false,
                });
                at = end + 1;
            }
            _ => {
                joined.push(items[at].clone());
                at += 1;
            }
        }
    }
    joined
}
