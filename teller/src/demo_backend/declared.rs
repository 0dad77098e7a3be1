//! The file that says what the demonstration back end knows and does.

mod check;

use std::{collections::BTreeMap, path::Path};

use call::input::decode_file;
use chrono::FixedOffset;
use serde::Deserialize;
use toml::Value;

use super::{calendar::Calendar, format::Format, template::Template};
use crate::admin::{UsageError, customer_table};
use check::Wrong;

/// Where it lies in a pack.
pub(super) const FILE: &str = "demo/backend.toml";
/// The column of the list of customers that names them.
const NAME: &str = "username";
/// Refusals that a customer's record holds, by deed.
pub(super) const DECLINED: &str = "declined";

/// `demo/backend.toml`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A list of customers beside it, as `teller profiles import` takes it.
    customers: String,
    /// What clocks show there: `+02:00`.
    utc_offset: String,
    /// How `{date}` is spoken.
    spoken_date: Format,
    #[serde(default)]
    records: BTreeMap<String, toml::Table>,
    #[serde(default)]
    lookup: Vec<Lookup>,
    #[serde(default)]
    deed: Vec<Deed>,
    #[serde(default)]
    calendar: Vec<Calendar>,
}

/// Something that is known of a customer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lookup {
    pub(super) name: String,
    /// The fields of its answer. Where one comes out empty, nothing is known: 404.
    pub(super) answer: BTreeMap<String, Template>,
}

/// Something that can be done.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deed {
    pub(super) name: String,
    /// For anybody, not for customers alone.
    #[serde(default)]
    pub(super) anyone: bool,
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, Argument>,
    /// The first that holds decides; where none does, it is done.
    #[serde(default)]
    pub(super) rule: Vec<Rule>,
    /// What is put into the customer's record.
    #[serde(default)]
    pub(super) set: BTreeMap<Template, Template>,
    #[serde(default)]
    pub(super) calendar: Option<Booking>,
    /// The fields of its answer, with the record as it is after it; `before.` names what was there before.
    pub(super) answer: BTreeMap<String, Template>,
    /// It is done at once and answered so late.
    #[serde(default)]
    pub(super) answer_after_ms: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Argument {
    /// It may be missing.
    #[serde(default)]
    pub(super) optional: bool,
    /// What it may be; any line of text where none is named.
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// A rule declines, or it answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// All of these names have these values; an empty one has nothing.
    pub(super) when: BTreeMap<Template, Template>,
    /// It is declined, with this reason.
    #[serde(default)]
    pub(super) decline: Option<Template>,
    /// It was done before: these are the fields of its answer.
    #[serde(default)]
    pub(super) answer: Option<BTreeMap<String, Template>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Booking {
    /// The calendar's.
    pub(super) name: String,
    pub(super) action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Book,
    Move,
    Cancel,
}

/// What is known of one customer, by names with dots.
pub(super) type Record = BTreeMap<String, String>;

/// Everything that the file says, found right.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) offset: FixedOffset,
    pub(super) spoken_date: Format,
    pub(super) records: BTreeMap<String, Record>,
    pub(super) lookups: Vec<Lookup>,
    pub(super) deeds: Vec<Deed>,
    pub(super) calendars: Vec<Calendar>,
}

impl Declared {
    /// Reads the file of a pack and the list of customers that it names.
    ///
    /// # Errors
    /// [`UsageError`] with file, key, value and what is accepted.
    pub(super) fn load(pack: &Path) -> Result<Self, UsageError> {
        let path = pack.join(FILE);
        let file: File = toml::from_str(&text(&path)?)
            .map_err(|error| UsageError::because(path.display(), error))?;
        let list = path.with_file_name(&file.customers);
        let mut records = customers(&list)?;
        let wrong = |key: &str, value: &str, accepted: &str| {
            UsageError::because(
                path.display(),
                format!("{key} is {value:?}; accepted: {accepted}"),
            )
        };
        let known: Vec<&str> = records.keys().map(String::as_str).collect();
        let accepted = format!("a customer of {}: {}", file.customers, known.join(", "));
        for (name, table) in file.records {
            let Some(record) = records.get_mut(&name) else {
                return Err(wrong("records", &name, &accepted));
            };
            flatten("", Value::Table(table), record);
        }
        let Ok(offset) = file.utc_offset.parse() else {
            return Err(wrong(
                "utc_offset",
                &file.utc_offset,
                "hours and minutes such as +02:00",
            ));
        };
        let declared = Self {
            offset,
            spoken_date: file.spoken_date,
            records,
            lookups: file.lookup,
            deeds: file.deed,
            calendars: file.calendar,
        };
        match declared.check() {
            Ok(()) => Ok(declared),
            Err(Wrong {
                key,
                value,
                accepted,
            }) => Err(wrong(&key, &value, &accepted)),
        }
    }

    pub(super) fn calendar(&self, name: &str) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.name == name)
    }
}

fn text(path: &Path) -> Result<String, UsageError> {
    let bytes = std::fs::read(path).map_err(|error| UsageError::because(path.display(), error))?;
    decode_file(&bytes).map_err(|error| UsageError::because(path.display(), error))
}

/// The rows of a list of customers as records: each column is a name.
fn customers(path: &Path) -> Result<BTreeMap<String, Record>, UsageError> {
    let text = text(path)?;
    let table = customer_table(&text);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(table.as_bytes());
    let rows = reader.deserialize().collect::<Result<Vec<Record>, _>>();
    let rows = rows.map_err(|error| UsageError::because(path.display(), error))?;
    let named = rows.into_iter().map(|row| {
        let name = row.get(NAME).filter(|name| !name.is_empty()).cloned();
        let unnamed = || {
            UsageError::because(
                path.display(),
                format!("a row has no {NAME}; accepted: a name in each"),
            )
        };
        Ok((name.ok_or_else(unnamed)?, row))
    });
    named.collect()
}

/// A table's values by names with dots; a list's by its numbers, from 1.
fn flatten(name: &str, value: Value, into: &mut Record) {
    let below = |part: &str| match name {
        "" => part.to_owned(),
        name => format!("{name}.{part}"),
    };
    match value {
        Value::Table(table) => {
            for (part, value) in table {
                flatten(&below(&part), value, into);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.into_iter().enumerate() {
                flatten(&below(&(index + 1).to_string()), value, into);
            }
        }
        Value::String(text) => {
            into.insert(name.to_owned(), text);
        }
        other => {
            into.insert(name.to_owned(), other.to_string());
        }
    }
}
