//! What must hold in a slot that a pack declares.

use call::input::{PhoneNumber, strict_line};
use chrono::NaiveTime;
use language::{
    Lexicon,
    phrase::{Phrase, Utterance},
};

use super::{MAX_TEXT, Origin, Slot, SlotKind, email, number::is_decimal};
use crate::trust::day;

/// Most characters that a slot's text may have.
const MOST_TEXT: usize = 1000;

/// What is wrong: the end of the key, its value, and what would be accepted.
pub(crate) type Wrong = (&'static str, String, String);

/// What is wrong in a slot. `has_line`: something is said to be told it.
pub(crate) fn wrong_in(slot: &Slot, has_line: bool) -> Result<(), Wrong> {
    let wrong =
        |part, value: &str, accepted: &str| Err((part, value.to_owned(), accepted.to_owned()));
    let is_choice = slot.kind == SlotKind::Choice;
    if is_choice == slot.values.is_empty() {
        let accepted = "values for the type choice, each with one phrase or more, and for no other";
        let given = slot.values.keys().next();
        return wrong(".values", given.map_or("", String::as_str), accepted);
    }
    for (sent, phrases) in &slot.values {
        if phrases.is_empty() || !is_sendable(sent) {
            let accepted = "values of one line, each with one phrase or more";
            return wrong(".values", sent, accepted);
        }
    }
    let is_number = slot.kind == SlotKind::Number;
    for (part, bound) in [(".least", slot.least), (".most", slot.most)] {
        if let Some(bound) = bound.filter(|_| !is_number) {
            return wrong(part, &bound.to_string(), "nothing but for the type number");
        }
    }
    if let (Some(least), Some(most)) = (slot.least, slot.most)
        && least > most
    {
        return wrong(".least", &least.to_string(), "no more than most");
    }
    if let Some(longest) = slot.longest
        && (slot.kind != SlotKind::Text || !(1..=MOST_TEXT).contains(&longest))
    {
        let accepted = "1 to 1000 characters, for the type text alone";
        return wrong(".longest", &longest.to_string(), accepted);
    }
    match &slot.from {
        Origin::Said if !has_line => {
            let accepted = "a line that asks for it, here or as the look-up's ask";
            wrong(".ask", "", accepted)
        }
        Origin::Said => Ok(()),
        Origin::Fixed(value) => {
            let (fits, accepted) = fixed(slot, value);
            match fits {
                true => Ok(()),
                false => wrong(".from.fixed", value, accepted),
            }
        }
    }
}

/// Whether a value may be sent for a slot, and what may.
fn fixed(slot: &Slot, value: &str) -> (bool, &'static str) {
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    match slot.kind {
        SlotKind::Number | SlotKind::Amount => (is_decimal(value), "a number such as 3 or 2.5"),
        SlotKind::Date => (day(value).is_some(), "a day such as 2026-05-03"),
        SlotKind::Time => {
            let time = NaiveTime::parse_from_str(value, "%H:%M");
            (time.is_ok() && value.len() == 5, "a time such as 14:30")
        }
        SlotKind::Phone => {
            let number = value.parse::<PhoneNumber>();
            let is_number = number.is_ok_and(|number| number.as_str() == value);
            (is_number, "a number in E.164 form, such as +263771234567")
        }
        SlotKind::Email => (
            email::is_address(value),
            "an address such as desk@example.com",
        ),
        SlotKind::Code => (digits && (4..=12).contains(&value.len()), "4 to 12 digits"),
        SlotKind::YesNo => (matches!(value, "yes" | "no"), "yes or no"),
        SlotKind::Text | SlotKind::Name | SlotKind::Address | SlotKind::Reference => {
            (is_sendable(value), "one line of at most 100 characters")
        }
        SlotKind::Choice => (slot.values.contains_key(value), "one of its values"),
    }
}

/// One line that is more than marks: "..", put into a path, would lead elsewhere.
fn is_sendable(value: &str) -> bool {
    strict_line(value, MAX_TEXT).is_ok_and(|line| line == value)
        && value.contains(char::is_alphanumeric)
}

/// Phrases of choices that can match nothing.
pub(crate) fn dead<'s>(lexicon: &Lexicon, slots: impl Iterator<Item = &'s Slot>) -> Vec<String> {
    let phrases = slots.flat_map(|slot| slot.values.values().flatten());
    let is_dead = |written: &&String| {
        Phrase::parse(lexicon, written).is_none_or(|phrase| {
            let sample = Utterance::new(lexicon.terms(&phrase.sample()));
            phrase.find(&sample).is_none()
        })
    };
    phrases.filter(is_dead).cloned().collect()
}
