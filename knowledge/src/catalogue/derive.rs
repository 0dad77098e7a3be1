//! Fields without a column of their own: a name that stands in another field's text, or what is known of the place
//! that a row names.

use language::{normalize, quantity::ONE};

use super::{
    Catalogue, Listing,
    schema::{Field, Kind},
    value::{Row, Value},
};

impl Catalogue {
    /// Fills in the fields that come from others.
    pub(crate) fn derive(&mut self) {
        let known = self.clone();
        for listing in &mut self.tables {
            for (place, field) in listing.table.fields.clone().iter().enumerate() {
                let Some(from) = &field.from else { continue };
                let source = known
                    .listing(&listing.table.name)
                    .expect("it is a copy of the same tables");
                for (row, known_row) in listing.rows.iter_mut().zip(&source.rows) {
                    row.values[place] = match from.split_once('.') {
                        Some((link, key)) => known.linked(source, known_row, link, key),
                        None => named(source, known_row, from, field),
                    };
                }
            }
        }
    }

    /// The field `key` of the row that the field `link` of this row names.
    fn linked(&self, listing: &Listing, row: &Row, link: &str, key: &str) -> Option<Value> {
        let field = listing.table.field(link)?;
        let name = listing.value(row, link)?.names().first()?;
        let other = self.listing(field.link.as_ref()?)?;
        let row = other.rows.iter().find(|row| other.title(row) == name)?;
        other.value(row, key).cloned()
    }
}

/// The name or number that stands in the text of the field `from`.
fn named(listing: &Listing, row: &Row, from: &str, field: &Field) -> Option<Value> {
    let (Value::Text(text) | Value::Name(text)) = listing.value(row, from)? else {
        return None;
    };
    if field.first_words > 0 {
        let words: Vec<&str> = text.split_whitespace().take(field.first_words).collect();
        return Some(Value::Name(words.join(" ")));
    }
    let said: Vec<String> = stems(text);
    let holds = |phrase: &str| {
        let wanted = stems(phrase);
        said.windows(wanted.len().max(1)).any(|part| part == wanted)
    };
    // Longer names first: of "bunk bed" and "bed" the first is meant.
    let mut values: Vec<(&String, &Vec<String>)> = field.values.iter().collect();
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    let found = values.into_iter().find(|(value, _)| holds(value))?;
    match field.kind {
        Kind::Flag => Some(Value::Flag(true)),
        Kind::Number => found.0.parse::<i64>().ok().map(|n| Value::Number(n * ONE)),
        _ => Some(Value::Name(found.0.clone())),
    }
}

fn stems(text: &str) -> Vec<String> {
    normalize(text).into_iter().map(|term| term.stem).collect()
}
