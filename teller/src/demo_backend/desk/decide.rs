//! What becomes of a deed: facts in, answer and changes out.

use std::collections::BTreeMap;

use call::input::strict_line;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Answer, Asked, Desk, State};
use crate::demo_backend::{
    calendar::SLOT,
    declared::{Action, DECLINED, Deed, Record, Rule},
    scope::Scope,
    template::Template,
};

/// Longest text of an argument, in characters.
const MAX_TEXT: usize = 200;
/// What becomes of a request that is decided now.
pub(super) struct Decision {
    pub(super) answer: Answer,
    pub(super) changes: Record,
}

impl Desk {
    pub(super) fn decide(
        &self,
        state: &State,
        deed: &Deed,
        holder: &str,
        (key, asked): (Uuid, &Asked),
        now: DateTime<Utc>,
    ) -> Decision {
        let declined = |answer| Decision {
            answer,
            changes: Record::new(),
        };
        let arguments = match arguments(deed, &asked.arguments) {
            Ok(arguments) => arguments,
            Err(reason) => return declined(Answer::because(422, &reason)),
        };
        let record = state.record(&self.declared, holder);
        let mut scope = self.scope(holder, &record, now);
        scope.reference = reference(key);
        scope.arguments = arguments;
        if let Some(reason) = record.get(&format!("{DECLINED}.{}", deed.name)) {
            return declined(Answer::because(409, reason));
        }
        if let Some(rule) = deed.rule.iter().find(|rule| holds(rule, &scope)) {
            return declined(match (&rule.answer, &rule.decline) {
                (Some(answer), _) => Answer::of(200, fields(answer, &scope)),
                (None, reason) => {
                    Answer::because(409, &scope.fill(reason.as_ref().unwrap_or(&scope.nothing)))
                }
            });
        }
        let mut changes = match self.booking(state, deed, (holder, &mut scope), now) {
            Ok(changes) => changes,
            Err(reason) => return declined(Answer::because(409, &reason)),
        };
        let set = deed.set.iter();
        changes.extend(set.map(|(name, value)| (scope.fill(name), scope.fill(value))));
        scope.changes = changes;
        Decision {
            answer: Answer::of(200, fields(&deed.answer, &scope)),
            changes: scope.changes,
        }
    }

    /// What a deed of a calendar changes, or why not.
    fn booking(
        &self,
        state: &State,
        deed: &Deed,
        (holder, scope): (&str, &mut Scope<'_>),
        now: DateTime<Utc>,
    ) -> Result<Record, String> {
        let booking = deed.calendar.as_ref();
        let found =
            booking.and_then(|booking| Some((booking, self.declared.calendar(&booking.name)?)));
        let Some((booking, calendar)) = found else {
            return Ok(Record::new());
        };
        let now = now.with_timezone(&self.declared.offset);
        let own = |part: &str| format!("{}.{part}", calendar.name);
        let held = scope.record.get(&own("slot")).and_then(|slot| time(slot));
        let held = held.filter(|slot| *slot >= now.naive_local());
        match booking.action {
            Action::Book if held.is_some() => return Err(scope.fill(&calendar.already)),
            Action::Move | Action::Cancel if held.is_none() => {
                return Err(scope.fill(&calendar.none));
            }
            Action::Cancel => {
                let parts = ["slot", "spoken", "place", "place_spoken", "reference"];
                return Ok(parts.map(|part| (own(part), String::new())).into());
            }
            Action::Book | Action::Move => {}
        }
        let place = scope
            .arguments
            .get(&calendar.place)
            .filter(|place| !place.is_empty());
        let place = place
            .or_else(|| scope.record.get(&own("place")))
            .cloned()
            .unwrap_or_default();
        let asked = scope.arguments.get("slot").and_then(|slot| time(slot));
        if let Some(asked) = asked {
            scope.slot_spoken = calendar.say(asked);
        }
        let free = calendar
            .places
            .get(&place)
            .zip(asked)
            .filter(|(there, asked)| {
                let is_open = calendar.times(there, now).contains(asked);
                let value = asked.format(SLOT).to_string();
                is_open
                    && !state
                        .taken(&calendar.name, &place, Some(holder))
                        .contains(&value)
            });
        let Some((there, slot)) = free else {
            return Err(scope.fill(&calendar.taken));
        };
        Ok([
            (own("slot"), slot.format(SLOT).to_string()),
            (own("spoken"), calendar.say(slot)),
            (own("place_spoken"), there.spoken.clone()),
            (own("place"), place),
            (own("reference"), scope.reference.clone()),
        ]
        .into())
    }
}

/// Text for each declared argument; a missing one is empty.
fn arguments(deed: &Deed, given: &Map<String, Value>) -> Result<BTreeMap<String, String>, String> {
    let mut arguments = BTreeMap::new();
    for (name, declared) in &deed.arguments {
        let text = match given.get(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(yes)) => yes.to_string(),
            Some(_) => return Err(format!("{name} is no text")),
        };
        if text.is_empty() {
            if !declared.optional {
                return Err(format!("{name} is missing"));
            }
        } else if strict_line(&text, MAX_TEXT).is_err() {
            return Err(format!(
                "{name} is not one line of at most {MAX_TEXT} characters"
            ));
        } else if !declared.values.is_empty() && !declared.values.contains(&text) {
            return Err(format!("{name} may be {}", declared.values.join(", ")));
        }
        arguments.insert(name.clone(), text);
    }
    Ok(arguments)
}

fn holds(rule: &Rule, scope: &Scope<'_>) -> bool {
    let mut all = rule.when.iter();
    all.all(|(name, value)| scope.value(&scope.fill(name)) == scope.fill(value))
}

fn fields(answer: &BTreeMap<String, Template>, scope: &Scope<'_>) -> Value {
    let filled = answer
        .iter()
        .map(|(field, text)| (field.clone(), scope.fill(text)));
    let known = filled.filter(|(_, text)| !text.is_empty());
    let known: Map<String, Value> = known.map(|(field, text)| (field, text.into())).collect();
    known.into()
}

/// Six digits that can be read out, the same for the same key.
fn reference(key: Uuid) -> String {
    format!("{:06}", key.as_u128() % 1_000_000)
}

fn time(slot: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(slot, SLOT).ok()
}
