//! What is known and done: records of customers, deeds by their keys. A key that was answered is answered so again.

mod decide;

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    calendar::SLOT,
    declared::{Declared, Deed, Record},
    journal::{Entry, Journal},
    scope::Scope,
};

/// Keys that are remembered. When there are more no deed is done any more: forgetting one could repeat it.
const MAX_CALLS: usize = 100_000;
/// The argument, and the field of an answer, by which something that was done is named later.
const REFERENCE: &str = "reference";

/// The demonstration back end without its sockets.
pub(super) struct Desk {
    declared: Declared,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What deeds changed, by customer.
    changed: HashMap<String, Record>,
    calls: HashMap<Uuid, Call>,
    journal: Option<Journal>,
}

#[derive(Clone)]
struct Call {
    deed: String,
    /// In whose record it was written.
    holder: String,
    answer: Answer,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// What a deed is asked with.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) customer: Option<String>,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    #[serde(default)]
    pub(super) session: Option<Uuid>,
}

/// How a deed's request ended, as it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    /// By a rule or the customer's record, or because an argument is wrong.
    Declined,
    /// The key was answered before.
    Repeated,
    /// There is no such deed or customer.
    Unknown,
    /// It could not be written down, and was not done.
    NotKept,
}

impl Answer {
    fn of(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    pub(super) fn because(status: u16, reason: &str) -> Self {
        Self::of(status, json!({ "reason": reason }))
    }

    /// Whether it gave this reference, however it is spaced.
    fn refers_to(&self, reference: &str) -> bool {
        let bare = |text: &str| text.replace(' ', "");
        let own = self.body.get(REFERENCE).and_then(Value::as_str);
        own.is_some_and(|own| bare(own) == bare(reference))
    }

    fn not_found() -> Self {
        Self::because(404, "it is not known here")
    }
}

impl Desk {
    /// With what the state file holds of an earlier life, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds something else.
    pub(super) fn open(declared: Declared, file: Option<&Path>) -> io::Result<Self> {
        let mut state = State::default();
        if let Some(file) = file {
            let (journal, entries) = Journal::open(file)?;
            for entry in entries {
                state.remember(entry);
            }
            state.journal = Some(journal);
        }
        let state = Mutex::new(state);
        Ok(Self { declared, state })
    }

    /// What is known of a customer, or what is free.
    pub(super) fn read(
        &self,
        name: &str,
        query: &HashMap<String, String>,
        now: DateTime<Utc>,
    ) -> Answer {
        if self.declared.calendar(name).is_some() {
            return self.free(name, query, now);
        }
        let lookup = self
            .declared
            .lookups
            .iter()
            .find(|lookup| lookup.name == name);
        let customer = query.get("customer");
        let customer = customer.filter(|name| self.declared.records.contains_key(*name));
        let (Some(lookup), Some(customer)) = (lookup, customer) else {
            return Answer::not_found();
        };
        let record = self.state().record(&self.declared, customer);
        let scope = self.scope(customer, &record, now);
        let fields = lookup.answer.iter();
        let fields: Map<String, Value> = fields
            .map(|(field, text)| (field.clone(), scope.fill(text).into()))
            .collect();
        match fields.values().any(|text| text == "") {
            true => Answer::not_found(),
            false => Answer::of(200, fields.into()),
        }
    }

    /// Times that nobody has booked, at the place of the query, on its day if it names one.
    fn free(&self, name: &str, query: &HashMap<String, String>, now: DateTime<Utc>) -> Answer {
        let calendar = self.declared.calendar(name);
        let state = self.state();
        // Whoever moves what was booked stays where it is.
        let booked = query.get(REFERENCE).and_then(|reference| {
            let mut calls = state.calls.values();
            let call = calls.find(|call| call.answer.refers_to(reference))?;
            let record = state.changed.get(&call.holder)?;
            record.get(&format!("{name}.place")).cloned()
        });
        let place = calendar.and_then(|calendar| {
            let place = query.get(&calendar.place).cloned().or(booked)?;
            let at = calendar.places.get(&place)?;
            Some((calendar, place, at))
        });
        let Some((calendar, named, place)) = place else {
            return Answer::not_found();
        };
        let day = query.get("day");
        let taken = state.taken(name, &named, None);
        drop(state);
        let times = calendar.times(place, now.with_timezone(&self.declared.offset));
        let free = times.into_iter().filter_map(|time| {
            let value = time.format(SLOT).to_string();
            let is_asked_for = day.is_none_or(|day| value.starts_with(day.as_str()));
            let is_free = is_asked_for && !taken.contains(&value);
            is_free.then(|| json!({ "value": value, "spoken": calendar.say(time) }))
        });
        Answer::of(200, json!({ "options": free.collect::<Vec<_>>() }))
    }

