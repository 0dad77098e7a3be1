//! What a field of a row holds, read from a file's text by the field's kind.

use language::{money, quantity::ONE};

use super::schema::{Field, Kind};

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Unique in its table.
    pub id: String,
    /// In the order of the table's fields; none where the row has nothing there.
    pub values: Vec<Option<Value>>,
}

/// A value. Numbers are fixed-point, so that rows compare exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Prose.
    Text(String),
    /// One of the field's names: a place, a colour.
    Name(String),
    /// Minor units of the pack's currency.
    Money(i64),
    /// Thousandths.
    Number(i64),
    /// Months since the year 0.
    Month(i64),
    /// A day, as the number `yyyymmdd`.
    Date(i64),
    /// Several names.
    List(Vec<String>),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// Reads a file's text, which is not empty.
    pub(crate) fn parse(text: &str, field: &Field, currency: &str) -> Option<Self> {
        Some(match field.kind {
            Kind::Text => Self::Text(text.to_owned()),
            Kind::Name => Self::Name(text.to_owned()),
            Kind::Money => Self::Money(money::parse(text, currency)?),
            Kind::Number => Self::Number(number(text)?),
            Kind::Month => Self::Month(month(text)?),
            Kind::Date => Self::Date(date(text)?),
            Kind::List => {
                let names: Vec<String> = text
                    .split(';')
                    .map(|name| name.trim().to_owned())
                    .filter(|name| !name.is_empty())
                    .collect();
                (!names.is_empty()).then_some(Self::List(names))?
            }
            Kind::Flag => match text {
                "yes" | "true" | "1" => Self::Flag(true),
                "no" | "false" | "0" => Self::Flag(false),
                _ => return None,
            },
        })
    }

    /// What the value is ordered and compared by, if it is a measure.
    #[must_use]
    pub fn measure(&self) -> Option<i64> {
        match self {
            Self::Money(value) | Self::Number(value) | Self::Month(value) | Self::Date(value) => {
                Some(*value)
            }
            Self::Text(_) | Self::Name(_) | Self::List(_) | Self::Flag(_) => None,
        }
    }

    /// The names that it is or holds.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Name(name) => std::slice::from_ref(name),
            Self::List(names) => names,
            _ => &[],
        }
    }
}

impl Kind {
    /// What a file may hold, for messages.
    pub(crate) fn accepted(self) -> &'static str {
        match self {
            Self::Text | Self::Name => "one line of text",
            Self::Money => "an amount without currency or commas, such as 18500000 or 799.50",
            Self::Number => "a number such as 3, 4.5 or -1.25",
            Self::Month => "a month such as 2027-06",
            Self::Date => "a day such as 2027-06-30",
            Self::List => "names parted by ;",
            Self::Flag => "yes or no",
        }
    }
}

/// "4.5" in thousandths.
pub(crate) fn number(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let figures = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !figures(whole) || !figures(part) || whole.len() > 12 || part.len() > 3 {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    Some(sign * (whole.parse::<i64>().ok()? * ONE + part))
}

/// "2027-06" in months.
pub(crate) fn month(text: &str) -> Option<i64> {
    let (year, month) = text.split_once('-')?;
    let month = two(month, 12)?;
    Some(four(year)? * 12 + month - 1)
}

fn date(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let none = parts.next().is_none();
    none.then_some(four(year)? * 10_000 + two(month, 12)? * 100 + two(day, 31)?)
}

fn four(text: &str) -> Option<i64> {
    let fits = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn two(text: &str, most: i64) -> Option<i64> {
    let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let value: i64 = fits.then(|| text.parse().ok()).flatten()?;
    (1..=most).contains(&value).then_some(value)
}
