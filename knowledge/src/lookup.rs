//! What another system knows about the caller or about the day, and the sentences that say it.

pub(crate) mod declared;

use std::collections::BTreeMap;

use call::input::strict_line;
use language::{money::Unit, numbers::grouped};
use serde::Deserialize;

use crate::{
    pack::Currency,
    slot::{Slot, SlotValues},
};

/// Longest text of a field that is spoken, in characters.
const MAX_TEXT: usize = 200;

/// Something that another system knows: about the caller, such as what they have on loan, or about the day, such as how
/// many people wait at the desk.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Its name, under which the other system is asked and the turn is recorded: `books_on_loan`.
    pub name: String,
    /// Phrases that ask for it, in the notation of [`language::phrase`].
    pub phrases: Vec<String>,
    /// Phrases that rule it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Who is answered.
    #[serde(default)]
    pub proof: Proof,
    /// Where it is asked: `https://desk.example.com/queues/{branch}?day={day}`, with parameters, and `{customer}` for the
    /// caller's name there. None: at the company's systems, by the look-up's name.
    #[serde(default)]
    pub address: Option<String>,
    /// The name of the setting that holds the token for that address, `LOOKUP_TOKEN_DESK`.
    #[serde(default)]
    pub credential: Option<String>,
    /// The header that carries the token as it is; none: it is a bearer token.
    #[serde(default)]
    pub header: Option<String>,
    /// What is put into the address, by name.
    #[serde(default)]
    pub parameters: BTreeMap<String, Slot>,
    /// The fields of the other system's answer, by their keys in it.
    pub fields: BTreeMap<String, FieldKind>,
    /// Said with what was found; `{key}` stands for a field or a parameter.
    pub answer: String,
    /// Said when the turn names no value of a parameter; the next turn fills it.
    #[serde(default)]
    pub ask: Option<String>,
    /// Said to a caller who is not authenticated; needed where that matters.
    #[serde(default)]
    pub unauthenticated: String,
    /// Said where the other system does not know the caller or what was asked, or, where the look-up needs proof, none is
    /// connected.
    pub unavailable: String,
}

/// What a caller must have proved to be answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// Nothing: what is asked for concerns nobody.
    None,
    /// Who they are, by a one-time code.
    #[default]
    Code,
}

/// How a field is checked and spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A decimal, shown with two places: `1234.5` as "1,234.50".
    Amount,
    /// An ISO 4217 code; the pack's own currency by its spoken name.
    Currency,
    /// A whole number of at most nine digits.
    Number,
    /// One line of text.
    Text,
}

impl Lookup {
    /// The sentence for what the other system answered, its fields as text, to what it was asked with. `None` when a
    /// field is missing or is not of its kind: nothing is said that was not found.
    #[must_use]
    pub fn sentence(
        &self,
        found: &BTreeMap<String, String>,
        asked: &SlotValues,
        currency: Option<&Currency>,
    ) -> Option<String> {
        let is_one = self.is_of_one(found);
        let mut values = BTreeMap::new();
        for (key, value) in asked {
            values.insert(key.as_str(), value.spoken.clone());
        }
        for (key, kind) in &self.fields {
            values.insert(
                key.as_str(),
                kind.spoken(found.get(key)?, currency, is_one)?,
            );
        }
        Some(fill_in(&self.answer, |key| values.get(key).cloned()))
    }

    /// Its only amount is exactly one: "1.00 dollar". Of several amounts it is not known whose currency is said.
    fn is_of_one(&self, found: &BTreeMap<String, String>) -> bool {
        let amounts = self
            .fields
            .iter()
            .filter(|(_, kind)| **kind == FieldKind::Amount);
        let amounts: Vec<Option<String>> = amounts
            .map(|(key, _)| found.get(key).and_then(|value| grouped(value)))
            .collect();
        matches!(&amounts[..], [Some(amount)] if amount.trim_start_matches('-') == "1.00")
    }

    /// The first parameter, in the order of the address, that has no value yet.
    #[must_use]
    pub fn missing(&self, known: &SlotValues) -> Option<&str> {
        let address = self.address.as_deref().unwrap_or_default();
        let names = self.parameters.keys().map(String::as_str);
        names
            .filter(|name| !known.contains_key(*name))
            .min_by_key(|name| address.find(&format!("{{{name}}}")))
    }

