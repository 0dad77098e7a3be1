//! A catalogue as a language model searches it: typed conditions, found rows, and what is refused.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::path::Path;

use knowledge::{KnowledgeBase, RowsFound};
use serde_json::{Value, json};

fn library() -> KnowledgeBase {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library");
    KnowledgeBase::load(&folder).unwrap()
}

fn found(conditions: &Value) -> RowsFound {
    library().search_rows("books", conditions, None).unwrap()
}

/// The rows that these conditions find, the best first.
fn rows(conditions: &Value) -> Vec<String> {
    let sources = found(conditions).offer.sources.into_iter();
    sources.map(|source| source.source).collect()
}

#[test]
fn a_model_is_told_what_each_column_takes() {
    let searches = library().row_searches();
    let books = searches
        .iter()
        .find(|search| search.table == "books")
        .unwrap();
    let properties = books.conditions["properties"].as_object().unwrap();
    assert_eq!(books.conditions["additionalProperties"], false);
    let subjects = properties["subject"]["items"]["enum"].as_array().unwrap();
    assert!(subjects.contains(&json!("gardening")), "{subjects:?}");
    assert_eq!(properties["most_price"]["type"], "number");
    assert_eq!(properties["least_printed"]["type"], "string", "a month");
    assert_eq!(properties["signed"]["type"], "boolean");
    assert!(!properties.contains_key("blurb"), "prose is no condition");
    let orders = properties["order_by"]["enum"].as_array().unwrap();
    assert!(
        orders.contains(&json!("price")) && !orders.contains(&json!("title")),
        "{orders:?}"
    );
    for asks in ["book", "The Grey Heron"] {
        assert!(books.asked_by.iter().any(|phrase| phrase == asks), "{asks}");
    }
}

#[test]
fn conditions_of_every_kind_find_their_rows() {
    for (conditions, expected) in [
        (
            json!({ "subject": ["gardening"], "most_price": 6 }),
            "beans",
        ),
        (
            json!({ "subject": ["GARDENING"], "most_price": 6.0 }),
            "beans",
        ),
        (json!({ "languages": ["English", "Dutch"] }), "hedges"),
        (json!({ "signed": true, "least_pages": 200 }), "fog"),
        (
            json!({ "subject": ["crime"], "most_printed": "2018-01" }),
            "fog",
        ),
        (
            json!({ "author": ["Jon Quill"], "order_by": "price" }),
            "ledger",
        ),
        (
            json!({ "author": ["Jon Quill"], "order_by": "price", "largest_first": true }),
            "clock",
        ),
        (
            json!({ "subject": ["crime"], "words": "the one with the clock" }),
            "clock",
        ),
    ] {
        let rows = rows(&conditions);
        let first = rows.first().map(String::as_str);
        assert_eq!(
            first,
            Some(&*format!("books/{expected}")),
            "{conditions}: {rows:?}"
        );
    }
}

#[test]
fn what_was_found_holds_the_rows_and_their_figures() {
    let RowsFound { found, offer } = found(&json!({ "subject": ["gardening"], "most_price": 6 }));
    assert_eq!(found["fitting"], 1);
    let row = &found["rows"][0];
    assert_eq!(row["title"], "Beans on a Balcony");
    assert!(row["price"].as_str().unwrap().contains('5'), "{row}");
    assert_eq!(row["pages"], "120");
    assert_eq!(offer.last.offered.len(), 1, "the next turn may lean on it");
    let nothing = library().search_rows(
        "books",
        &json!({ "subject": ["cooking"], "most_price": 0 }),
        None,
    );
    let none = nothing.unwrap().found;
    assert_eq!(none["fitting"], 0, "{none}");
}

/// Each of these conditions is refused with a text that begins so.
#[track_caller]
fn refused(cases: impl IntoIterator<Item = (Value, &'static str)>) {
    let library = library();
    for (conditions, says) in cases {
        let error = library.search_rows("books", &conditions, None);
        let error = error.expect_err(&conditions.to_string());
        assert!(error.starts_with(says), "{conditions}: {error}");
    }
}

#[test]
fn what_is_no_condition_is_refused_with_what_is_accepted() {
    refused([
        (json!([1]), "accepted: an object"),
        (json!("books"), "accepted: an object"),
        (
            json!({ "colour": ["red"] }),
            "colour: accepted: only the listed conditions",
        ),
        (
            json!({ "blurb": "x" }),
            "blurb: accepted: only the listed conditions",
        ),
        (
            json!({ "price": 5 }),
            "price: accepted: only the listed conditions",
        ),
        (
            json!({ "least_signed": true }),
            "least_signed: accepted: only the listed conditions",
        ),
    ]);
    assert!(library().search_rows("films", &json!({}), None).is_err());
}

#[test]
fn a_value_that_a_column_does_not_take_is_refused_with_what_it_does() {
    let names = "subject: accepted: a list of names";
    let price = "most_price: accepted: an amount";
    refused([
        (json!({ "subject": "crime" }), names),
        (json!({ "subject": [] }), names),
        (json!({ "subject": ["sorcery"] }), names),
        (json!({ "subject": vec!["crime"; 11] }), names),
        (json!({ "most_price": "cheap" }), price),
        (json!({ "most_price": 1e300 }), price),
        (json!({ "most_price": [6] }), price),
        (
            json!({ "least_pages": -1e18 }),
            "least_pages: accepted: a number",
        ),
        (
            json!({ "least_printed": "soon" }),
            "least_printed: accepted: a month",
        ),
        (
            json!({ "signed": "yes" }),
            "signed: accepted: true or false",
        ),
        (
            json!({ "order_by": "title" }),
            "order_by: accepted: one of the listed fields",
        ),
        (
            json!({ "largest_first": 1 }),
            "largest_first: accepted: true or false",
        ),
        (json!({ "words": 5 }), "words: accepted: a text"),
        (
            json!({ "words": "x".repeat(1000) }),
            "words: accepted: a text",
        ),
    ]);
}
