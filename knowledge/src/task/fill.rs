//! The sentences of a task with what is known filled in.

use std::{cell::Cell, collections::BTreeMap};

use call::input::strict_line;

use super::Task;
use crate::{
    answer::sentences,
    lookup::{ParameterKind, ParameterValues, fill_in},
    pack::Currency,
    trust::{day, spoken_day},
};

/// Longest text of a tool's result that is spoken, in characters.
const MAX_TEXT: usize = 200;

impl Task {
    /// `line` with the slots as they are spoken, and with fields of a tool's result. A sentence whose field is not
    /// there, or is no text of one line, is left out: nothing is said that was not found.
    #[must_use]
    pub fn say(
        &self,
        line: &str,
        known: &ParameterValues,
        found: &BTreeMap<String, String>,
        currency: Option<&Currency>,
    ) -> String {
        let value = |key: &str| {
            let field = found.get(key).and_then(|value| field(value));
            field.or_else(|| self.spoken(key, known, currency))
        };
        let is_whole = |sentence: &String| {
            let missing = Cell::new(false);
            fill_in(sentence, |key| {
                missing.set(missing.get() || value(key).is_none());
                Some(String::new())
            });
            !missing.get()
        };
        let whole: Vec<String> = sentences(line).into_iter().filter(is_whole).collect();
        fill_in(&whole.join(" "), value)
    }

    /// A slot as it is spoken; of one that was left out, what is said in its place.
    fn spoken(
        &self,
        name: &str,
        known: &ParameterValues,
        currency: Option<&Currency>,
    ) -> Option<String> {
        let slot = self.slot(name)?;
        let Some(value) = known.get(name) else {
            return slot.manner.absent.clone();
        };
        match (slot.value.kind, currency) {
            (ParameterKind::Amount, Some(currency)) => {
                let is_one = matches!(&*value.sent, "1" | "1.0" | "1.00");
                let unit = currency.unit();
                let unit = if is_one { unit.one } else { unit.many };
                Some(format!("{} {unit}", value.spoken))
            }
            _ => Some(value.spoken.clone()),
        }
    }
}

/// A field of a result as it is spoken: a day by its name.
fn field(value: &str) -> Option<String> {
    let line = strict_line(value, MAX_TEXT).ok()?;
    Some(day(line).map_or_else(|| line.to_owned(), spoken_day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::ParameterValue;

    fn task() -> Task {
        let text = r#"
            tool = "reserve"
            confirm = "I reserve {title} for {days} days. Right?"
            done = "Reserved until {due}. Your number is {reference}."
            [[slot]]
            name = "title"
            type = "text"
            ask = "Which title?"
            [[slot]]
            name = "days"
            type = "number"
            ask = "How long?"
            optional = true
            absent = "fourteen"
            [[slot]]
            name = "deposit"
            type = "amount"
            ask = "How much?"
        "#;
        toml::from_str(text).expect("the task is in order")
    }

    fn known(values: &[(&str, &str)]) -> ParameterValues {
        let values = values.iter().map(|(name, value)| {
            let value = ParameterValue {
                sent: (*value).to_owned(),
                spoken: (*value).to_owned(),
            };
            ((*name).to_owned(), value)
        });
        values.collect()
    }

    #[track_caller]
    fn check(line: &str, values: &[(&str, &str)], found: &[(&str, &str)], said: &str) {
        let found = found
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let currency = Currency {
            code: "USD".to_owned(),
            spoken: "dollars".to_owned(),
            one: Some("dollar".to_owned()),
        };
        let spoken = task().say(line, &known(values), &found.collect(), Some(&currency));
        assert_eq!(spoken, said);
    }

    #[test]
    fn slots_and_fields_are_said_and_what_is_missing_is_not() {
        let confirm = task().confirm.expect("there is one");
        let emma = [("title", "Emma")];
        check(&confirm, &emma, &[], "I reserve Emma for fourteen days. Right?");
        let done = "Reserved until {due}. Your number is {reference}.";
        let found = [("due", "2026-12-04"), ("reference", "RS 120 456")];
        check(
            done,
            &emma,
            &found,
            "Reserved until Friday 4 December 2026. Your number is RS 120 456.",
        );
        check(done, &emma, &found[1..], "Your number is RS 120 456.");
        let lines = [("due", "2026-12-04"), ("reference", "two\nlines")];
        check(done, &emma, &lines, "Reserved until Friday 4 December 2026.");
    }

    #[test]
    fn what_was_said_is_no_placeholder() {
        let said = [("title", "{reference} and {days}")];
        let found = [("reference", "RS 1")];
        check("I reserve {title}.", &said, &found, "I reserve {reference} and {days}.");
    }

    #[test]
    fn an_amount_has_its_unit() {
        check("You pay {deposit}.", &[("deposit", "20.00")], &[], "You pay 20.00 dollars.");
        check("You pay {deposit}.", &[("deposit", "1.00")], &[], "You pay 1.00 dollar.");
    }
}
