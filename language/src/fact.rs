//! What a trade wishes to remember of the people it speaks with.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Days that a fact holds, where a pack names no others.
const HOLDS_DAYS: u32 = 180;
/// Days after which whoever calls again is told once more what it was about, where a pack names no others.
const RECAP_DAYS: u32 = 60;

/// `facts.toml` of a pack. Phrases are in the notation of [`crate::phrase`]. The default remembers nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactWords {
    /// Whoever was away for so many days is told what the last call was about, as in their second call.
    pub recap_days: u32,
    /// What is remembered, in the order in which it is told.
    pub fact: Vec<FactKey>,
}

impl Default for FactWords {
    fn default() -> Self {
        Self {
            recap_days: RECAP_DAYS,
            fact: Vec::new(),
        }
    }
}

/// One thing that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactKey {
    /// Its name in records.
    pub key: String,
    /// What form of value it has.
    pub form: FactForm,
    /// How it is called: the "budget" of "forget my budget".
    pub label: String,
    /// Other phrases that call it so.
    #[serde(default)]
    pub called: Vec<String>,
    /// How callers say it. Of an amount, a number and a text: what stands beside the value; of a choice: without any of these
    /// nothing counts, and none means that the value alone does; of a yes-or-no: that it is so.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Of a yes-or-no: that it is not so, beside a phrase that is denied.
    #[serde(default)]
    pub denied: Vec<String>,
    /// What rules it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Of a choice: what is kept, and what means it.
    #[serde(default)]
    pub values: BTreeMap<String, FactValue>,
    /// Of a choice: its values are those of a field of the pack's catalogue too, `books.author`.
    #[serde(default)]
    pub of: Option<String>,
    /// Of a choice: several values hold at once.
    #[serde(default)]
    pub many: bool,
    /// What a question is narrowed down by counts too: "do you have one under twenty dollars?".
    #[serde(default)]
    pub asked: bool,
    /// It can be searched for: kept readable until the person is erased. All else is sealed.
    #[serde(default)]
    pub query: bool,
    /// For how many days it holds.
    #[serde(default = "holds_days")]
    pub holds_days: u32,
    /// How it is spoken back; `{value}` is the value: "your budget is {value}".
    pub say: String,
    /// The same of a yes-or-no that is not so.
    #[serde(default)]
    pub say_not: Option<String>,
}

fn holds_days() -> u32 {
    HOLDS_DAYS
}

/// A value that may be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactValue {
    /// As it is spoken.
    pub say: String,
    /// What means it.
    pub phrases: Vec<String>,
}

/// What form of value something has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactForm {
    /// An amount of money, with what bounds it.
    Amount,
    /// A number, with what bounds it.
    Number,
    /// One of its values, or several.
    Choice,
    /// A yes or a no.
    YesNo,
    /// The few words that follow one of its phrases.
    Text,
}
