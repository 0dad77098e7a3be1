//! A table as a language model may search it: typed conditions in JSON, and what was found, in the words of the table.
//! The model gets no other rows than callers do, and no figure that is not in one.

use std::collections::BTreeSet;

use language::{money, phrase::written_out};
use serde_json::{Map, Value as Json, json};

use super::{
    Listing,
    ask::{Ask, Filter, Last, Order, Test},
    schema::{Field, Kind},
    search,
    shelf::Shelf,
    value::{Value, month, number},
    words::Offer,
};
use crate::KnowledgeBase;

/// Names of a field that are listed for a model; of a field with more it gives the name that the caller said.
const LISTED: usize = 30;
/// Names in one condition at most.
const NAMES: usize = 10;
/// Longest name and longest words, in characters.
const MAX_NAME: usize = 60;
const MAX_WORDS: usize = 200;
/// Names that tell rows apart by which a turn may ask for a table, at most.
const IDENTITIES: usize = 500;
/// What begins the names of the lower and the upper bound of a measure, and what are no fields.
const LEAST: &str = "least_";
const MOST: &str = "most_";
const ORDER: &str = "order_by";
const LARGEST: &str = "largest_first";
const WORDS: &str = "words";

/// A table that a language model may search.
#[derive(Clone, Debug, PartialEq)]
pub struct RowSearch {
    /// The table's name.
    pub table: String,
    /// What it holds, in a sentence that a model could choose by.
    pub description: String,
    /// The JSON schema of the conditions, an object.
    pub conditions: Json,
    /// What asks for the table's things, in words.
    pub asked_by: Vec<String>,
}

/// What a model's search found.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsFound {
    /// `{"fitting": 4, "answer": "…", "rows": [{"name": "…", "price": "80 dollars"}]}`: how many rows fit all conditions,
    /// the table's own sentences, and all that is known of the rows in them.
    pub found: Json,
    /// The sentences, their sources, and what the next turn may lean on.
    pub offer: Offer,
}

impl KnowledgeBase {
    /// The tables of the catalogue, as a language model may search them; none without one.
    #[must_use]
    pub fn row_searches(&self) -> Vec<RowSearch> {
        self.shelf().map_or_else(Vec::new, Shelf::searches)
    }

    /// Searches a table by what a model wrote, after the last answer from the catalogue.
    ///
    /// # Errors
    /// Names the condition that is none and what is accepted; quotes nothing of what the model wrote but its key.
    pub fn search_rows(
        &self,
        table: &str,
        conditions: &Json,
        last: Option<&Last>,
    ) -> Result<RowsFound, String> {
        let shelf = self.shelf().ok_or("there is no catalogue")?;
        let ask = shelf.asked_by_model(table, conditions)?;
        let offer = self.offer(&ask, last).ok_or("there is no catalogue")?;
        Ok(shelf.found(&ask, offer))
    }
}

impl Shelf {
    /// Its tables, as a model may search them.
    fn searches(&self) -> Vec<RowSearch> {
        let tables = self.catalogue.tables.iter();
        tables.map(|listing| self.search_of(listing)).collect()
    }

    fn search_of(&self, listing: &Listing) -> RowSearch {
        let table = &listing.table;
        let phrases = table.nouns.iter().chain(&table.asks);
        let phrases = phrases.flat_map(|phrase| written_out(phrase));
        let identities = table.fields.iter().filter(|field| field.identity);
        let names = identities.flat_map(|field| names(listing, field));
        let asked_by: BTreeSet<String> = phrases.chain(names.take(IDENTITIES)).collect();
        RowSearch {
            table: table.name.clone(),
            description: format!(
                "Searches the {} that the company lists. Give only the conditions that the caller named; none finds the best.",
                table.many
            ),
            conditions: self.conditions(listing),
            asked_by: asked_by.into_iter().collect(),
        }
    }

