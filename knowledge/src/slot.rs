//! What a caller is asked for, and how a turn fills it: a value that the pack fixed, or one of the caller's turn, read by
//! its type. Look-ups and tasks are filled alike.

mod check;
mod code;
mod country;
mod date;
mod email;
mod name;
mod number;
mod own_words;
mod phone;
mod read;
mod reference;
mod said;
mod time;
mod words;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use language::{Lexicon, phrase::Phrases};
use serde::Deserialize;

use crate::KnowledgeBase;
pub(crate) use check::{Wrong, dead, wrong_in};
pub use country::Country;
pub(crate) use country::check as check_country;
pub(crate) use date::capitalised;
pub(crate) use reference::spoken as spoken_reference;
pub(crate) use words::SlotWords;

/// Longest text that is sent unless a slot says otherwise, in characters.
pub(crate) const MAX_TEXT: usize = 100;

/// One value that is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// How it is read and sent.
    #[serde(rename = "type")]
    pub kind: SlotKind,
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
    /// Of a number: the smallest that is taken.
    #[serde(default)]
    pub least: Option<u32>,
    /// Of a number: the largest that is taken.
    #[serde(default)]
    pub most: Option<u32>,
    /// Of a text: its most characters, instead of 100.
    #[serde(default)]
    pub longest: Option<usize>,
}

/// How a slot is read from a turn, and sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotKind {
    /// An address of e-mail, sent in lower case.
    Email,
    /// A telephone number, sent in E.164 form. One without a country's code is read by the pack's `country` alone.
    Phone,
    /// A day, sent as `2026-05-03`, or `--05-03` where no year is said and none follows from the day of the call.
    Date,
    /// A time of day, sent as `14:30`.
    Time,
    /// An amount of money, sent as `99.5`.
    Amount,
    /// One of its values.
    Choice,
    /// Yes or no, sent as `yes` and `no`; read only where it was asked for.
    YesNo,
    /// Up to two letters and six digits, such as what was promised has, sent as `RS120456`.
    Reference,
    /// 4 to 12 digits.
    Code,
    /// A person's name.
    Name,
    /// A number, sent as `3` or `2.5`.
    Number,
    /// A street's number and name, with the town if it is said; read only where it was asked for.
    Address,
    /// The caller's own words, at most 100 characters: asked for, and the next turn is the text.
    #[default]
    Text,
}

/// Where a slot's value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The caller says it.
    #[default]
    Said,
    /// It is always this.
    Fixed(String),
}

/// A value of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotValue {
    /// As it is sent.
    pub sent: String,
    /// As it is spoken.
    pub spoken: String,
}

/// Values by the names of their slots.
pub type SlotValues = BTreeMap<String, SlotValue>;

impl KnowledgeBase {
    /// Adds what the pack fixed and what a turn says to those of `slots` that have no value yet.
    ///
    /// `asked` is the slot that the agent has just asked for: a bare "ten", free text and the like are taken for it alone.
    /// `today` is the caller's day: without it "tomorrow" is no day, and a day without a year stays without one. `text` is
    /// the turn as it was said, with what it takes back: of two values with a correction between them the last counts.
    ///
    /// Of several empty slots of one type only the one that was asked for is filled: which of them was meant cannot be
    /// told. Choices are told apart by their phrases.
    pub fn fill_slots(
        &self,
        slots: &BTreeMap<String, Slot>,
        asked: Option<&str>,
        text: &str,
        today: Option<NaiveDate>,
        known: &mut SlotValues,
    ) {
        for (name, slot) in slots {
            if let Origin::Fixed(value) = &slot.from
                && !known.contains_key(name)
            {
                known.insert(name.clone(), same(value.clone()));
            }
        }
        let is_empty = |(name, _): &(&String, &Slot)| !known.contains_key(*name);
        let empty: Vec<(&str, &Slot)> = slots
            .iter()
            .filter(is_empty)
            .map(|(name, slot)| (name.as_str(), slot))
            .collect();
        let pack = self.pack();
        let reader = read::Reader {
            lexicon: self.lexicon(),
            words: &pack.slot_words,
            months: &pack.catalogue_words.months,
            taken_back: &pack.meaning.taken_back,
            affirm: &pack.actions.affirm,
            deny: &pack.actions.deny,
            country: pack.settings.country.as_ref(),
            today,
            is_question: pack.meaning.is_question(text),
        };
        known.extend(reader.fill(&empty, asked, text));
    }
}

impl Slot {
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
fn same(value: String) -> SlotValue {
    SlotValue {
        spoken: value.clone(),
        sent: value,
    }
}
