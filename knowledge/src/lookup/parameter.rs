//! What a look-up is asked with: a value that the pack fixed, or one of the caller's turn, read by its type.

use std::collections::BTreeMap;

use call::input::strict_line;
use language::{
    Lexicon,
    numbers::grouped,
    phrase::{Phrases, Utterance},
    quantity::{Manner, ONE, Quantity, quantities},
};
use serde::Deserialize;

use super::{Lookup, day};
use crate::KnowledgeBase;

/// Longest text that is sent, in characters.
pub(crate) const MAX_TEXT: usize = 100;

/// One parameter of a look-up's address.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// How it is read and sent.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// Of a choice: what is sent, with the phrases that mean it, in the notation of [`language::phrase`]. The first is
    /// what is spoken.
    #[serde(default)]
    pub values: BTreeMap<String, Vec<String>>,
    /// Where its value comes from.
    #[serde(default)]
    pub from: Origin,
    /// Said to be told it; else the look-up's own line.
    #[serde(default)]
    pub ask: Option<String>,
}

/// How a parameter is read from a turn, and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// A number, sent as `3` or `2.5`.
    Number,
    /// An amount of money, sent as `99.5`.
    Amount,
    /// A day, sent as `2026-05-03`, or `--05-03` where no year is said.
    Date,
    /// The caller's own words, at most 100 characters: asked for, and the next turn is the text.
    Text,
    /// One of its values.
    Choice,
    Phone,
    Email,
    Time,
    Name,
    Address,
    Code,
    Reference,
    YesNo,
}

/// Where a parameter's value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The caller says it.
    #[default]
    Said,
    /// It is always this.
    Fixed(String),
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterValue {
    /// As it is sent.
    pub sent: String,
    /// As it is spoken.
    pub spoken: String,
}

/// Values of a look-up's parameters by name.
pub type ParameterValues = BTreeMap<String, ParameterValue>;

impl KnowledgeBase {
    /// Adds what the pack fixed and what a turn says to the parameters of `lookup` that have no value yet. `asked` is the
    /// one that the agent has just asked for.
    pub fn fill_parameters(
        &self,
        lookup: &Lookup,
        asked: Option<&str>,
        text: &str,
        known: &mut ParameterValues,
    ) {
        for (name, parameter) in &lookup.parameters {
            if known.contains_key(name) {
                continue;
            }
            let reader = Reader {
                lexicon: self.lexicon(),
                months: &self.pack().catalogue_words.months,
                is_asked: asked == Some(name) && !self.pack().meaning.is_question(text),
            };
            let value = match &parameter.from {
                Origin::Fixed(value) => Some(same(value.clone())),
                Origin::Said => reader.read(parameter, text),
            };
            known.extend(value.map(|value| (name.clone(), value)));
        }
    }
}

impl KnowledgeBase {
    /// Stub.
    pub fn fill_slots(
        &self,
        slots: &BTreeMap<String, Parameter>,
        asked: Option<&str>,
        text: &str,
        _today: Option<chrono::NaiveDate>,
        known: &mut ParameterValues,
    ) {
        for (name, parameter) in slots {
            if known.contains_key(name) {
                continue;
            }
            let reader = Reader {
                lexicon: self.lexicon(),
                months: &self.pack().catalogue_words.months,
                is_asked: asked == Some(name),
            };
            let value = match &parameter.from {
                Origin::Fixed(value) => Some(same(value.clone())),
                Origin::Said => reader.read(parameter, text),
            };
            known.extend(value.map(|value| (name.clone(), value)));
        }
    }
}

impl Parameter {
    /// The phrases of its values, compiled.
    pub(crate) fn phrases<'a>(
        &'a self,
        lexicon: &'a Lexicon,
    ) -> impl Iterator<Item = (&'a str, Phrases)> {
        self.values.iter().map(|(sent, phrases)| {
            let phrases = Phrases::new(lexicon, phrases, &[], &[]);
            (sent.as_str(), phrases)
        })
    }
}

/// Sent as it is spoken.
pub(super) fn same(value: String) -> ParameterValue {
    ParameterValue {
        spoken: value.clone(),
        sent: value,
    }
}

/// Reads one parameter from a turn.
#[derive(Clone, Copy)]
struct Reader<'a> {
    lexicon: &'a Lexicon,
    /// The names of the months.
    months: &'a [String],
    /// The agent has just asked for it, and the turn asks nothing.
    is_asked: bool,
}

impl Reader<'_> {
    fn read(self, parameter: &Parameter, text: &str) -> Option<ParameterValue> {
        match parameter.kind {
            ParameterKind::Number => number(text),
            ParameterKind::Amount => amount(text),
            ParameterKind::Date => day::read(text, self.months),
            ParameterKind::Text => self.own_words(text),
            ParameterKind::Choice => self.choice(parameter, text),
            ParameterKind::YesNo => None,
            _ => self.own_words(text),
        }
    }

    /// The value that is named first.
    fn choice(self, parameter: &Parameter, text: &str) -> Option<ParameterValue> {
        let said = Utterance::new(self.lexicon.terms(text));
        let named = parameter
            .phrases(self.lexicon)
            .filter_map(|(sent, phrases)| {
                let matches = phrases.matches(&said);
                let first = matches.iter().filter_map(|(_, found)| found.at.first());
                Some((*first.min()?, sent))
            });
        let (_, sent) = named.min()?;
        let spoken = parameter.values.get(sent)?.first()?;
        Some(ParameterValue {
            sent: sent.to_owned(),
            spoken: language::phrase::written_out(spoken).into_iter().next()?,
        })
    }

    /// The whole turn, where it was asked for and is no question itself.
    fn own_words(self, text: &str) -> Option<ParameterValue> {
        let line = strict_line(text, MAX_TEXT).ok()?;
        let line = line.trim_end_matches(['.', '!', '?']);
        let says = line.contains(char::is_alphanumeric);
        (self.is_asked && says).then(|| same(line.to_owned()))
    }
}

fn number(text: &str) -> Option<ParameterValue> {
    let mut plain = quantities(text)
        .into_iter()
        .filter(|quantity| quantity.currency.is_none());
    plain
        .find_map(|quantity| decimal(one(&quantity)?))
        .map(same)
}

/// What names a currency is an amount before what does not.
fn amount(text: &str) -> Option<ParameterValue> {
    let mut found = quantities(text);
    found.sort_by_key(|quantity| quantity.currency.is_none() && !quantity.scaled);
    let value = found.iter().find_map(one)?;
    let sent = decimal(value)?;
    Some(ParameterValue {
        spoken: grouped(&sent)?,
        sent,
    })
}

/// The one value that a quantity names: "between two and three" names none.
fn one(quantity: &Quantity) -> Option<i64> {
    match quantity.manner {
        Manner::Between => None,
        _ => quantity.most.or(quantity.least),
    }
}

/// Whether a text is a number as it is sent.
pub(crate) fn is_decimal(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let figures = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    figures(whole) && figures(part) && text.len() <= MAX_TEXT
}

/// Thousandths as a decimal.
fn decimal(thousandths: i64) -> Option<String> {
    let (whole, part) = (thousandths / ONE, thousandths % ONE);
    if thousandths < 0 {
        return None;
    }
    let text = format!("{whole}.{part:03}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    Some(text.to_owned())
}

#[cfg(test)]
mod tests;
