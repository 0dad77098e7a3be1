//! A pack's catalogue: rows of things that callers choose among, and how their questions become filters, an order and
//! an answer. Pure data and pure functions; `load.rs` reads the files.
//!
//! ```text
//! catalogue.toml, *.csv, *.json -> schema.rs, rows.rs, derive.rs    typed rows, or a message that names file and line
//! a turn -> names.rs, read.rs, lean.rs                              what is asked for: filters, order, wish, rows
//! an ask -> search.rs, alternatives.rs, compare.rs -> words.rs      the best rows, and the sentences that offer them
//! a model's conditions -> function.rs                                 the same search, for a language model
//! ```

mod alternatives;
mod ask;
mod change;
mod claim;
mod compare;
mod derive;
mod described;
mod fresh;
mod function;
mod lean;
mod measure;
mod names;
mod offer;
mod pair;
mod read;
mod reasons;
mod refer;
mod rows;
mod schema;
mod search;
mod shelf;
mod speech;
mod tell;
mod template;
mod value;
mod words;

pub(crate) use claim::claim;
pub(crate) use described::check_file;
pub(crate) use rows::parse as parse_rows;
pub(crate) use schema::CatalogueFile;
pub(crate) use speech::date_said;
pub(crate) use words::CatalogueWords;

pub use ask::{Ask, Filter, Last, Order, RowRef, Test, Wish};
pub use function::{RowSearch, RowsFound};
pub use schema::{Better, Field, Kind, Table};
pub use search::Meaning;
pub(crate) use search::SharedStems;
pub use shelf::Shelf;
pub(crate) use shelf::stems;
pub use value::{Row, Value};
pub use words::Offer;

use crate::pack::Currency;

/// The rows that callers choose among, as the pack's files hold them.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// In the author's order.
    pub tables: Vec<Listing>,
    /// Names of the large scales in which the pack's currency is counted, the largest first.
    pub scales: Vec<String>,
    /// The pack's currency.
    pub currency: Currency,
}

/// A table with its rows.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What is in it.
    pub table: Table,
    /// In the order of the file; each has one value for each field.
    pub rows: Vec<Row>,
}

impl Catalogue {
    /// Tables as they were read; fills in the fields that come from others.
    pub(crate) fn new(tables: Vec<Listing>, scales: Vec<String>, currency: Currency) -> Self {
        let mut catalogue = Self {
            tables,
            scales,
            currency,
        };
        catalogue.derive();
        catalogue
    }

    /// The table of this name.
    #[must_use]
    pub fn listing(&self, table: &str) -> Option<&Listing> {
        self.tables
            .iter()
            .find(|listing| listing.table.name == table)
    }

    /// The row that a source names, `<table>/<row>`.
    #[must_use]
    pub fn row(&self, source: &str) -> Option<(&Listing, &Row)> {
        let (table, id) = source.split_once('/')?;
        let listing = self.listing(table)?;
        Some((listing, listing.row(id)?))
    }
}

impl Listing {
    /// The row with this id.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The value of a row in the field of this key, if it has one.
    #[must_use]
    pub fn value<'r>(&self, row: &'r Row, key: &str) -> Option<&'r Value> {
        row.values.get(self.table.place(key)?)?.as_ref()
    }

    /// How a row is called.
    #[must_use]
    pub fn title<'r>(&self, row: &'r Row) -> &'r str {
        match self.value(row, &self.table.title) {
            Some(Value::Text(title) | Value::Name(title)) => title,
            _ => &row.id,
        }
    }
}
