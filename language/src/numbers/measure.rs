//! Which numbers are amounts, counts, dates or times rather than digit strings.

use super::{
    read::{Chain, Gap, Piece},
    scan::Item,
};
use crate::english::english;

/// A digit string is longer than this, or not parted from the words of a count.
const MAX_COUNT_DIGITS: usize = 3;
pub(super) const CURRENCY_MARKS: &[char] = &['$', '€', '£', '₦', '₹', '¥'];
/// Marks the pieces of a chain that are measures, by what stands around and between them.
pub(super) fn mark_measures<S: AsRef<str>>(
    text: &str,
    items: &[Item],
    counted: &[S],
    chain: &mut Chain,
) {
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
    let reading = &english().reading;
    let priced =
        lead.ends_with(CURRENCY_MARKS) || before.is_some_and(|w| reading.currencies.contains(w));
    let months = &english().speaking.months;
    let is_month = |word: &str| months.iter().any(|month| month.eq_ignore_ascii_case(word));
    let month_before = before.is_some_and(is_month);
    let month_after = after.is_some_and(is_month);
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
        || (near && after.is_some_and(|w| reading.money.contains(w)));
    let unit = near
        && (month_after
            || after.is_some_and(|w| {
                reading.units.contains(w) || counted.iter().any(|c| c.as_ref() == w)
            })
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
