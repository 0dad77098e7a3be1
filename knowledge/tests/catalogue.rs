//! A catalogue of a small pack: what is asked of it, what it finds, what it says, and which files it refuses.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::path::{Path, PathBuf};

use knowledge::{KnowledgeBase, Last, Meaning, Offer, Pack, Route, RouteContext, RowRef, Value};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library")
}

fn library() -> KnowledgeBase {
    KnowledgeBase::load(&folder()).unwrap()
}

/// A conversation with the catalogue alone.
struct Talk {
    library: KnowledgeBase,
    last: Option<Last>,
}

impl Talk {
    fn new() -> Self {
        Self {
            library: library(),
            last: None,
        }
    }

    /// What was understood, and what is offered; none where the turn is not the catalogue's.
    fn say(&mut self, text: &str) -> Option<(String, Offer)> {
        let context = RouteContext {
            offered: self.last.clone(),
            ..RouteContext::default()
        };
        let routed = self.library.explain(text, &context);
        let Route::Catalogue(ask) = routed.route else {
            return None;
        };
        let offer = self.library.offer(&ask, self.last.as_ref()).unwrap();
        self.last = Some(offer.last.clone());
        Some((routed.reasons[0].phrase.clone(), offer))
    }

    /// The rows that the answer rests on.
    fn rows(&mut self, text: &str) -> Vec<String> {
        let offer = self.say(text).map(|(_, offer)| offer);
        let sources = offer.map_or_else(Vec::new, |offer| offer.sources);
        sources.into_iter().map(|source| source.source).collect()
    }

    fn text(&mut self, text: &str) -> String {
        let said = self.say(text);
        said.map_or_else(String::new, |(_, offer)| offer.sentences.join(" "))
    }
}

#[track_caller]
fn understood(text: &str, expected: &str) {
    let said = Talk::new().say(text).map(|(asked, _)| asked);
    assert_eq!(said.as_deref(), Some(expected), "{text:?}");
}

#[test]
fn a_turn_becomes_filters_and_an_order() {
    for (text, expected) in [
        (
            "do you have crime books under ten dollars",
            "subject is crime, price to 999",
        ),
        (
            "crime books for up to ten dollars",
            "subject is crime, price to 1000",
        ),
        (
            "a book of at least three hundred pages",
            "pages from 300000",
        ),
        (
            "a book of more than three hundred pages",
            "pages from 300001",
        ),
        ("books between five and ten bucks", "price from 500 to 1000"),
        (
            "a history book for around nine dollars",
            "subject is history, price from 810 to 990",
        ),
        (
            "do you have crime books by jon quill",
            "subject is crime, author is Jon Quill",
        ),
        ("any book in french", "languages is French"),
        (
            "do you have signed crime books",
            "signed: true, subject is crime",
        ),
        (
            "a gardening book but not from riverside",
            "subject is gardening, branch is not Riverside",
        ),
        ("books printed before 2018", "printed to 24215"),
        ("books printed since march 2021", "printed from 24254"),
        (
            "books printed in twenty twenty two",
            "printed from 24264 to 24275",
        ),
        ("crime or history books", "subject is crime or history"),
        (
            "what is the cheapest crime book",
            "subject is crime, least price",
        ),
        ("the longest history book", "subject is history, most pages"),
        (
            "how many gardening books do you have",
            "subject is gardening, how many",
        ),
        (
            "who wrote slow bread",
            "title is Slow Bread, author of bread",
        ),
        (
            "compare riverside and northgate",
            "compare riverside and northgate",
        ),
        (
            "which is busier old mill or river side",
            "compare old-mill and riverside",
        ),
        (
            "a garden book no wait a cook book for under ten dollars",
            "subject is cooking, price to 999",
        ),
    ] {
        understood(text, expected);
    }
}

#[test]
fn names_are_found_misspelt_and_misheard() {
    for (text, expected) in [
        (
            "do you have crime books at river side",
            "subject is crime, branch is Riverside",
        ),
        (
            "crime books at rivercide",
            "subject is crime, branch is Riverside",
        ),
        (
            "crime books in north gate",
            "subject is crime, branch is Northgate",
        ),
        (
            "history books by rosa linkvist",
            "subject is history, author is Rosa Lindqvist",
        ),
        (
            "do you have crime books at the mill",
            "subject is crime, branch is Old Mill",
        ),
    ] {
        understood(text, expected);
    }
}

