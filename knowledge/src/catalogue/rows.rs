//! Rows from a file's text, CSV or JSON. Every mistake is refused with file, line, column and what is accepted.

use std::{collections::BTreeSet, path::Path};

use call::input::strict_line;

use super::{
    schema::Table,
    value::{Row, Value},
};
use crate::error::PackError;

/// Rows of a table at most: a search looks at all of them.
const MAX_ROWS: usize = 20_000;
/// Longest text of a cell, in characters.
const MAX_CELL: usize = 1000;

/// Where a mistake is.
struct Spot<'a> {
    file: &'a Path,
    /// "line 4" or "item 3".
    row: String,
}

impl Spot<'_> {
    fn bad(&self, column: &str, value: &str, accepted: &str) -> PackError {
        let value: String = value.chars().take(80).collect();
        PackError::BadValue {
            file: self.file.to_owned(),
            key: format!("{}: {column}", self.row),
            value,
            accepted: accepted.to_owned(),
        }
    }
}

/// Reads the rows of a table.
pub(crate) fn parse(
    file: &Path,
    text: &str,
    table: &Table,
    currency: &str,
) -> Result<Vec<Row>, PackError> {
    let is_json = file.extension().is_some_and(|ending| ending == "json");
    let cells = if is_json {
        json(file, text, table)?
    } else {
        csv(file, text, table)?
    };
    if cells.len() > MAX_ROWS {
        let spot = Spot {
            file,
            row: format!("{} rows", cells.len()),
        };
        return Err(spot.bad("file", &table.file, "20000 rows at most"));
    }
    let mut seen = BTreeSet::new();
    let mut rows = Vec::with_capacity(cells.len());
    for (spot, id, cells) in cells {
        let letter =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if id.is_empty() || !id.chars().all(letter) {
            let accepted = "lower-case letters, digits, - and _";
            return Err(spot.bad(&table.id, &id, accepted));
        }
        if !seen.insert(id.clone()) {
            return Err(spot.bad(&table.id, &id, "an id that no other row has"));
        }
        rows.push(row(&spot, id, &cells, table, currency)?);
    }
    Ok(rows)
}

/// A row's place, its id and its cells in the order of the fields; a field that is derived has none.
type Cells<'a> = (Spot<'a>, String, Vec<String>);

fn row(
    spot: &Spot<'_>,
    id: String,
    cells: &[String],
    table: &Table,
    currency: &str,
) -> Result<Row, PackError> {
    let mut values = Vec::with_capacity(cells.len());
    for (field, cell) in table.fields.iter().zip(cells) {
        let cell = cell.trim();
        if cell.is_empty() {
            if field.key == table.title {
                return Err(spot.bad(&field.key, cell, "the name of the row"));
            }
            values.push(None);
            continue;
        }
        let line = strict_line(cell, MAX_CELL)
            .map_err(|_| spot.bad(&field.key, cell, "one line of at most 1000 characters"))?;
        let value = Value::parse(line, field, currency)
            .ok_or_else(|| spot.bad(&field.key, cell, field.kind.accepted()))?;
        values.push(Some(value));
    }
    Ok(Row { id, values })
}

fn csv<'a>(file: &'a Path, text: &str, table: &Table) -> Result<Vec<Cells<'a>>, PackError> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let malformed = |error: &csv::Error| PackError::Malformed {
        file: file.to_owned(),
        message: error.to_string(),
    };
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    let column = |key: &str| {
        let mut places = header.iter().enumerate();
        let mut at = places.by_ref().filter(|(_, name)| name.trim() == key);
        match (at.next(), at.next()) {
            (Some((at, _)), None) => Ok(at),
            _ => {
                let spot = Spot {
                    file,
                    row: "line 1".to_owned(),
                };
                let named: Vec<&str> = header.iter().collect();
                Err(spot.bad("header", &named.join(","), &format!("one column {key}")))
            }
        }
    };
    let id = column(&table.id)?;
    let mut columns = Vec::with_capacity(table.fields.len());
    for field in &table.fields {
        columns.push(match field.from {
            Some(_) => None,
            None => Some(column(&field.key)?),
        });
    }
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
        let cells = columns
            .iter()
            .map(|at| at.map_or_else(String::new, cell))
            .collect();
        let spot = Spot {
            file,
            row: format!("line {line}"),
        };
        all.push((spot, cell(id).trim().to_owned(), cells));
    }
    Ok(all)
}

fn json<'a>(file: &'a Path, text: &str, table: &Table) -> Result<Vec<Cells<'a>>, PackError> {
    use serde_json::Value as Json;
    let items: Vec<serde_json::Map<String, Json>> =
        serde_json::from_str(text).map_err(|error| PackError::Malformed {
            file: file.to_owned(),
            message: format!("{error}; accepted: a list of objects, one for each row"),
        })?;
    let mut all = Vec::with_capacity(items.len());
    for (number, item) in items.iter().enumerate() {
        let spot = Spot {
            file,
            row: format!("item {}", number + 1),
        };
        let cell = |key: &str| match item.get(key) {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(Json::Number(number)) => Ok(number.to_string()),
            Some(Json::Bool(flag)) => Ok(if *flag { "yes" } else { "no" }.to_owned()),
            Some(Json::Array(parts)) => {
                let parts: Option<Vec<&str>> = parts.iter().map(Json::as_str).collect();
                parts
                    .map(|parts| parts.join(";"))
                    .ok_or_else(|| spot.bad(key, "[…]", "a list of texts"))
            }
            Some(Json::Object(_)) => {
                Err(spot.bad(key, "{…}", "a text, a number or a list of texts"))
            }
        };
        let mut cells = Vec::with_capacity(table.fields.len());
        for field in &table.fields {
            cells.push(match field.from {
                Some(_) => String::new(),
                None => cell(&field.key)?,
            });
        }
        let id = cell(&table.id)?.trim().to_owned();
        all.push((spot, id, cells));
    }
    Ok(all)
}
