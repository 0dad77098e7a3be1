//! The words by which slots are read and their values spoken: `[slots]` of a language's file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Phrases are words in lower case, apart by one space.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlotWords {
    /// Take back the value before them, beside what takes back a turn.
    pub(crate) corrections: Vec<String>,
    /// Before a value that is not meant.
    pub(crate) not: Vec<String>,
    /// Between "not" and that value.
    pub(crate) small: Vec<String>,
    /// May follow a day or a time that is said without more; another word shows that a thing is counted.
    pub(crate) follows: Vec<String>,
    /// Words that say nothing, wherever they stand.
    pub(crate) hesitation: Vec<String>,
    /// Politeness and the like around a value.
    pub(crate) fillers: Vec<String>,
    pub(crate) yes: String,
    pub(crate) no: String,
    pub(crate) day: DayWords,
    pub(crate) time: TimeWords,
    pub(crate) phone: PhoneWords,
    pub(crate) email: EmailWords,
    pub(crate) name: NameWords,
    pub(crate) address: AddressWords,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DayWords {
    /// Monday first.
    pub(crate) weekdays: Vec<String>,
    /// Months that are words of their own too.
    pub(crate) unsure: Vec<String>,
    /// Phrases, and how many days from today.
    pub(crate) relative: BTreeMap<String, i64>,
    /// "next"
    pub(crate) next: Vec<String>,
    /// "this"
    pub(crate) this: Vec<String>,
    /// "last"
    pub(crate) last: Vec<String>,
    /// "next week", beside a weekday.
    pub(crate) next_week: Vec<String>,
    /// Before a number of days: "in".
    pub(crate) within: Vec<String>,
    /// Behind it, to come and past.
    pub(crate) from_now: Vec<String>,
    pub(crate) ago: Vec<String>,
    /// One of a unit: "a".
    pub(crate) one: Vec<String>,
    /// "couple of"
    pub(crate) two: Vec<String>,
    /// Units of time in days.
    pub(crate) units: BTreeMap<String, u32>,
    pub(crate) month: Vec<String>,
    /// "of" and "the", between the day and the month.
    pub(crate) of: Vec<String>,
    pub(crate) the: Vec<String>,
    /// Before a day: "on".
    pub(crate) on: Vec<String>,
    /// How a day is said: `{weekday}`, `{day}`, `{month}`, `{year}`.
    pub(crate) spoken: String,
    pub(crate) spoken_with_year: String,
    pub(crate) spoken_without_weekday: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeWords {
    /// Before a time: "at".
    pub(crate) at: Vec<String>,
    pub(crate) oclock: Vec<String>,
    pub(crate) half: Vec<String>,
    pub(crate) quarter: Vec<String>,
    pub(crate) past: Vec<String>,
    pub(crate) to: Vec<String>,
    pub(crate) minutes: Vec<String>,
    pub(crate) noon: Vec<String>,
    pub(crate) midnight: Vec<String>,
    /// Directly behind a time.
    pub(crate) am: Vec<String>,
    pub(crate) pm: Vec<String>,
    /// Before a first time of two: "from".
    pub(crate) ranges: Vec<String>,
    /// Before a bare number, these count things: "I have two".
    pub(crate) counts: Vec<String>,
    /// Parts of the day as they are said, and what is none though it holds one of their words: "good morning".
    pub(crate) morning: Vec<String>,
    pub(crate) afternoon: Vec<String>,
    pub(crate) night: Vec<String>,
    pub(crate) greetings: Vec<String>,
    pub(crate) spoken: TimeLines,
}

/// How a time is said: `{hour}`, `{minute}`, `{time}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimeLines {
    pub(crate) hour: String,
    pub(crate) quarter_past: String,
    pub(crate) half_past: String,
    pub(crate) quarter_to: String,
    pub(crate) minutes: String,
    pub(crate) few_minutes: String,
    pub(crate) morning: String,
    pub(crate) afternoon: String,
    pub(crate) evening: String,
    pub(crate) night: String,
    pub(crate) noon: String,
    pub(crate) midnight: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhoneWords {
    pub(crate) plus: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailWords {
    pub(crate) at: Vec<String>,
    pub(crate) dot: Vec<String>,
    /// Marks before the sign, and how they are said; the first is how it is read back.
    pub(crate) marks: BTreeMap<String, Vec<String>>,
    /// Say nothing of the letters: "all one word", "capital".
    pub(crate) ignored: Vec<String>,
    /// Before the address: "is".
    pub(crate) before: Vec<String>,
    /// "s for sugar"
    pub(crate) as_in: Vec<String>,
    pub(crate) doubled: BTreeMap<String, usize>,
    /// Domains that are said as words, and how else they are heard: "g mail".
    pub(crate) domains: BTreeMap<String, Vec<String>>,
    /// Labels of a domain that are said as words.
    pub(crate) ends: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameWords {
    /// Before a name, surely: "my name is".
    pub(crate) leads: Vec<String>,
    /// Before a name that was asked for: "it's".
    pub(crate) asked_leads: Vec<String>,
    /// Before a name, and no part of it: "mr".
    pub(crate) titles: Vec<String>,
    /// No part of a name.
    pub(crate) not: Vec<String>,
    /// Inside a name: "van", "de".
    pub(crate) particles: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressWords {
    /// Before an address: "my address is".
    pub(crate) leads: Vec<String>,
}
