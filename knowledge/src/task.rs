//! What the agent can do for a caller in several turns: which values it needs, how it asks for them, which tool it ends
//! in, and what is said then. A pack's `tasks/NAME.toml`; the turns themselves are `dialogue`'s.

mod declared;
mod fill;
mod names;
mod steer;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::NaiveDate;
use serde::Deserialize;

use crate::{
    lookup::Proof,
    pack::PhraseSet,
    slot::{Slot, SlotKind, SlotValue},
};
pub(crate) use declared::{check, check_first_aid, check_offers};
pub(crate) use names::check_tools;
pub use steer::Steer;
pub(crate) use steer::SteerRules;

/// Tools that every call has, whatever systems there are: several tasks may end in one of them, each with arguments of its
/// own.
pub const OWN_TOOLS: [&str; 4] = ["callback", "message", "ticket", "transfer"];

/// One task of a pack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name, that of its file; the route of turns that ask for it.
    #[serde(skip)]
    pub name: String,
    /// Phrases that ask for it, in the notation of [`language::phrase`].
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Phrases that rule it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Documents, by source, whose answer ends with `offer`.
    #[serde(default)]
    pub offer_with: Vec<String>,
    /// "I can do that for you now. Shall I?"
    #[serde(default)]
    pub offer: Option<String>,
    /// What a caller must have proved.
    #[serde(default = "nothing")]
    pub proof: Proof,
    /// Said to a caller who has not, before they are told how to.
    #[serde(default)]
    pub unproven: Option<String>,
    /// The task that takes its place for callers who cannot prove who they are.
    #[serde(default)]
    pub fallback: Option<String>,
    /// Said when it begins.
    #[serde(default)]
    pub begin: Option<String>,
    /// The tool that it ends in; none where it only leads to a person.
    #[serde(default)]
    pub tool: Option<String>,
    /// What may happen to a call of the tool whose end nobody saw.
    #[serde(default)]
    pub effect: TaskEffect,
    /// Arguments of the tool that are always the same, but for slots that a text is filled in with.
    #[serde(default)]
    pub fixed: BTreeMap<String, FixedArgument>,
    /// What the tool is called with, in the order in which it is asked for.
    #[serde(default, rename = "slot")]
    pub slots: Vec<TaskSlot>,
    /// Says what will be done, with the slots filled in, and asks for a yes. Needed where there is a tool.
    #[serde(default)]
    pub confirm: Option<String>,
    /// Said when it is done; filled in are the slots and the fields of the tool's result.
    #[serde(default)]
    pub done: Option<String>,
    /// Fields of the tool's result that `done` may say.
    #[serde(default = "fields")]
    pub fields: Vec<String>,
    /// Said when the tool declines, with its `{reason}`.
    #[serde(default)]
    pub declined: Option<String>,
    /// How much of it may be done in a day for one person; without it there is no limit.
    #[serde(default)]
    pub limit: Option<TaskLimit>,
    /// What is sent to the caller when it is done, where messages can be sent.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// Offers to go on with it in the next call of a caller who proves who they are, where the call before broke off in the
    /// middle of it; without it nothing is kept.
    #[serde(default)]
    pub resume: Option<String>,
    /// Days until a person has looked into a ticket that it leaves.
    #[serde(default = "days")]
    pub due_in_days: u32,
    /// What follows.
    #[serde(default)]
    pub then: Then,
    /// A caller who asked for a person and agreed to be called back is led here.
    #[serde(default)]
    pub asked_for_person: bool,
}

/// How much of a task may be done in a day for one person: so many times, or so much by a slot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskLimit {
    /// So many times.
    #[serde(default)]
    pub a_day: Option<u32>,
    /// The slot whose values add up.
    #[serde(default)]
    pub of: Option<String>,
    /// To no more than this.
    #[serde(default)]
    pub most: Option<u32>,
    /// Said instead of what would be done.
    pub reached: String,
}

/// A text message or e-mail about what was done.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What it says; filled in are the slots and the fields of the tool's result.
    pub text: String,
    /// The slot with the number or e-mail address; without it the customer's own number, so proof is needed.
    #[serde(default)]
    pub to: Option<String>,
    /// Said once it was sent.
    pub said: String,
}

/// What the company's system promises of a call under one idempotency key (docs/backend.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEffect {
    /// Nothing: it is never called again.
    #[default]
    Once,
    /// The same key is never carried out twice: it may be called again.
    Idempotent,
    /// It can be asked what came of a key.
    Status,
}

/// An argument that is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum FixedArgument {
    /// `urgent = true`
    Truth(bool),
    /// `days = 3`
    Number(i64),
    /// A text, with slots filled in.
    Text(String),
}

/// What follows a task that is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The conversation goes on.
    #[default]
    Talk,
    /// A person is offered.
    Person,
}

/// A value that a task needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Table")]
pub struct TaskSlot {
    /// The argument's name.
    pub name: String,
    /// How it is read, and the line that asks for it.
    pub value: Slot,
    /// The rest.
    pub manner: Manner,
}

/// How a task comes by a value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Manner {
    /// Asks once more, in other words.
    pub again: Option<String>,
    /// The caller may leave it out.
    pub optional: bool,
    /// What is spoken in its place where it was left out.
    pub absent: Option<String>,
    /// It is taken where it is said, and never asked for.
    pub silent: bool,
    /// "This number" answers it, by which the caller calls.
    pub caller: bool,
    /// Reads it back at once: "I heard {it}. Is that right?"
    pub check: Option<String>,
    /// The reading tool that knows which values there are, such as free slots.
    pub options: Option<String>,
    /// Said where there are none.
    pub none: Option<String>,
    /// The slot that is asked for instead then.
    pub none_asks: Option<String>,
    /// Of a day: one that has been.
    pub past: bool,
    /// Words before it, of several values of one type: "until". Without one of them in a turn it is read only when it
    /// was asked for.
    pub after: Vec<String>,
    /// It is spoken of, and not sent: an argument that is `fixed` says it.
    pub unsent: bool,
    /// The task whose result in this conversation has it: its reference.
    pub from: Option<String>,
}

