//! What a turn asks of a catalogue. Tables, fields and rows are named, not numbered: an ask is kept while the pack may
//! be replaced beneath a call.

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowRef {
    /// The table's name.
    pub table: String,
    /// The row's id.
    pub row: String,
}

impl RowRef {
    /// The row as a source is called.
    #[must_use]
    pub fn source(&self) -> String {
        format!("{}/{}", self.table, self.row)
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The table.
    pub table: String,
    /// What a row must be.
    pub filters: Vec<Filter>,
    /// What it had better be: what was said of earlier asks and not taken back.
    pub rather: Vec<Filter>,
    /// Which rows come first.
    pub order: Option<Order>,
    /// So many of the order: "the three cheapest".
    pub first: Option<usize>,
    /// Only among these rows; any when empty.
    pub within: Vec<RowRef>,
    /// None of these.
    pub without: Vec<RowRef>,
    /// What is wanted of them.
    pub wish: Wish,
    /// The turn's words, for their meaning.
    pub text: String,
    /// Those of them that no filter took and that rows hold.
    pub words: Vec<String>,
    /// A currency that the caller named and the pack's prices do not have.
    pub foreign: Option<String>,
}

/// What is wanted of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// The best few.
    #[default]
    Show,
    /// The first by the order alone: "the cheapest".
    First,
    /// How many there are.
    Count,
    /// Others at another price.
    Alternatives,
    /// These told apart, in these fields; in all that tell them apart when there are none.
    Compare {
        /// The rows.
        rows: Vec<RowRef>,
        /// Keys of fields.
        fields: Vec<String>,
    },
    /// What these are, in these fields, or whether they pass these tests; all that is to say when both are empty.
    Tell {
        /// The rows.
        rows: Vec<RowRef>,
        /// Keys of fields.
        fields: Vec<String>,
        /// "Is it under 500?"
        tests: Vec<Filter>,
    },
}

/// A condition on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The field's key.
    pub field: String,
    /// The condition.
    pub test: Test,
    /// Not given up when nothing fits.
    pub must: bool,
    /// Named in this very turn: given up last.
    pub firm: bool,
}

/// What a field's value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// One of these names.
    Is(Vec<String>),
    /// None of these names.
    IsNot(Vec<String>),
    /// A measure from `least` to `most`, both included.
    Range {
        /// None: however small.
        least: Option<i64>,
        /// None: however large.
        most: Option<i64>,
    },
    /// Yes or no.
    Flag(bool),
    /// Something or nothing is there.
    Given(bool),
}

/// Which rows come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The field's key.
    pub field: String,
    /// The largest first.
    pub descending: bool,
}

/// The last answer from the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// What was asked.
    pub ask: Ask,
    /// The rows that were said, in that order.
    pub offered: Vec<RowRef>,
    /// All rows that were said since the ask began.
    pub shown: Vec<RowRef>,
    /// The one that was spoken of.
    pub focus: Option<RowRef>,
    /// The last answer from another table, before this one.
    pub earlier: Option<Box<Self>>,
    /// It was the very last answer: "it" is a row.
    pub is_fresh: bool,
}

impl Last {
    /// The last answer from this table.
    pub(crate) fn of(&self, table: &str) -> Option<&Self> {
        if self.ask.table == table {
            return Some(self);
        }
        self.earlier
            .as_deref()
            .filter(|last| last.ask.table == table)
    }
}

impl Ask {
    /// What was understood, for people: "price to 2000000000, locality is Whitefield".
    pub(crate) fn in_words(&self) -> String {
        let mut parts: Vec<String> = self.filters.iter().map(Filter::in_words).collect();
        if let Some(order) = &self.order {
            let end = if order.descending { "most" } else { "least" };
            parts.push(format!("{end} {}", order.field));
        }
        match &self.wish {
            Wish::Show | Wish::First => {}
            Wish::Count => parts.push("how many".to_owned()),
            Wish::Alternatives => parts.push("alternatives".to_owned()),
            Wish::Compare { rows, .. } => parts.push(format!("compare {}", named(rows))),
            Wish::Tell { rows, fields, .. } => {
                parts.push(format!("{} of {}", fields.join(" and "), named(rows)));
            }
        }
        parts.join(", ")
    }
}

fn named(rows: &[RowRef]) -> String {
    let rows: Vec<&str> = rows.iter().map(|row| row.row.as_str()).collect();
    rows.join(" and ")
}

impl Filter {
    fn in_words(&self) -> String {
        let field = &self.field;
        match &self.test {
            Test::Is(names) => format!("{field} is {}", names.join(" or ")),
            Test::IsNot(names) => format!("{field} is not {}", names.join(" or ")),
            Test::Flag(flag) | Test::Given(flag) => format!("{field}: {flag}"),
            Test::Range { least, most } => {
                let end = |word: &str, end: &Option<i64>| {
                    end.map_or(String::new(), |end| format!(" {word} {end}"))
                };
                format!("{field}{}{}", end("from", least), end("to", most))
            }
        }
    }
}
