//! A figure that a text states, and when two are the same.

use super::ONE;

/// Digits from which a part of a number is enough to know it by: a number without its prefix.
const PART_DIGITS: usize = 5;
/// Minutes from noon to midnight.
pub(super) const HALF_DAY: i64 = 12 * 60;

/// What a text states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// A number without a unit, in thousandths.
    Number(i64),
    /// An amount of a currency (ISO 4217), in thousandths of its unit.
    Money(i64, String),
    /// A percentage, in thousandths.
    Percent(i64),
    /// So many units of time: the number in thousandths, and the seconds of the unit.
    Period(i64, i64),
    /// A time of day: minutes after noon or midnight, and which of them if it says so.
    Clock(i64, Option<Half>),
    /// A day of the week, Monday being 0.
    Weekday(usize),
    /// A month, January being 0.
    Month(usize),
    /// A service code such as `*236#`.
    Code(String),
    /// Numbers that stand together: their digits, and each for itself.
    Run(String, Vec<Self>),
}

/// Half of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Before noon.
    Morning,
    /// After noon.
    Afternoon,
}

impl Figure {
    /// Whether both state the same. A number without a unit is the same as one with any.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        use Figure::{Clock, Code, Money, Month, Number, Percent, Period, Run, Weekday};
        match (self, other) {
            (Run(one, _), Run(other, _)) => same_digits(one, other),
            (Run(digits, _), other) | (other, Run(digits, _)) => {
                other.digits().is_some_and(|own| same_digits(&own, digits))
            }
            (Clock(one, half), Clock(other, other_half)) => {
                one == other && (half.is_none() || other_half.is_none() || half == other_half)
            }
            (Clock(minutes, half), Number(n)) | (Number(n), Clock(minutes, half)) => {
                is_hour(*minutes, *half, *n)
            }
            (Clock(..), _) | (_, Clock(..)) => false,
            (Period(one, unit), Period(other, other_unit)) => {
                one.saturating_mul(*unit) == other.saturating_mul(*other_unit)
            }
            (Money(..) | Percent(_) | Period(..), Money(..) | Percent(_) | Period(..))
            | (Weekday(_) | Month(_) | Code(_), _)
            | (_, Weekday(_) | Month(_) | Code(_)) => self == other,
            _ => self.bare() == other.bare(),
        }
    }

    /// The number without its unit, if it is none.
    fn bare(&self) -> Option<i64> {
        match self {
            Self::Number(n) | Self::Money(n, _) | Self::Percent(n) | Self::Period(n, _) => Some(*n),
            _ => None,
        }
    }

    /// The digits of a whole number.
    fn digits(&self) -> Option<String> {
        let bare = self.bare().filter(|n| n % ONE == 0)?;
        Some((bare / ONE).to_string())
    }

    /// Whether one of `known` states the same, or each of them that stand together is among them. Digits that are
    /// spelt one by one are one number.
    #[must_use]
    pub fn is_among(&self, known: &[Self]) -> bool {
        let stated = |figure: &Self| {
            known.iter().any(|one| match one {
                Self::Run(_, parts) => one.is(figure) || parts.iter().any(|part| part.is(figure)),
                _ => one.is(figure),
            })
        };
        match self {
            Self::Run(digits, parts) => {
                let spelt = parts.len() > 2 && digits.len() == parts.len();
                stated(self) || (!spelt && !parts.is_empty() && parts.iter().all(stated))
            }
            _ => stated(self),
        }
    }
}

/// Whether a time of day may be said as this bare number: the eight of 8:00, the 330 of "three thirty".
fn is_hour(minutes: i64, half: Option<Half>, number: i64) -> bool {
    let hours = |offset: i64| {
        let (hour, minute) = ((minutes + offset) / 60, minutes % 60);
        let hour = if hour == 0 { 12 } else { hour };
        (minute == 0 && number == hour * ONE) || number == (hour * 100 + minute) * ONE
    };
    hours(0) || (half != Some(Half::Morning) && hours(HALF_DAY))
}

fn same_digits(one: &str, other: &str) -> bool {
    one == other
        || one.len() >= PART_DIGITS && other.contains(one)
        || other.len() >= PART_DIGITS && one.contains(other)
}