impl TaskSlot {
    /// Whether a value that was said days ago can still be meant. What was picked from what was free then must be picked
    /// again, and a day that was to come must still be to come.
    #[must_use]
    pub fn still_holds(&self, value: &SlotValue, today: Option<NaiveDate>) -> bool {
        if self.manner.options.is_some() {
            return false;
        }
        match self.value.kind {
            SlotKind::Choice => self.value.values.contains_key(&value.sent),
            SlotKind::Date => {
                let day = value.sent.parse::<NaiveDate>().ok();
                let is_ahead = day.zip(today).is_some_and(|(day, today)| day >= today);
                is_ahead || (self.manner.past && day.is_some())
            }
            _ => true,
        }
    }
}

impl TryFrom<toml::Table> for TaskSlot {
    type Error = toml::de::Error;

    fn try_from(mut table: toml::Table) -> Result<Self, Self::Error> {
        let own = [
            "again",
            "optional",
            "absent",
            "silent",
            "caller",
            "check",
            "options",
            "none",
            "none_asks",
            "past",
            "after",
            "unsent",
            "from",
        ];
        let mut manner = toml::Table::new();
        for key in own {
            manner.extend(table.remove(key).map(|value| (key.to_owned(), value)));
        }
        let Some(toml::Value::String(name)) = table.remove("name") else {
            return Err(serde::de::Error::missing_field("name"));
        };
        Ok(Self {
            name,
            value: table.try_into()?,
            manner: manner.try_into()?,
        })
    }
}

/// What is said first to whoever is in trouble, before their turn is answered: once in a conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstAid {
    /// What callers say then.
    pub phrases: Vec<String>,
    /// What rules it out.
    #[serde(default)]
    pub unless: Vec<String>,
    /// What is said.
    pub line: String,
    /// What follows the answer.
    #[serde(default)]
    pub then: Then,
}

/// The tasks of a pack, and how they are steered.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// `tasks/*.toml`, by name.
    pub list: Vec<Arc<Task>>,
    /// `first_aid.toml`.
    pub first_aid: Vec<FirstAid>,
    /// Words and lines of the language.
    pub words: TaskWords,
}

impl Tasks {
    /// The task of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Task>> {
        self.list.iter().find(|task| task.name == name)
    }

    /// The tools that only the company's systems have: what they do, and what they know to choose from.
    #[must_use]
    pub fn system_tools(&self) -> BTreeSet<&str> {
        names::of_systems(&self.list)
    }
}

/// Words and lines of a language by which tasks are steered; `[tasks]` of its file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskWords {
    /// The caller gives the task up.
    pub(crate) cancel: PhraseSet,
    /// To the question before.
    pub(crate) back: PhraseSet,
    /// Leaves a value out.
    pub(crate) skip: PhraseSet,
    /// Something is to be changed, and it is not said what.
    pub(crate) change: PhraseSet,
    /// Cannot prove who they are.
    pub(crate) no_proof: PhraseSet,
    /// The number that the caller calls from.
    pub(crate) own_number: PhraseSet,
    /// A turn that begins so takes something back.
    pub(crate) corrects: Vec<String>,
    /// What may stand before a question that interrupts.
    pub(crate) before_questions: Vec<String>,
    /// Not this one of two.
    pub(crate) other: Vec<String>,
    /// The first, second … of several.
    pub(crate) places: Vec<String>,
    /// The last of several.
    pub(crate) last: Vec<String>,
    /// What is said.
    pub lines: TaskLines,
}

/// Lines of every task.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskLines {
    /// It was given up.
    pub cancelled: String,
    /// A value that is needed cannot be left out.
    pub needed: String,
    /// What the caller wants to be changed: before the confirmation's second chance.
    pub change: String,
    /// After something else was answered, before the question is asked again.
    pub back_to_it: String,
    /// It could not be understood twice: a person is offered behind this.
    pub stuck: String,
    /// Nobody knows whether the deed was done; a colleague looks into it: `{reference}`.
    pub unconfirmed: String,
    /// The same where not even that is on record.
    pub unconfirmed_unkept: String,
    /// It did not work, for certain: nothing was done.
    pub failed: String,
    /// Between the last two of several: "or".
    pub or: String,
}

impl Task {
    /// The slot of this name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&TaskSlot> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// The slots as they are read.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, Slot> {
        let slots = self.slots.iter();
        slots
            .map(|slot| (slot.name.clone(), slot.value.clone()))
            .collect()
    }

    /// The tools that it calls while it goes on: what there is to choose from.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<&str> {
        let slots = self.slots.iter();
        slots
            .filter_map(|slot| slot.manner.options.as_deref())
            .collect()
    }

    /// Whether the caller answers this slot with yes or no.
    #[must_use]
    pub fn is_yes_or_no(&self, slot: &str) -> bool {
        self.slot(slot)
            .is_some_and(|slot| slot.value.kind == SlotKind::YesNo)
    }
}

fn nothing() -> Proof {
    Proof::None
}

fn days() -> u32 {
    1
}

/// What the tools of this project answer.
fn fields() -> Vec<String> {
    ["reference", "due"].map(str::to_owned).to_vec()
}
