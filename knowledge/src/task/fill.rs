//! The sentences of a task with what is known filled in.

use std::{cell::Cell, collections::BTreeMap};

use call::input::strict_line;
use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

use super::Task;
use crate::{
    KnowledgeBase,
    answer::sentences,
    lookup::fill_in,
    slot::{Slot, SlotKind, SlotValue, SlotValues, spoken_reference},
    trust::day,
};

/// Longest text of a tool's result that is spoken, in characters.
const MAX_TEXT: usize = 200;

impl KnowledgeBase {
    /// A line of a task with its slots as they are spoken, and with fields of a tool's result. A sentence whose field is
    /// not there, or is no text of one line, is left out: nothing is said that was not found.
    #[must_use]
    pub fn say_of(
        &self,
        task: &Task,
        line: &str,
        known: &SlotValues,
        found: &BTreeMap<String, String>,
    ) -> String {
        filled(line, |key| {
            let field = found_in(task, key, found).and_then(|value| self.field(value));
            field.or_else(|| self.spoken(task, key, known))
        })
    }

    /// A text for whoever reads it, with the slots as they are sent: figures, not words. A sentence whose slot has no value
    /// is left out.
    #[must_use]
    pub fn written_of(&self, text: &str, known: &SlotValues) -> String {
        filled(text, |key| known.get(key).map(|value| value.sent.clone()))
    }

    /// A text for the caller to read: figures and references as they are written, what was chosen and days by their names.
    /// A sentence whose value is missing is left out.
    #[must_use]
    pub fn notice_of(
        &self,
        task: &Task,
        text: &str,
        known: &SlotValues,
        found: &BTreeMap<String, String>,
    ) -> String {
        filled(text, |key| {
            if let Some(field) = found_in(task, key, found) {
                let line = strict_line(field, MAX_TEXT).ok()?;
                return Some(match spoken_reference(line) {
                    Some(_) => line.to_owned(),
                    None => self.spoken_option(line),
                });
            }
            let value = known.get(key)?;
            let kind = task.slot(key)?.value.kind;
            let by_name = matches!(kind, SlotKind::Choice | SlotKind::Date | SlotKind::Time);
            Some(if by_name { &value.spoken } else { &value.sent }.clone())
        })
    }

    /// A slot as it is spoken; of one that was left out, what is said in its place.
    fn spoken(&self, task: &Task, name: &str, known: &SlotValues) -> Option<String> {
        let slot = task.slot(name)?;
        let Some(value) = known.get(name) else {
            return slot.manner.absent.clone();
        };
        match (slot.value.kind, &self.pack().settings.currency) {
            (SlotKind::Amount, Some(currency)) => {
                let is_one = matches!(&*value.sent, "1" | "1.0" | "1.00");
                let unit = currency.unit();
                let unit = if is_one { unit.one } else { unit.many };
                Some(format!("{} {unit}", value.spoken))
            }
            _ => Some(value.spoken.clone()),
        }
    }

    /// A field of a result as it is spoken: a day or a time by its name.
    fn field(&self, value: &str) -> Option<String> {
        let line = strict_line(value, MAX_TEXT).ok()?;
        Some(self.spoken_option(line))
    }

    /// A telephone number as it is sent and spoken.
    #[must_use]
    pub fn phone_value(&self, number: &str) -> SlotValue {
        let read = self.value_of(SlotKind::Phone, number);
        read.unwrap_or_else(|| SlotValue {
            sent: number.to_owned(),
            spoken: number.to_owned(),
        })
    }

    /// What a tool names, as it is spoken: a reference in groups, a day by its name; of a day with a time the time, as the
    /// day was asked for; anything else as it is.
    #[must_use]
    pub fn spoken_option(&self, sent: &str) -> String {
        let time = NaiveDateTime::parse_from_str(sent, "%Y-%m-%dT%H:%M");
        if let Some(reference) = spoken_reference(sent) {
            return reference;
        }
        let value = match (time, day(sent)) {
            (Ok(time), _) => {
                let time = time.format("%H:%M").to_string();
                self.value_of(SlotKind::Time, &time)
            }
            (Err(_), Some(_)) => self.value_of(SlotKind::Date, sent),
            (Err(_), None) => None,
        };
        value.map_or_else(|| sent.to_owned(), |value| value.spoken)
    }

    /// A day that has been, of one that was read as the next of its name: by the weekday last week, by its number last
    /// month, else last year. Its year is said only where it is long ago.
    #[must_use]
    pub fn day_before(&self, day: NaiveDate, today: NaiveDate, said: &str) -> SlotValue {
        let words = language::normalize(said);
        let weekdays = &self.pack().slot_words.day.weekdays;
        let is_weekday = words.iter().any(|word| weekdays.contains(&word.text));
        let ahead = day - today;
        let before = match ahead {
            ahead if ahead <= TimeDelta::zero() => Some(day),
            ahead if is_weekday && ahead <= TimeDelta::days(14) => {
                let weeks = u64::try_from((ahead.num_days() + 6) / 7).unwrap_or(1);
                day.checked_sub_days(Days::new(7 * weeks))
            }
            ahead if ahead <= TimeDelta::days(31) => day.checked_sub_months(Months::new(1)),
            _ => day.checked_sub_months(Months::new(12)),
        };
        let day = before.unwrap_or(day);
        let sent = day.to_string();
        let spoken = self.spoken_option(&sent);
        let year = format!(" {}", day.year());
        let is_recent = today - day < TimeDelta::days(300);
        let short = spoken.strip_suffix(&year).filter(|_| is_recent);
        SlotValue {
            spoken: short.unwrap_or(&spoken).to_owned(),
            sent,
        }
    }

