//! A text as numbers, words and signs, for reading quantities.

use std::ops::Range;

use super::ONE;
use crate::{
    english::english,
    numbers::Numeral,
    numbers::numeral,
    token::{Kind, Token, decimal, key, tokens},
};

/// Digits of a written number at most; longer strings are no quantities.
const MAX_DIGITS: usize = 13;

/// A piece of the text.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Lower case.
    pub(super) key: String,
    pub(super) span: Range<usize>,
    /// Nothing stands between it and the piece before.
    pub(super) touches: bool,
    /// A mark that ends a clause stands before it.
    pub(super) parted: bool,
    /// A written number, in thousandths.
    pub(super) written: Option<i64>,
    /// A number word.
    pub(super) word: Option<Numeral>,
}

/// Splits `text`; marks that mean nothing to a number only part what they stand between.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let all = tokens(text);
    let mut found: Vec<Piece> = Vec::with_capacity(all.len());
    let mut parted = false;
    let mut at = 0;
    while at < all.len() {
        let (taken, piece) = piece(text, &all[at..]);
        at += taken;
        match piece {
            Some(mut piece) => {
                let end = found.last().map_or(usize::MAX, |last| last.span.end);
                piece.touches = end == piece.span.start;
                piece.parted = std::mem::take(&mut parted);
                found.push(piece);
            }
            None => parted = true,
        }
    }
    found
}

fn piece(text: &str, rest: &[Token<'_>]) -> (usize, Option<Piece>) {
    let first = &rest[0];
    let new = |end: usize, key: String| Piece {
        word: numeral(&key),
        key,
        span: first.start..end,
        touches: false,
        parted: false,
        written: None,
    };
    match first.kind {
        Kind::Letters => (1, Some(new(first.end(), key(first.text)))),
        Kind::Digits => {
            let taken = written_length(rest);
            let end = rest[taken - 1].end();
            let mut piece = new(end, text[first.start..end].to_owned());
            piece.written = thousandths(&text[first.start..end]);
            (taken, Some(piece))
        }
        Kind::Sign(sign) => {
            let words = &english().quantity;
            let mut text = [0; 4];
            let text: &str = sign.encode_utf8(&mut text);
            let means = |list: &[String]| list.iter().any(|word| word == text);
            let is_currency = |currency: &super::words::Currency| means(&currency.before);
            let kept = means(&words.to) || words.currency.iter().any(is_currency);
            let plus = sign == '+';
            (1, (kept || plus).then(|| new(first.end(), text.to_owned())))
        }
        Kind::Code => (1, Some(new(first.end(), first.text.to_owned()))),
    }
}

/// How many tokens the written number takes that begins `rest`: 1,200.50 and 12,50,000 are one.
fn written_length(rest: &[Token<'_>]) -> usize {
    let mut taken = 1;
    while let [mark, digits, ..] = &rest[taken..] {
        let tight = rest[taken - 1].end() == mark.start && mark.end() == digits.start;
        let more = match mark.kind {
            Kind::Sign(',') => matches!(digits.text.len(), 2 | 3),
            Kind::Sign('.') => true,
            _ => false,
        };
        if !(tight && more && digits.kind == Kind::Digits) {
            break;
        }
        taken += 2;
        if mark.kind == Kind::Sign('.') {
            break;
        }
    }
    taken
}

/// "1,200.5" in thousandths.
fn thousandths(written: &str) -> Option<i64> {
    let ascii: String = written
        .chars()
        .filter(|c| *c != ',')
        .map(|c| decimal(c).unwrap_or(c))
        .collect();
    let (whole, part) = ascii.split_once('.').unwrap_or((&ascii, ""));
    if whole.len() > MAX_DIGITS {
        return None;
    }
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let whole: i64 = whole.parse().ok()?;
    whole.checked_mul(ONE)?.checked_add(part.parse().ok()?)
}