#[test]
fn the_documents_keep_their_questions() {
    for text in [
        "how long can i keep a book",
        "my book is overdue",
        "i want to renew my paperback",
        "can i print a page of my book",
        "what does membership cost",
        "i lost the crime book that i borrowed",
        "hello",
        "yes please",
        "do you sell pizza",
        "how do i clean a book",
        "",
        "????",
        "the second one",
        "cheaper",
    ] {
        let said = Talk::new().say(text);
        assert_eq!(said.map(|(asked, _)| asked), None, "{text:?}");
    }
}

#[test]
fn filters_hold_at_their_borders() {
    for (text, expected) in [
        ("a cook book under ten dollars", &["books/bread"][..]),
        ("a cook book for up to ten dollars", &["books/bread"]),
        ("a cook book under 10.01 dollars", &["books/bread"]),
        (
            "a cook book for up to 10.01 dollars",
            &["books/soup", "books/bread"],
        ),
        ("a crime book of at least 420 pages", &["books/clock"]),
        ("a crime book of more than 350 pages", &["books/clock"]),
        ("a history book of 300 pages", &["books/plague"]),
        ("a history book of less than 300 pages", &[]),
    ] {
        let mut rows = Talk::new().rows(text);
        let nearest = Talk::new().text(text).contains("fits all");
        if nearest {
            rows.clear();
        }
        let (mut rows, mut expected) = (rows, expected.to_vec());
        rows.sort_unstable();
        expected.sort_unstable();
        assert_eq!(rows, expected, "{text:?}");
    }
}

#[test]
fn three_are_offered_with_reasons_and_what_is_sold_comes_last() {
    let mut talk = Talk::new();
    let (_, offer) = talk.say("do you have crime books").unwrap();
    assert_eq!(offer.sources.len(), 3, "{offer:?}");
    let said = offer.sentences.join(" ");
    assert!(said.contains("4 books"), "{said}");
    assert!(said.contains("the lowest price"), "{said}");
    assert!(!said.contains("Thirteenth"), "{said}");
    assert!(said.contains("First, "), "{said}");
}

#[test]
fn nothing_that_fits_is_said_and_the_nearest_offered() {
    let said = Talk::new().text("do you have a gardening book under four dollars");
    assert!(
        said.starts_with(
            "No book fits all of that. The nearest in price is Beans on a Balcony for 5 dollars."
        ),
        "{said}"
    );
    let said = Talk::new().text("do you have a cook book at northgate");
    assert!(said.contains("but at"), "{said}");
    let said = Talk::new().text("do you have a crime book of three pages for one cent");
    assert!(said.contains("no book like that"), "{said}");
}

#[test]
fn a_turn_leans_on_what_was_offered() {
    let mut talk = Talk::new();
    let offered = talk.rows("do you have crime books under ten dollars");
    assert_eq!(talk.rows("the second one"), [offered[1].clone()]);
    let said = talk.text("how long is it");
    assert!(said.contains("pages"), "{said}");
    let said = talk.text("and the third one, who wrote that");
    assert!(said.contains(" by "), "{said}");
    let said = talk.text("which of them is the longest");
    assert!(said.contains("350 pages"), "{said}");
    assert_eq!(talk.rows("what about history"), ["books/plague"]);
    let said = talk.text("is it signed");
    assert_eq!(said, "No, The Year without Market is not signed.");
    assert_eq!(talk.rows("how do i become a member"), [""; 0]);
}

#[test]
fn cheaper_longer_and_others_change_the_request() {
    let mut talk = Talk::new();
    talk.rows("do you have crime books");
    let first = talk.last.as_ref().unwrap().offered[0].clone();
    let said = talk.text("a cheaper one");
    assert!(!said.is_empty());
    let last = talk.last.clone().unwrap();
    assert!(!last.offered.contains(&first), "{last:?}");
    let mut talk = Talk::new();
    let offered = talk.rows("do you have crime books");
    let others = talk.rows("show me others");
    assert_eq!(others, ["books/clock"]);
    assert!(others.iter().all(|other| !offered.contains(other)));
    let said = talk.text("anything else");
    assert!(said.contains("all the books"), "{said}");
}

