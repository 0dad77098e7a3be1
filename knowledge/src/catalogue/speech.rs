//! Values as they are said.

use chrono::{Datelike, NaiveDate};
use language::{money, numbers::grouped, quantity::ONE};

use super::{
    Catalogue, Listing, template,
    value::{Row, Value},
};

/// From this number on thousands are parted.
const PARTED: i64 = 10_000 * ONE;

impl Catalogue {
    /// A value as it is said; `months` are the names of the months.
    pub(super) fn said(&self, value: &Value, months: &[String], and: &str) -> String {
        match value {
            Value::Text(text) | Value::Name(text) => text.trim_end_matches('.').to_owned(),
            Value::Money(minor) => {
                let currency = &self.currency;
                money::said(*minor, &currency.code, currency.unit(), &self.scales)
            }
            Value::Number(number) => number_said(*number),
            Value::Month(month) => month_said(*month, months),
            Value::Date(date) => {
                let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
                format!("{day} {}", month_said(year * 12 + month - 1, months))
            }
            Value::List(names) => together(names, and),
            Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        }
    }

    /// A template filled with a row's values.
    pub(super) fn fill(
        &self,
        template: &str,
        listing: &Listing,
        row: &Row,
        (months, and): (&[String], &str),
        more: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        template::fill(template, &|key| {
            more(key).or_else(|| Some(self.said(listing.value(row, key)?, months, and)))
        })
    }
}

/// "a, b and c".
pub(super) fn together(names: &[String], and: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

pub(super) fn number_said(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.abs();
    let whole = number / ONE;
    let whole = if number >= PARTED {
        let grouped = grouped(&whole.to_string()).unwrap_or_default();
        grouped.trim_end_matches(".00").to_owned()
    } else {
        whole.to_string()
    };
    let part = format!("{:03}", number % ONE);
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}

/// A day as it is said.
pub(crate) fn date_said(date: NaiveDate, months: &[String]) -> String {
    let month = i64::from(date.year()) * 12 + i64::from(date.month0());
    format!("{} {}", date.day(), month_said(month, months))
}

fn month_said(month: i64, months: &[String]) -> String {
    let name = usize::try_from(month % 12)
        .ok()
        .and_then(|at| months.get(at));
    let name = name.map_or_else(String::new, |name| template::sentence(name));
    format!("{name} {}", month / 12)
}
