//! Mistakes in the file: names that stand for nothing, places that are not there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Booking, Declared, Deed, Rule};
use crate::demo_backend::{
    calendar::Calendar,
    template::{Template, root},
};

/// Names that every text may use.
const GIVEN: [&str; 5] = ["reference", "date", "customer", "before", "slot_spoken"];
/// A day's times at a place are found by going through them.
const MAX_DAYS: u16 = 60;

/// A mistake that the shape alone does not show.
pub(super) struct Wrong {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) accepted: String,
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
    /// What the shape of the file alone does not show.
    pub(super) fn check(&self) -> Result<(), Wrong> {
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
        let key = |part: &str| format!("deed {}: {part}", deed.name);
        let own: Vec<&str> = deed.arguments.keys().map(String::as_str).collect();
        // An argument may be called like what is given: there it stands for itself.
        let is_taken = |argument: &&&str| roots.contains(**argument) && !GIVEN.contains(*argument);
        if let Some(taken) = own.iter().find(is_taken) {
            return Err(Wrong::new(
                key("arguments"),
                taken,
                "a name that no record has",
            ));
        }
        for rule in &deed.rule {
            check_rule(rule, &key("rule"), roots, &own)?;
        }
        let set = deed.set.iter().flat_map(|(left, right)| [left, right]);
        check_roots(&key("set"), set, roots, &own)?;
        check_roots(&key("answer"), deed.answer.values(), roots, &own)?;
        match &deed.calendar {
            Some(booking) => self.check_booking(booking, deed, key),
            None => Ok(()),
        }
    }

    fn check_booking(
        &self,
        booking: &Booking,
        deed: &Deed,
        key: impl Fn(&str) -> String,
    ) -> Result<(), Wrong> {
        let Some(calendar) = self.calendar(&booking.name) else {
            let names = self.calendars.iter().map(|calendar| calendar.name.as_str());
            let names: Vec<&str> = names.collect();
            let accepted = format!("a calendar's name: {}", names.join(", "));
            return Err(Wrong::new(key("calendar"), &booking.name, accepted));
        };
        let needed: &[&str] = match booking.action {
            Action::Book => &["slot", &calendar.place],
            Action::Move => &["slot"],
            Action::Cancel => &[],
        };
        let is_there = |argument: &&&str| deed.arguments.contains_key(**argument);
        match needed.iter().find(|argument| !is_there(argument)) {
            Some(missing) => {
                let own: Vec<&str> = deed.arguments.keys().map(String::as_str).collect();
                let accepted = format!("{} needs the argument {missing}", booking.name);
                Err(Wrong::new(key("arguments"), &own.join(", "), accepted))
            }
            None => Ok(()),
        }
    }
}

fn check_rule(rule: &Rule, key: &str, roots: &BTreeSet<&str>, own: &[&str]) -> Result<(), Wrong> {
    if rule.decline.is_some() == rule.answer.is_some() {
        let accepted = "decline = \"a reason\", or answer = { … }: one of them";
        return Err(Wrong::new(key, "", accepted));
    }
    let said = rule.answer.iter().flat_map(BTreeMap::values);
    let said = said.chain(&rule.decline);
    let both = rule.when.iter().flat_map(|(left, right)| [left, right]);
    check_roots(key, both.chain(said), roots, own)?;
    let mut names = rule.when.keys().filter_map(Template::own_root);
    match names.find(|name| !is_known(name, roots, own)) {
        Some(unknown) => {
            let key = format!("{key}: when");
            Err(Wrong::new(key, unknown, accepted(roots, own)))
        }
        None => Ok(()),
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
