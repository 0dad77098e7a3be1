//! The file that says what the demonstration back end knows and does.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use call::input::decode_file;
use chrono::FixedOffset;
use serde::Deserialize;
use toml::Value;

use super::{
    calendar::Calendar,
    format::Format,
    template::{Template, root},
};
use crate::admin::{UsageError, customer_table};

/// Where it lies in a pack.
pub(super) const FILE: &str = "demo/backend.toml";
/// The column of the list of customers that names them.
const NAME: &str = "username";
/// Names that every text may use.
const GIVEN: [&str; 5] = ["reference", "date", "customer", "before", "slot_spoken"];
/// Refusals that a customer's record holds, by deed.
pub(super) const DECLINED: &str = "declined";
/// A day's times at a place are found by going through them.
const MAX_DAYS: u16 = 60;

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

/// A mistake that the shape alone does not show.
struct Wrong {
    key: String,
    value: String,
    accepted: String,
}

impl Wrong {
    fn new(key: impl Into<String>, value: &str, accepted: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.to_owned(),
            accepted: accepted.into(),
        }
    }
}

impl Declared {
    fn check(&self) -> Result<(), Wrong> {
        self.check_names()?;
        let roots = self.roots();
        for calendar in &self.calendars {
            check_calendar(calendar, &roots)?;
        }
        for lookup in &self.lookups {
            let key = format!("lookup {}: answer", lookup.name);
            check_roots(&key, lookup.answer.values(), &roots, &[])?;
        }
        self.deeds
            .iter()
            .try_for_each(|deed| self.check_deed(deed, &roots))
    }

    /// Each name is an address of its own.
    fn check_names(&self) -> Result<(), Wrong> {
        let accepted = "lower-case letters, digits and _, and no name twice";
        let reads = self
            .lookups
            .iter()
            .map(|lookup| ("lookup: name", &lookup.name));
        let reads = reads.chain(
            self.calendars
                .iter()
                .map(|calendar| ("calendar: name", &calendar.name)),
        );
        let deeds = self.deeds.iter().map(|deed| ("deed: name", &deed.name));
        let mut seen = BTreeSet::new();
        for (key, name) in reads.chain(deeds) {
            let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if name.is_empty() || !name.chars().all(part) || !seen.insert(name) {
                return Err(Wrong::new(key, name, accepted));
            }
        }
        Ok(())
    }

    /// What names of any record begin with.
    fn roots(&self) -> BTreeSet<&str> {
        let known = self.records.values().flat_map(|record| record.keys());
        let known = known.map(|name| root(name));
        let set = self.deeds.iter().flat_map(|deed| deed.set.keys());
        let set = set.filter_map(Template::own_root);
        let booked = self.calendars.iter().map(|calendar| calendar.name.as_str());
        known.chain(set).chain(booked).chain(GIVEN).collect()
    }

    fn check_deed(&self, deed: &Deed, roots: &BTreeSet<&str>) -> Result<(), Wrong> {
        let name = &deed.name;
        let own: Vec<&str> = deed.arguments.keys().map(String::as_str).collect();
        if let Some(taken) = own.iter().find(|argument| roots.contains(*argument)) {
            let accepted = "a name that no record has";
            return Err(Wrong::new(
                format!("deed {name}: arguments"),
                taken,
                accepted,
            ));
        }
        for rule in &deed.rule {
            if rule.decline.is_some() == rule.answer.is_some() {
                let accepted = "decline = \"a reason\", or answer = { … }: one of them";
                return Err(Wrong::new(format!("deed {name}: rule"), "", accepted));
            }
            let texts = rule
                .answer
                .iter()
                .flat_map(BTreeMap::values)
                .chain(&rule.decline);
            let both = rule.when.iter().flat_map(|(left, right)| [left, right]);
            check_roots(
                &format!("deed {name}: rule"),
                both.chain(texts),
                roots,
                &own,
            )?;
            let names = rule.when.keys().filter_map(Template::own_root);
            for unknown in names.filter(|left| !is_known(left, roots, &own)) {
                return Err(Wrong::new(
                    format!("deed {name}: rule: when"),
                    unknown,
                    accepted(roots, &own),
                ));
            }
        }
        let set = deed.set.iter().flat_map(|(left, right)| [left, right]);
        check_roots(&format!("deed {name}: set"), set, roots, &own)?;
        check_roots(
            &format!("deed {name}: answer"),
            deed.answer.values(),
            roots,
            &own,
        )?;
        let Some(booking) = &deed.calendar else {
            return Ok(());
        };
        let Some(calendar) = self.calendar(&booking.name) else {
            let names: Vec<&str> = self
                .calendars
                .iter()
                .map(|calendar| calendar.name.as_str())
                .collect();
            let accepted = format!("a calendar's name: {}", names.join(", "));
            return Err(Wrong::new(
                format!("deed {name}: calendar"),
                &booking.name,
                accepted,
            ));
        };
        let needed: &[&str] = match booking.action {
            Action::Book => &["slot", &calendar.place],
            Action::Move => &["slot"],
            Action::Cancel => &[],
        };
        match needed
            .iter()
            .find(|argument| !deed.arguments.contains_key(**argument))
        {
            Some(missing) => {
                let accepted = format!("{} needs the argument {missing}", booking.name);
                Err(Wrong::new(
                    format!("deed {name}: arguments"),
                    &own.join(", "),
                    accepted,
                ))
            }
            None => Ok(()),
        }
    }
}

fn check_calendar(calendar: &Calendar, roots: &BTreeSet<&str>) -> Result<(), Wrong> {
    let key = |key: &str| format!("calendar {}: {key}", calendar.name);
    if !(1..=MAX_DAYS).contains(&calendar.days) {
        let accepted = format!("1 to {MAX_DAYS}");
        return Err(Wrong::new(
            key("days"),
            &calendar.days.to_string(),
            accepted,
        ));
    }
    if !(5..=24 * 60).contains(&calendar.minutes) {
        return Err(Wrong::new(
            key("minutes"),
            &calendar.minutes.to_string(),
            "5 to 1440",
        ));
    }
    let said = [&calendar.taken, &calendar.already, &calendar.none];
    check_roots(
        &key("taken, already or none"),
        said,
        roots,
        &["slot", &calendar.place],
    )
}

fn check_roots<'t>(
    key: &str,
    texts: impl IntoIterator<Item = &'t Template>,
    roots: &BTreeSet<&str>,
    own: &[&str],
) -> Result<(), Wrong> {
    let mut used = texts.into_iter().flat_map(Template::roots);
    match used.find(|name| !is_known(name, roots, own)) {
        Some(unknown) => Err(Wrong::new(
            key,
            &format!("{{{unknown}}}"),
            accepted(roots, own),
        )),
        None => Ok(()),
    }
}

fn is_known(name: &str, roots: &BTreeSet<&str>, own: &[&str]) -> bool {
    let is_day = name.starts_with("date+") || name.starts_with("date-");
    is_day || roots.contains(name) || own.contains(&name)
}

fn accepted(roots: &BTreeSet<&str>, own: &[&str]) -> String {
    let known: Vec<&str> = own.iter().chain(roots).copied().collect();
    format!(
        "a name that begins with one of {}, date+14, date-3",
        known.join(", ")
    )
}