    /// The one value of a text that was asked for.
    pub(super) fn value_of(&self, kind: SlotKind, text: &str) -> Option<SlotValue> {
        self.read_value(kind, text, true)
    }

    /// The one value that a text shows of itself.
    pub(super) fn shown_value(&self, kind: SlotKind, text: &str) -> Option<SlotValue> {
        self.read_value(kind, text, false)
    }

    fn read_value(&self, kind: SlotKind, text: &str, is_asked: bool) -> Option<SlotValue> {
        const NAME: &str = "it";
        let slot = Slot {
            kind,
            ..Slot::default()
        };
        let mut found = SlotValues::new();
        let slots = [(NAME.to_owned(), slot)].into();
        self.fill_slots(&slots, is_asked.then_some(NAME), text, None, &mut found);
        found.remove(NAME)
    }
}

/// A field of a tool's result; of what the task asked for itself, only where it names the field. Systems repeat what they
/// were sent in names of their own.
fn found_in<'f>(task: &Task, key: &str, found: &'f BTreeMap<String, String>) -> Option<&'f String> {
    let is_asked_for = task.slot(key).is_some() && !task.fields.iter().any(|field| field == key);
    found.get(key).filter(|_| !is_asked_for)
}

/// The sentences of a text all of whose placeholders have a value, filled in.
fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let is_whole = |sentence: &String| {
        let missing = Cell::new(false);
        fill_in(sentence, |key| {
            missing.set(missing.get() || value(key).is_none());
            Some(String::new())
        });
        !missing.get()
    };
    let whole: Vec<String> = sentences(text).into_iter().filter(is_whole).collect();
    fill_in(&whole.join(" "), value)
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::LazyLock};

    use super::*;

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

    fn bank() -> &'static KnowledgeBase {
        static BANK: LazyLock<KnowledgeBase> = LazyLock::new(|| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../packs/bank");
            KnowledgeBase::load(Path::new(folder)).expect("the pack is in order")
        });
        &BANK
    }

    fn known(values: &[(&str, &str)]) -> SlotValues {
        let values = values.iter().map(|(name, value)| {
            let value = SlotValue {
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
        let spoken = bank().say_of(&task(), line, &known(values), &found.collect());
        assert_eq!(spoken, said);
    }

    #[test]
    fn slots_and_fields_are_said_and_what_is_missing_is_not() {
        let confirm = task().confirm.expect("there is one");
        let emma = [("title", "Emma")];
        check(
            &confirm,
            &emma,
            &[],
            "I reserve Emma for fourteen days. Right?",
        );
        let done = "Reserved until {due}. Your number is {reference}.";
        let found = [("due", "2026-12-04"), ("reference", "RS 120 456")];
        check(
            done,
            &emma,
            &found,
            "Reserved until Friday the fourth of December 2026. Your number is RS 120 456.",
        );
        check(done, &emma, &found[1..], "Your number is RS 120 456.");
        let lines = [("due", "2026-12-04"), ("reference", "two\nlines")];
        check(
            done,
            &emma,
            &lines,
            "Reserved until Friday the fourth of December 2026.",
        );
    }

    #[test]
    fn what_the_system_repeats_is_not_said_in_place_of_what_the_caller_said() {
        let emma = [("title", "Emma"), ("reference", "EM")];
        let repeated = [("title", "bk-0042"), ("reference", "RS 120 456")];
        let line = "{title} is yours. Your number is {reference}.";
        check(
            line,
            &emma,
            &repeated,
            "Emma is yours. Your number is RS 120 456.",
        );
        let found = repeated_in(&repeated);
        let notice = bank().notice_of(&task(), line, &known(&emma), &found);
        assert_eq!(notice, "Emma is yours. Your number is RS 120 456.");
        let mut task = task();
        task.fields.push("title".to_owned());
        let said = bank().say_of(&task, "{title}.", &known(&emma), &found);
        assert_eq!(said, "bk-0042.", "the task names it");
    }

    fn repeated_in(found: &[(&str, &str)]) -> BTreeMap<String, String> {
        let found = found.iter();
        found
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_was_said_is_no_placeholder() {
        let said = [("title", "{reference} and {days}")];
        let found = [("reference", "RS 1")];
        check(
            "I reserve {title}.",
            &said,
            &found,
            "I reserve {reference} and {days}.",
        );
    }

    #[test]
    fn an_amount_has_its_unit() {
        check(
            "You pay {deposit}.",
            &[("deposit", "20.00")],
            &[],
            "You pay 20.00 dollars.",
        );
        check(
            "You pay {deposit}.",
            &[("deposit", "1.00")],
            &[],
            "You pay 1.00 dollar.",
        );
    }
}
