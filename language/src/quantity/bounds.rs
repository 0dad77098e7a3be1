//! What bounds a number: "under", "between … and …", "or more".

use super::{
    Manner, Quantity,
    number::{Number, Reader},
};

/// Pieces before a number in which its bound may begin.
const MAX_BEFORE: usize = 4;

/// The quantity whose number begins at this piece, and the piece after it. What bounds it may begin at `free`.
pub(super) fn quantity(reader: Reader<'_>, at: usize, free: usize) -> Option<(Quantity, usize)> {
    let first = reader.number(at)?;
    let end = first.pieces.end;
    let (from, before) = before(reader, at, free);
    if let Some(second) = second(reader, end, &first, before == Some(Before::Between)) {
        let (first, end) = (first.scaled_like(&second), second.pieces.end);
        let (least, most) = (first.value.min(second.value), first.value.max(second.value));
        let quantity = new(
            reader,
            from..end,
            &first,
            (Manner::Between, Some(least), Some(most)),
        );
        let scaled = quantity.scaled || second.scale > 100;
        let number = first.bare.start..second.bare.end;
        let number = bytes(reader, number);
        return Some((
            Quantity {
                scaled,
                number,
                ..quantity
            },
            end,
        ));
    }
    let words = reader.words;
    let behind = |list| reader.phrase(end, list);
    let (manner, end) = match before {
        Some(Before::AtMost | Before::Under) => (Manner::AtMost, end),
        Some(Before::AtLeast | Before::Over) => (Manner::AtLeast, end),
        _ => {
            if let Some(end) = behind(&words.at_most_behind) {
                (Manner::AtMost, end)
            } else if let Some(end) = behind(&words.at_least_behind).or_else(|| plus(reader, end)) {
                (Manner::AtLeast, end)
            } else if let Some(end) = behind(&words.about_behind) {
                (Manner::About, end)
            } else if before == Some(Before::About) {
                (Manner::About, end)
            } else {
                (Manner::Exactly, end)
            }
        }
    };
    let value = Some(first.value);
    let (least, most) = match manner {
        Manner::AtMost => (None, value),
        Manner::AtLeast => (value, None),
        _ => (value, value),
    };
    let mut quantity = new(reader, from..end, &first, (manner, least, most));
    quantity.is_strict = matches!(before, Some(Before::Under | Before::Over));
    Some((quantity, end))
}

/// What stands before a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Under,
    Over,
    AtMost,
    AtLeast,
    About,
    Between,
}

/// The longest phrase of bounds that ends where the number begins, and its first piece.
fn before(reader: Reader<'_>, at: usize, free: usize) -> (usize, Option<Before>) {
    let words = reader.words;
    let from = at.saturating_sub(MAX_BEFORE).max(free);
    for start in from..at {
        let ends = |list: &[String]| {
            let end = reader.phrase(start, list)?;
            // "Under about two crore", "a budget of around two crore", "under the eighty".
            let loose = reader.phrase(end, &words.about).unwrap_or(end);
            let the = reader.phrase(loose, &words.the).unwrap_or(loose);
            (end == at || loose == at || the == at).then_some(())
        };
        let found = ends(&words.at_most)
            .map(|()| Before::AtMost)
            .or_else(|| ends(&words.under).map(|()| Before::Under))
            .or_else(|| ends(&words.over).map(|()| Before::Over))
            .or_else(|| ends(&words.at_least).map(|()| Before::AtLeast))
            .or_else(|| ends(&words.between).map(|()| Before::Between))
            .or_else(|| ends(&words.about).map(|()| Before::About));
        if let Some(found) = found {
            return (start, Some(found));
        }
    }
    (at, None)
}

/// The number at the other end of a range.
fn second(reader: Reader<'_>, at: usize, first: &Number, between: bool) -> Option<Number> {
    let words = reader.words;
    if !reader.is(at, &words.to) {
        return None;
    }
    let second = reader.number(at + 1)?;
    // "Two and three" are a range behind "between" alone; "2-1" counts down and is none.
    let is_and = reader.is(at, &words.and);
    let larger = first.clone().scaled_like(&second).value < second.value;
    let same = match (&first.currency, &second.currency) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    };
    (larger && same && (between || !is_and)).then_some(second)
}

fn plus(reader: Reader<'_>, at: usize) -> Option<usize> {
    let piece = reader.pieces.get(at)?;
    (piece.key == "+" && piece.touches).then_some(at + 1)
}

fn new(
    reader: Reader<'_>,
    pieces: std::ops::Range<usize>,
    number: &Number,
    (manner, least, most): (Manner, Option<i64>, Option<i64>),
) -> Quantity {
    Quantity {
        span: bytes(reader, pieces),
        number: bytes(reader, number.bare.clone()),
        manner,
        least,
        most,
        currency: number.currency.clone(),
        is_strict: false,
        scaled: number.scale > 100,
    }
}

fn bytes(reader: Reader<'_>, pieces: std::ops::Range<usize>) -> std::ops::Range<usize> {
    reader.pieces[pieces.start].span.start..reader.pieces[pieces.end - 1].span.end
}