    fn conditions(&self, listing: &Listing) -> Json {
        let mut properties = Map::new();
        for field in &listing.table.fields {
            let label = label(field);
            let bound = |end: &str| match field.kind {
                Kind::Money | Kind::Number => {
                    json!({ "type": "number", "description": self.unit(field, end) })
                }
                _ => {
                    json!({ "type": "string", "description": format!("{label}, {end}: {}", field.kind.accepted()) })
                }
            };
            match field.kind {
                Kind::Text => {}
                Kind::Name | Kind::List => {
                    properties.insert(field.key.clone(), names_schema(listing, field));
                }
                Kind::Flag => {
                    let flag = json!({ "type": "boolean", "description": label });
                    properties.insert(field.key.clone(), flag);
                }
                Kind::Money | Kind::Number | Kind::Month | Kind::Date => {
                    properties.insert(format!("{LEAST}{}", field.key), bound("at least"));
                    properties.insert(format!("{MOST}{}", field.key), bound("at most"));
                }
            }
        }
        let measures: Vec<&str> = measures(listing).map(|field| &*field.key).collect();
        if !measures.is_empty() {
            properties.insert(
                ORDER.to_owned(),
                json!({ "type": "string", "enum": measures }),
            );
            properties.insert(LARGEST.to_owned(), json!({ "type": "boolean" }));
        }
        let words = "what else the caller said of it, in their words";
        let words = json!({ "type": "string", "maxLength": MAX_WORDS, "description": words });
        properties.insert(WORDS.to_owned(), words);
        json!({ "type": "object", "properties": properties, "additionalProperties": false })
    }

    fn unit(&self, field: &Field, end: &str) -> String {
        let label = label(field);
        match field.kind {
            Kind::Money => format!("{label}, {end}, in {}", self.catalogue.currency.code),
            _ => format!("{label}, {end}"),
        }
    }

    /// What a model's conditions ask for.
    ///
    /// # Errors
    /// Names the condition and what is accepted, and quotes nothing.
    fn asked_by_model(&self, table: &str, conditions: &Json) -> Result<Ask, String> {
        let listing = self
            .catalogue
            .listing(table)
            .ok_or("there is no such table")?;
        let conditions = conditions.as_object().ok_or("accepted: an object")?;
        let mut ask = Ask {
            table: table.to_owned(),
            ..Ask::default()
        };
        for (key, value) in conditions {
            let wrong = |accepted: &str| format!("{key}: accepted: {accepted}");
            match key.as_str() {
                WORDS => {
                    let words = value.as_str().filter(|words| words.len() <= 4 * MAX_WORDS);
                    words
                        .ok_or_else(|| wrong("a text"))?
                        .clone_into(&mut ask.text);
                }
                ORDER => {
                    let mut known = measures(listing);
                    let field = known.find(|field| Some(&*field.key) == value.as_str());
                    let field = field.ok_or_else(|| wrong("one of the listed fields"))?;
                    let largest = conditions.get(LARGEST).and_then(Json::as_bool);
                    ask.order = Some(Order {
                        field: field.key.clone(),
                        descending: largest.unwrap_or_default(),
                    });
                }
                LARGEST => {
                    value.as_bool().ok_or_else(|| wrong("true or false"))?;
                }
                _ => self
                    .add_condition(listing, key, value, &mut ask.filters)
                    .map_err(|a| wrong(&a))?,
            }
        }
        Ok(ask)
    }

    fn add_condition(
        &self,
        listing: &Listing,
        key: &str,
        value: &Json,
        filters: &mut Vec<Filter>,
    ) -> Result<(), String> {
        let (end, name) = match (key.strip_prefix(LEAST), key.strip_prefix(MOST)) {
            (Some(name), _) => (Some(true), name),
            (_, Some(name)) => (Some(false), name),
            _ => (None, key),
        };
        let field = listing
            .table
            .field(name)
            .ok_or("only the listed conditions")?;
        let of = |test| Filter {
            field: field.key.clone(),
            test,
            must: field.must,
            firm: true,
        };
        match (field.kind, end) {
            (Kind::Name, None) => filters.push(of(Test::Is(known(listing, field, value)?))),
            // Each of several is wanted.
            (Kind::List, None) => {
                let names = known(listing, field, value)?.into_iter();
                filters.extend(names.map(|name| of(Test::Is(vec![name]))));
            }
            (Kind::Flag, None) => {
                let flag = value.as_bool().ok_or("true or false")?;
                filters.push(of(Test::Flag(flag)));
            }
            (Kind::Money | Kind::Number | Kind::Month | Kind::Date, Some(is_least)) => {
                let accepted = || field.kind.accepted();
                let bound = self.measure_of(field, value).ok_or_else(accepted)?;
                let (least, most) = if is_least {
                    (Some(bound), None)
                } else {
                    (None, Some(bound))
                };
                filters.push(of(Test::Range { least, most }));
            }
            _ => return Err("only the listed conditions".to_owned()),
        }
        Ok(())
    }