    /// Does a deed, unless its key was answered before; and how long its answer is held back.
    pub(super) fn carry_out(
        &self,
        name: &str,
        key: Uuid,
        asked: &Asked,
        now: DateTime<Utc>,
    ) -> (Answer, Ended, Duration) {
        let Some(deed) = self.declared.deeds.iter().find(|deed| deed.name == name) else {
            return (Answer::not_found(), Ended::Unknown, Duration::ZERO);
        };
        let held = Duration::from_millis(deed.answer_after_ms);
        // Held until the deed is on the disk: whoever comes with the same key meanwhile waits.
        let mut state = self.state();
        if let Some(call) = state.calls.get(&key) {
            return match call.deed == name {
                true => (call.answer.clone(), Ended::Repeated, Duration::ZERO),
                false => {
                    let answer = Answer::because(400, "this key belongs to another deed");
                    (answer, Ended::Declined, Duration::ZERO)
                }
            };
        }
        let Some(holder) = self.holder(&state, deed, asked) else {
            return (Answer::not_found(), Ended::Unknown, Duration::ZERO);
        };
        let decision = self.decide(&state, deed, &holder, (key, asked), now);
        let answer = decision.answer.clone();
        let kept = state.keep(Entry {
            key,
            deed: name.to_owned(),
            holder,
            status: answer.status,
            answer: answer.body.clone(),
            changes: decision.changes,
            at: now,
        });
        drop(state);
        match kept {
            Ok(()) if answer.status == 200 => (answer, Ended::Done, held),
            Ok(()) => (answer, Ended::Declined, held),
            Err(reason) => (Answer::because(503, reason), Ended::NotKept, Duration::ZERO),
        }
    }

    /// As the request with this key was answered.
    pub(super) fn status(&self, name: &str, key: Uuid) -> Answer {
        let state = self.state();
        let call = state.calls.get(&key).filter(|call| call.deed == name);
        call.map_or_else(Answer::not_found, |call| call.answer.clone())
    }

    /// In whose record it is written: that of what it refers to, else the customer's, or the conversation's where anybody
    /// may have it done.
    fn holder(&self, state: &State, deed: &Deed, asked: &Asked) -> Option<String> {
        let reference = asked.arguments.get(REFERENCE).and_then(Value::as_str);
        if let Some(reference) = reference.filter(|_| deed.anyone) {
            let mut calls = state.calls.values();
            let done = calls.find(|call| call.answer.refers_to(reference));
            if let Some(done) = done {
                return Some(done.holder.clone());
            }
        }
        match &asked.customer {
            Some(customer) => self
                .declared
                .records
                .contains_key(customer)
                .then(|| customer.clone()),
            None if deed.anyone => Some(format!("session {}", asked.session.unwrap_or_default())),
            None => None,
        }
    }

    fn scope<'r>(&'r self, holder: &str, record: &'r Record, now: DateTime<Utc>) -> Scope<'r> {
        let today = now.with_timezone(&self.declared.offset).date_naive();
        Scope::new(holder, record, (today, &self.declared.spoken_date))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// As the file has it, with what deeds changed.
    fn record(&self, declared: &Declared, holder: &str) -> Record {
        let mut record = declared.records.get(holder).cloned().unwrap_or_default();
        let changed = self.changed.get(holder).into_iter().flatten();
        record.extend(changed.map(|(name, value)| (name.clone(), value.clone())));
        record
    }

    /// The times booked at a place, but for those of one customer.
    fn taken(&self, calendar: &str, place: &str, but: Option<&str>) -> HashSet<String> {
        let others = self
            .changed
            .iter()
            .filter(|(holder, _)| Some(holder.as_str()) != but);
        let booked = others.filter_map(|(_, record)| {
            let part = |part: &str| record.get(&format!("{calendar}.{part}"));
            (part("place")? == place).then(|| part("slot").cloned())?
        });
        booked.collect()
    }

    /// Writes it down, then it is so.
    fn keep(&mut self, entry: Entry) -> Result<(), &'static str> {
        if self.calls.len() >= MAX_CALLS {
            return Err("too many deeds were done: begin again without the state file");
        }
        if let Some(journal) = &mut self.journal {
            let kept = journal.append(&entry);
            kept.map_err(|_| "the state file cannot be written")?;
        }
        self.remember(entry);
        Ok(())
    }

    fn remember(&mut self, entry: Entry) {
        let holder = entry.holder;
        let changed = self.changed.entry(holder.clone()).or_default();
        changed.extend(entry.changes);
        let answer = Answer::of(entry.status, entry.answer);
        let (deed, holder) = (entry.deed, holder);
        let call = Call {
            deed,
            holder,
            answer,
        };
        self.calls.insert(entry.key, call);
    }
}

#[cfg(test)]
mod tests;
