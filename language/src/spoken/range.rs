//! Whether a dash stands for "to".

use super::{
    clock::{is_clock, is_half_of_day},
    index::index,
    pieces::{Piece, number_length},
};

/// Years of four digits that are read in pairs wherever they stand.
pub(super) const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// What stands on both sides of a dash within a word: "10-15", "9am-5pm", "Mon-Fri", "$50-100"; no telephone number, no
/// score and no day of a calendar.
pub(super) fn is_range(left: &str, right: &str) -> bool {
    let known = index();
    let day = |text: &str| {
        known.days.contains_key(text) || known.days.values().any(|(day, _)| *day == text)
    };
    if day(left) && day(right) {
        return true;
    }
    let short =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if is_clock(right) && (is_clock(left) || short(left)) {
        return true;
    }
    // "$20-30/month"
    let right = right.split_once('/').map_or(right, |(right, _)| right);
    let (Some(from), Some(to)) = (Operand::of(left), Operand::of(right)) else {
        return false;
    };
    from.is_marked || to.is_marked || from.is_before(&to)
}

/// The same of a dash with spaces around it, at `at`.
pub(super) fn is_range_between(pieces: &[Piece<'_>], at: usize) -> bool {
    let (left, right) = (pieces[at - 1], pieces[at + 1]);
    let is_half = left.after == "." && is_half_of_day(left.core);
    if !left.after.is_empty() && !is_half || !right.before.is_empty() {
        return false;
    }
    let hour = |core: &str| core.starts_with(|c: char| c.is_ascii_digit());
    // "7 pm – 9 pm", and "10% - 15%", which is in pieces by now.
    let behind = |core: &str| is_half_of_day(core) || core == "%";
    behind(left.core) && hour(right.core) || is_range(left.core, right.core)
}

/// One end of a range.
struct Operand<'a> {
    digits: &'a str,
    /// It has the sign of a currency, or is a percentage.
    is_marked: bool,
}

impl<'a> Operand<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let known = index();
        let (sign, number) = match known.opening_currency(text) {
            Some((_, rest)) => (true, rest),
            None => (false, text),
        };
        let (digits, behind) = number.split_at(number_length(number));
        let is_known = behind.is_empty()
            || behind == "%"
            || known.units.contains_key(behind)
            || known.currencies.contains_key(behind)
            || known.scales.contains_key(behind)
                && (sign || known.attached_scales.contains(behind));
        let is_marked = sign || behind == "%";
        (!digits.is_empty() && is_known).then_some(Self { digits, is_marked })
    }

    /// Two plain numbers, the smaller first, and no groups of a longer one.
    fn is_before(&self, to: &Self) -> bool {
        let whole = |text: &str| text.replace(',', "").parse::<f64>().ok();
        let (Some(from), Some(until)) = (whole(self.digits), whole(to.digits)) else {
            return false;
        };
        let padded = |text: &str| text.len() > 1 && text.starts_with('0') && !text.contains('.');
        let year = |text: &str| {
            text.parse()
                .is_ok_and(|year| text.len() == 4 && YEARS.contains(&year))
        };
        if padded(self.digits) || padded(to.digits) {
            return false;
        }
        // 2025-26; 2025-12 is a month.
        if year(self.digits) && to.digits.len() == 2 {
            return until > 12.0
                && self.digits[2..]
                    .parse::<f64>()
                    .is_ok_and(|from| from < until);
        }
        let groups = self.digits.len() >= 3 && to.digits.len() >= 3;
        let round = |number: f64| number % 5.0 == 0.0;
        let years = year(self.digits) && year(to.digits);
        from < until
            && (!groups || years || round(from) && round(until) || self.digits.contains([',', '.']))
    }
}