    fn measure_of(&self, field: &Field, value: &Json) -> Option<i64> {
        let text = match value {
            Json::Number(number) => number.to_string(),
            Json::String(text) => text.clone(),
            _ => return None,
        };
        let whole = text.strip_suffix(".0").unwrap_or(&text);
        match field.kind {
            Kind::Money => money::parse(whole, &self.catalogue.currency.code),
            Kind::Number => number(whole),
            Kind::Month => month(&text),
            _ => Value::parse(&text, field, "")?.measure(),
        }
    }

    /// What is known of the rows of an offer, and how many fit.
    fn found(&self, ask: &Ask, offer: Offer) -> RowsFound {
        let rows = offer.last.offered.iter().filter_map(|row| {
            let listing = self.catalogue.listing(&row.table)?;
            let row = listing.row(&row.row)?;
            let fields = listing.table.fields.iter();
            let said = fields.filter_map(|field| {
                let value = listing.value(row, &field.key)?;
                Some((field.key.clone(), Json::String(self.said(value))))
            });
            Some(Json::Object(said.collect()))
        });
        let fitting = self
            .catalogue
            .listing(&ask.table)
            .map_or(0, |listing| search::fitting(listing, &ask.filters).len());
        let found = json!({
            "fitting": fitting,
            "answer": offer.sentences.join(" "),
            "rows": rows.collect::<Vec<_>>(),
        });
        RowsFound { found, offer }
    }
}

fn label(field: &Field) -> &str {
    if field.label.is_empty() {
        &field.key
    } else {
        &field.label
    }
}

fn measures(listing: &Listing) -> impl Iterator<Item = &Field> {
    let fields = listing.table.fields.iter();
    fields.filter(|field| {
        matches!(
            field.kind,
            Kind::Money | Kind::Number | Kind::Month | Kind::Date
        )
    })
}

/// The names that rows have in a field, each once.
fn names(listing: &Listing, field: &Field) -> BTreeSet<String> {
    let values = listing
        .rows
        .iter()
        .filter_map(|row| listing.value(row, &field.key));
    values.flat_map(|value| value.names().to_vec()).collect()
}

fn names_schema(listing: &Listing, field: &Field) -> Json {
    let names = names(listing, field);
    let one = if names.len() <= LISTED {
        json!({ "type": "string", "enum": names })
    } else {
        json!({ "type": "string", "maxLength": MAX_NAME })
    };
    let how = match field.kind {
        Kind::List => "all of these",
        _ => "one of these",
    };
    json!({ "type": "array", "items": one, "maxItems": NAMES, "description": format!("{}: {how}", label(field)) })
}

/// The names of a condition, as the rows write them.
fn known(listing: &Listing, field: &Field, value: &Json) -> Result<Vec<String>, String> {
    const ACCEPTED: &str = "a list of names that rows have there, 1 to 10";
    let names = names(listing, field);
    let one = |said: &Json| {
        let said = said.as_str()?.trim().to_lowercase();
        names
            .iter()
            .find(|name| name.to_lowercase() == said)
            .cloned()
    };
    let said = value
        .as_array()
        .filter(|said| (1..=NAMES).contains(&said.len()));
    let found: Option<Vec<String>> = said.and_then(|said| said.iter().map(one).collect());
    found.ok_or_else(|| ACCEPTED.to_owned())
}