    /// What is said to be told the value of a parameter.
    #[must_use]
    pub fn ask_for(&self, parameter: &str) -> &str {
        let own = self.parameters.get(parameter);
        let own = own.and_then(|parameter| parameter.ask.as_deref());
        own.or(self.ask.as_deref()).unwrap_or_default()
    }
}

impl FieldKind {
    fn spoken(self, value: &str, currency: Option<&Currency>, is_one: bool) -> Option<String> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match self {
            Self::Amount => grouped(value),
            Self::Currency => {
                let code = value.len() == 3 && value.bytes().all(|b| b.is_ascii_uppercase());
                let own = currency.filter(|own| own.code == value);
                let unit = own.map(Currency::unit);
                let name = |unit: Unit<'_>| if is_one { unit.one } else { unit.many }.to_owned();
                code.then(|| unit.map_or_else(|| value.to_owned(), name))
            }
            Self::Number => {
                let number = value.len() <= 9 && digits(value.strip_prefix('-').unwrap_or(value));
                number.then(|| value.to_owned())
            }
            Self::Text => strict_line(value, MAX_TEXT).ok().map(str::to_owned),
        }
    }
}

/// `template` with each `{key}` replaced once; what was put in is not looked at again. A key without a value stays.
pub(crate) fn fill_in(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let found = after
            .split_once('}')
            .and_then(|(key, tail)| Some((value(key)?, tail)));
        match found {
            Some((value, tail)) => {
                out.push_str(&value);
                rest = tail;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(answer: &str, fields: &[(&str, FieldKind)]) -> Lookup {
        let fields = fields.iter().map(|(key, kind)| ((*key).to_owned(), *kind));
        Lookup {
            name: "test".to_owned(),
            phrases: Vec::new(),
            unless: Vec::new(),
            proof: Proof::Code,
            address: None,
            credential: None,
            header: None,
            parameters: BTreeMap::new(),
            fields: fields.collect(),
            answer: answer.to_owned(),
            ask: None,
            unauthenticated: String::new(),
            unavailable: String::new(),
        }
    }

    #[track_caller]
    fn check(lookup: &Lookup, found: &[(&str, &str)], sentence: Option<&str>) {
        let dollars = Currency {
            code: "USD".to_owned(),
            spoken: "dollars".to_owned(),
            one: Some("dollar".to_owned()),
        };
        let record = found
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let said = lookup.sentence(&record.collect(), &BTreeMap::new(), Some(&dollars));
        assert_eq!(said.as_deref(), sentence, "from {found:?}");
    }

    #[test]
    fn a_sentence_holds_what_was_found() {
        use FieldKind::{Amount, Currency, Number, Text};
        let fine = lookup(
            "You owe {amount} {currency}.",
            &[("amount", Amount), ("currency", Currency)],
        );
        let said = Some("You owe 1,250.50 dollars.");
        check(
            &fine,
            &[("amount", "1250.5"), ("currency", "USD"), ("more", "x")],
            said,
        );
        let said = Some("You owe 1.00 dollar.");
        check(&fine, &[("amount", "1"), ("currency", "USD")], said);
        let said = Some("You owe -3.00 EUR.");
        check(&fine, &[("amount", "-3"), ("currency", "EUR")], said);
        let loans = lookup(
            "{count} books: {titles}.",
            &[("count", Number), ("titles", Text)],
        );
        // A placeholder in what was found is text.
        let said = Some("2 books: {count} and Emma.");
        check(
            &loans,
            &[("count", "2"), ("titles", "{count} and Emma")],
            said,
        );
    }

    #[test]
    fn nothing_is_said_that_was_not_found() {
        use FieldKind::{Amount, Currency, Number, Text};
        let long = "x".repeat(MAX_TEXT + 1);
        for (kind, value) in [
            (Amount, "much"),
            (Amount, ""),
            (Currency, "dollars"),
            (Number, "1.5"),
            (Number, "9999999999"),
            (Text, " "),
            (Text, "two\nlines"),
            (Text, &long),
        ] {
            check(&lookup("{it}.", &[("it", kind)]), &[("it", value)], None);
        }
        check(&lookup("{it}.", &[("it", Text)]), &[], None);
    }
}
