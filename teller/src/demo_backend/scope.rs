//! What the names in a text stand for.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveTime};

use super::{declared::Record, format::Format, template::Template};

/// The values of one request.
pub(super) struct Scope<'r> {
    /// What it is asked with.
    pub(super) arguments: BTreeMap<String, String>,
    /// The record before it.
    pub(super) record: &'r Record,
    /// What it changes in it.
    pub(super) changes: Record,
    /// By which a person can ask for it.
    pub(super) reference: String,
    /// The time that is asked for, as it is spoken.
    pub(super) slot_spoken: String,
    /// Says nothing.
    pub(super) nothing: Template,
    customer: String,
    today: NaiveDate,
    spoken_date: &'r Format,
}

impl<'r> Scope<'r> {
    pub(super) fn new(
        customer: &str,
        record: &'r Record,
        (today, spoken_date): (NaiveDate, &'r Format),
    ) -> Self {
        Self {
            arguments: BTreeMap::new(),
            record,
            changes: Record::new(),
            reference: String::new(),
            slot_spoken: String::new(),
            nothing: Template::default(),
            customer: customer.to_owned(),
            today,
            spoken_date,
        }
    }

    pub(super) fn fill(&self, text: &Template) -> String {
        text.fill(&|name| self.value(name))
    }

    /// What a name stands for; nothing: an empty text.
    pub(super) fn value(&self, name: &str) -> String {
        if let Some(before) = name.strip_prefix("before.") {
            return self.record.get(before).cloned().unwrap_or_default();
        }
        let known = self.arguments.get(name);
        let known = known.or_else(|| self.changes.get(name));
        if let Some(known) = known.or_else(|| self.record.get(name)) {
            return known.clone();
        }
        match name {
            "reference" => self.reference.clone(),
            "customer" => self.customer.clone(),
            "slot_spoken" => self.slot_spoken.clone(),
            "date" => self.say(Some(self.today)),
            name => match name.strip_prefix("date").map(str::parse::<i64>) {
                Some(Ok(days)) => {
                    let distance = Days::new(days.unsigned_abs());
                    self.say(match days {
                        0.. => self.today.checked_add_days(distance),
                        _ => self.today.checked_sub_days(distance),
                    })
                }
                _ => String::new(),
            },
        }
    }

    fn say(&self, day: Option<NaiveDate>) -> String {
        let format = self.spoken_date.as_str();
        let said = day.map(|day| day.and_time(NaiveTime::MIN).format(format).to_string());
        said.unwrap_or_default()
    }
}