#[test]
fn alternatives_cost_less_give_more_or_are_on_the_rise() {
    let mut talk = Talk::new();
    talk.rows("the year without market how much is it");
    let rows = talk.rows("any alternatives");
    assert!(!rows.contains(&"books/plague".to_owned()), "{rows:?}");
    let offer = talk.last.unwrap();
    assert!(offer.offered.iter().all(|row| row.table == "books"));
}

#[test]
fn two_rows_are_told_apart() {
    let said = Talk::new().text("compare riverside and northgate");
    assert_eq!(
        said,
        "Riverside has 42,000 visits a year and Northgate 9800."
    );
    let mut talk = Talk::new();
    talk.rows("do you have crime books");
    let said = talk.text("compare the first and the second one");
    assert!(said.contains("pages") && said.contains("dollars"), "{said}");
}

#[test]
fn what_comes_from_another_table_names_its_row() {
    let mut talk = Talk::new();
    let rows = talk.rows("on which floor is slow bread");
    assert_eq!(rows, ["books/bread", "branches/old-mill"]);
}

#[test]
fn a_request_outlives_questions_about_its_place() {
    let mut talk = Talk::new();
    let books = talk.rows("do you have crime books at northgate");
    assert_eq!(books, ["books/ledger"]);
    assert_eq!(talk.rows("how busy is it there"), ["branches/northgate"]);
    let said = talk.text("show me a cheaper one");
    assert!(
        said.contains("dollars") && !said.contains("Ledger"),
        "{said}"
    );
}

#[test]
fn more_is_asked_of_the_same_request() {
    let mut talk = Talk::new();
    talk.rows("do you have crime books");
    let (asked, _) = talk.say("under nine dollars").unwrap();
    assert_eq!(asked, "subject is crime, price to 899");
    let (asked, _) = talk.say("at least three hundred pages").unwrap();
    assert_eq!(asked, "subject is crime, price to 899, pages from 300000");
    let (asked, _) = talk.say("and up to twelve").unwrap();
    assert_eq!(asked, "subject is crime, pages from 300000, price to 1200");
    let (asked, _) = talk.say("do you have gardening books").unwrap();
    assert_eq!(asked, "subject is gardening");
}

#[test]
fn the_callers_own_things_and_deeds_are_the_documents() {
    for text in [
        "my crime book is torn",
        "the crime book that i bought has no cover",
        "do you rent out crime books",
        "how do i wrap a history book",
        "i want to return the crime book",
        "how many trees make one crime book",
    ] {
        let said = Talk::new().say(text);
        assert_eq!(said.map(|(asked, _)| asked), None, "{text:?}");
    }
}

#[test]
fn whoever_knows_the_meaning_of_words_ranks_the_rows() {
    struct Only(&'static str);
    impl Meaning for Only {
        fn towards<'m>(&'m self, _: &str) -> Box<dyn Fn(&RowRef) -> f32 + 'm> {
            Box::new(|row| if row.row == self.0 { 1.0 } else { 0.0 })
        }
    }
    let library = library();
    let route = library.route("do you have history books", &RouteContext::default());
    let Route::Catalogue(ask) = route else {
        panic!("{route:?}");
    };
    for id in ["canals", "queens", "plague"] {
        let offer = library.shelf().unwrap().offer(&ask, None, &Only(id));
        assert_eq!(offer.sources[0].source, format!("books/{id}"));
    }
}

#[test]
fn a_price_of_one_is_said_in_the_singular() {
    let mut pack = Pack::load(&folder()).unwrap();
    let books = &mut pack.catalogue.as_mut().unwrap().tables[0];
    let price = books.table.place("price").unwrap();
    for (id, price_cents) in [("roses", 100), ("hedges", 101)] {
        let row = books.rows.iter_mut().find(|row| row.id == id).unwrap();
        row.values[price] = Some(Value::Money(price_cents));
    }
    let mut talk = Talk {
        library: KnowledgeBase::new(pack),
        last: None,
    };
    let said = talk.text("tell me about roses in clay");
    assert!(said.contains("costs 1 dollar."), "{said}");
    let said = talk.text("tell me about the book of hedges");
    assert!(said.contains("costs 1.01 dollars."), "{said}");
}
