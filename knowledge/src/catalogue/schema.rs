//! `catalogue.toml`: what is in the tables of a pack, and in which words callers ask for it.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogueFile {
    /// Names of the large scales in which amounts are counted: "crore", "lakh".
    #[serde(default)]
    pub(crate) scales: Vec<String>,
    #[serde(rename = "table")]
    pub(crate) tables: Vec<Table>,
}

/// One kind of thing that callers choose among.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// `books`; sources are called `books/<row>`.
    pub name: String,
    /// The file with its rows below the pack's folder, `.csv` or `.json`.
    pub file: String,
    /// One of them as spoken: "book".
    pub one: String,
    /// Many: "books".
    pub many: String,
    /// The column with ids.
    #[serde(default = "default_id")]
    pub id: String,
    /// The field by which a row is called.
    #[serde(default = "default_title")]
    pub title: String,
    /// Phrases that name its things, in the notation of [`language::phrase`].
    pub nouns: Vec<String>,
    /// Phrases that ask for them without naming any.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Phrases that rule it out: "insurance for a book".
    #[serde(default)]
    pub unless: Vec<String>,
    /// How a row is offered in half a sentence; `{key}` is a field, a part in `[…]` is left out where one is missing.
    pub row: String,
    /// What is said of a row that is asked about.
    pub detail: String,
    /// Its fields.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
    /// By what alternatives are found.
    #[serde(default)]
    pub alternatives: Option<Alternatives>,
}

/// By what alternatives to a row are found.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alternatives {
    /// The field that is spent less or more of.
    pub price: String,
    /// The number of which more for the price is the better value.
    #[serde(default)]
    pub value: Option<String>,
    /// The field that names a row of another table, and the field there that tells which are on the rise.
    #[serde(default)]
    pub place: Option<String>,
    /// See `place`.
    #[serde(default)]
    pub rising: Option<String>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Prose.
    Text,
    /// One of a set of names.
    Name,
    /// An amount in the pack's currency.
    Money,
    /// A number with three decimals at most.
    Number,
    /// `2027-06`.
    Month,
    /// `2027-06-30`.
    Date,
    /// Names parted by `;`.
    List,
    /// Yes or no.
    Flag,
}

/// Which direction is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Small values.
    Less,
    /// Large values.
    More,
}

/// What a number without a bound asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fits {
    /// That number.
    #[default]
    Exactly,
    /// That many at least.
    AtLeast,
    /// That many at most.
    AtMost,
    /// That number or one a tenth away from it.
    About,
}

/// One field of a table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The column's name.
    pub key: String,
    /// What it holds.
    pub kind: Kind,
    /// Where a field without a column comes from: another field, whose text holds one of `values` or begins with
    /// `first_words` words; or `place.key`, the field `key` of the row that the field `place` names.
    #[serde(default)]
    pub from: Option<String>,
    /// How many words of the field `from` are the name.
    #[serde(default)]
    pub first_words: usize,
    /// As spoken: "price".
    #[serde(default)]
    pub label: String,
    /// Phrases that ask for it.
    #[serde(default)]
    pub asks: Vec<String>,
    /// Words behind a number of it, and how many of the field's own unit one is.
    #[serde(default)]
    pub units: BTreeMap<String, i64>,
    /// Words before a number of it: "for" six.
    #[serde(default)]
    pub counted_by: Vec<String>,
    /// It says how many there are of a row: "how many do you have".
    #[serde(default)]
    pub counts: bool,
    /// It says how a row is at present, so that callers ask it of a row that they name: "is it ready".
    #[serde(default)]
    pub state: bool,
    /// Its names, and other phrases for each.
    #[serde(default)]
    pub values: BTreeMap<String, Vec<String>>,
    /// Phrases that mean a condition.
    #[serde(default)]
    pub means: Vec<Means>,
    /// Words for "less of it" and "more of it", "the least" and "the most": "cheaper", "cheapest".
    #[serde(default)]
    pub less: Vec<String>,
    /// See `less`.
    #[serde(default)]
    pub more: Vec<String>,
    /// See `less`.
    #[serde(default)]
    pub least: Vec<String>,
    /// See `less`.
    #[serde(default)]
    pub most: Vec<String>,
    /// Which direction is better; the first fields with one decide what is offered first.
    #[serde(default)]
    pub better: Option<Better>,
    /// What a number without a bound asks for.
    #[serde(default)]
    pub fits: Fits,
    /// Never given up when nothing fits.
    #[serde(default)]
    pub must: bool,
    /// Its names tell rows apart: a model, a title.
    #[serde(default)]
    pub identity: bool,
    /// Said of a row that is offered though it is not what was asked here; with the values of the row.
    #[serde(default)]
    pub lack: Option<String>,
    /// How hard it is to give up when nothing fits, in percent of a name.
    #[serde(default = "default_hold")]
    pub hold: u16,
    /// The sentence for a zero.
    #[serde(default)]
    pub zero: Option<String>,
    /// Rows with nothing or zero here come last.
    #[serde(default)]
    pub zero_last: bool,
    /// The first words of longer names that do not stand for the name.
    #[serde(default)]
    pub not_short: Vec<String>,
    /// Its names count only where it is asked for: "north facing", and not "in the north".
    #[serde(default)]
    pub only_asked: bool,
    /// A table whose rows these names call.
    #[serde(default)]
    pub link: Option<String>,
    /// The sentence that answers a question for it.
    #[serde(default)]
    pub say: Option<String>,
    /// The same where the row has nothing there.
    #[serde(default)]
    pub none: Option<String>,
    /// Of a list or flag: the sentence that a row has `{value}`.
    #[serde(default)]
    pub has: Option<String>,
    /// The sentence that the row does not list it.
    #[serde(default)]
    pub has_not: Option<String>,
    /// Why a row is offered that has the best value: "the lowest price".
    #[serde(default)]
    pub top: Option<String>,
    /// What two rows are told apart by: `{a}`, `{b}` are the rows, `{a_value}`, `{b_value}` what they have.
    #[serde(default)]
    pub versus: Option<String>,
}

/// Phrases that mean a condition or an order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Means {
    /// Any of these.
    pub phrases: Vec<String>,
    /// The field is this.
    #[serde(default)]
    pub is: Option<String>,
    /// The field is this at most.
    #[serde(default)]
    pub at_most: Option<String>,
    /// The field is this at least.
    #[serde(default)]
    pub at_least: Option<String>,
    /// The row has nothing there, or has something.
    #[serde(default)]
    pub given: Option<bool>,
}

fn default_id() -> String {
    "id".to_owned()
}

fn default_hold() -> u16 {
    100
}

fn default_title() -> String {
    "name".to_owned()
}

impl Table {
    /// The place of the field of this key.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.key == key)
    }

    /// The field of this key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}
