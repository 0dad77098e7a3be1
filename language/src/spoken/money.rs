//! Amounts of money, with their sign or code before them or their unit behind, and ranges of them.

use super::{
    index::index,
    number::number,
    text::{Said, Text},
};
use crate::{
    english::{Currency, english},
    numbers::{cardinal, whole_number},
};

/// An amount's number, and the power of ten behind it.
#[derive(Clone, Copy)]
struct Count<'a> {
    number: &'a str,
    scale: Option<&'static str>,
    /// Pieces that it takes.
    taken: usize,
}

/// The amount that begins at a piece: "$1,250.50", "KES 1,500", "20 euros", "$1.5 million", "₹80-90 lakh", "50p".
pub(super) fn amount(text: &Text<'_>, at: usize) -> Option<Said> {
    let (currency, count) = opened(text, at).or_else(|| closed(text, at))?;
    let last = at + count.taken - 1;
    if let Some((upper, taken)) = upper(text, last, currency) {
        let scale = count.scale.or(upper.scale);
        let lower = Count {
            scale: None,
            ..count
        };
        // "$10-15 million": the power of ten is both numbers'.
        let lower = if count.scale.is_some() && upper.scale != count.scale {
            count
        } else {
            lower
        };
        let said = format!(
            "{} to {}",
            lower.in_words()?,
            currency.said(Count { scale, ..upper }, false)?
        );
        return Some(Said::new(said, count.taken + taken));
    }
    if text.next(last) == Some("+") && text.piece(last + 1).joined {
        let plus = format!("{} plus {}", count.in_words()?, currency.unit[1]);
        return Some(Said::new(plus, count.taken + 1));
    }
    let said = currency.said(count, text.is_before_noun(at, last))?;
    Some(Said::new(said, count.taken))
}

/// An amount whose sign or code stands before it.
fn opened<'a>(text: &Text<'a>, at: usize) -> Option<(&'static Currency, Count<'a>)> {
    let core = text.core(at);
    let known = index();
    if let Some((currency, number)) = known.opening_currency(core) {
        return match number {
            "" => count(text, at + 1)
                .filter(|_| text.is_followed(at))
                .map(|count| (currency, count.behind(1))),
            _ => counted(text, at, number).map(|count| (currency, count)),
        };
    }
    let currency = *known.currencies.get(core)?;
    let is_code = currency.before.iter().any(|before| before == core);
    if !is_code || text.next_behind_dot(at).is_none() {
        return None;
    }
    count(text, at + 1).map(|count| (currency, count.behind(1)))
}

/// An amount whose unit stands behind it.
fn closed<'a>(text: &Text<'a>, at: usize) -> Option<(&'static Currency, Count<'a>)> {
    let core = text.core(at);
    if !core.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let known = index();
    if let Some(currency) = text.next(at).and_then(|small| known.small.get(small))
        && text.piece(at + 1).joined
    {
        // Of the hundredth: said by itself.
        return whole_number(core)
            .filter(|count| (1..100).contains(count))
            .map(|_| {
                (
                    *currency,
                    Count {
                        number: core,
                        scale: Some(SMALL),
                        taken: 2,
                    },
                )
            });
    }
    let counted = count(text, at)?;
    let currency = text
        .next(at + counted.taken - 1)
        .and_then(|unit| known.currencies.get(unit))?;
    Some((
        currency,
        Count {
            taken: counted.taken + 1,
            ..counted
        },
    ))
}

/// Stands for the hundredth in the place of a power of ten.
const SMALL: &str = "";

/// The number at a piece, and the power of ten behind it.
fn count<'a>(text: &Text<'a>, at: usize) -> Option<Count<'a>> {
    counted(text, at, text.core(at))
}

fn counted<'a>(text: &Text<'a>, at: usize, number: &'a str) -> Option<Count<'a>> {
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let scale = text.next(at).and_then(|written| {
        let said = index().scales.get(written).copied()?;
        // A letter of its own may be anything.
        (written.len() > 1 || text.piece(at + 1).joined).then_some(said)
    });
    let taken = 1 + usize::from(scale.is_some());
    Some(Count {
        number,
        scale,
        taken,
    })
}

/// The upper end of a range whose lower end is an amount of this currency and ends at `last`, and the pieces it takes with
/// its dash.
fn upper<'a>(text: &Text<'a>, last: usize, currency: &Currency) -> Option<(Count<'a>, usize)> {
    if !text.is_range(last) {
        return None;
    }
    let at = last + 2;
    let same = |other: &Currency| other.unit == currency.unit;
    match opened(text, at).or_else(|| closed(text, at)) {
        Some((other, count)) => same(other).then_some((count, count.taken + 1)),
        None => count(text, at).map(|count| (count, count.taken + 1)),
    }
}

impl Count<'_> {
    fn behind(self, pieces: usize) -> Self {
        Self {
            taken: self.taken + pieces,
            ..self
        }
    }

    /// Without the currency.
    fn in_words(self) -> Option<String> {
        let number = number(self.number)?;
        Some(match self.scale {
            Some(scale) if scale != SMALL => format!("{number} {scale}"),
            _ => number,
        })
    }
}

impl Currency {
    /// An amount of it; `singular`: as it stands before a noun.
    fn said(&self, count: Count<'_>, singular: bool) -> Option<String> {
        if count.scale == Some(SMALL) {
            let small = whole_number(count.number)?;
            return Some(named(small, &self.hundredth));
        }
        let unit = &self.unit[usize::from(!singular)];
        if count.scale.is_some() {
            return count.in_words().map(|number| format!("{number} {unit}"));
        }
        let european = self.decimal_comma(count.number);
        let written = european.as_deref().unwrap_or(count.number);
        let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
        let Some(value) = whole_number(whole) else {
            return number(written).map(|number| format!("{number} {unit}"));
        };
        let hundredths: u64 = match fraction.len() {
            0 => 0,
            2 if fraction.bytes().all(|b| b.is_ascii_digit()) => fraction.parse().ok()?,
            // "$1.5" has no cents.
            _ => return number(written).map(|number| format!("{number} {unit}")),
        };
        Some(match (value, hundredths) {
            (value, 0) if singular => format!("{} {unit}", cardinal(value)),
            (value, 0) => named(value, &self.unit),
            (0, hundredths) => named(hundredths, &self.hundredth),
            (value, hundredths) => {
                format!(
                    "{} and {}",
                    named(value, &self.unit),
                    named(hundredths, &self.hundredth)
                )
            }
        })
    }

    /// "1.250,50" as "1250.50", where the currency is written so.
    fn decimal_comma(&self, number: &str) -> Option<String> {
        let (whole, part) = number.rsplit_once(',')?;
        let is_comma = english().speaking.decimal_comma.contains(&self.unit[0]);
        (is_comma && part.len() == 2).then(|| format!("{}.{part}", whole.replace('.', "")))
    }
}

fn named(count: u64, names: &[String; 2]) -> String {
    format!("{} {}", cardinal(count), names[usize::from(count != 1)])
}
