//! Files of a catalogue with a mistake in them are refused, and the message helps to mend it.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use knowledge::{KnowledgeBase, Route, RouteContext};

/// What is replaced, by what, and what the message must say.
type Wrong<'a> = (&'a str, &'a str, &'a [&'a str]);

/// A copy of the library's pack in a folder of its own, removed at the end.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let name = format!("teller-catalogue-{name}-{}", std::process::id());
        let to = std::env::temp_dir().join(name);
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library");
        for part in ["", "documents", "catalogue"] {
            fs::create_dir_all(to.join(part)).unwrap();
            for entry in fs::read_dir(from.join(part)).unwrap() {
                let file = entry.unwrap().path();
                if file.is_file() {
                    fs::copy(&file, to.join(part).join(file.file_name().unwrap())).unwrap();
                }
            }
        }
        Self(to)
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let path = self.0.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not hold {from:?}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    fn error(&self) -> String {
        let error = KnowledgeBase::load(&self.0).err();
        error.map_or_else(String::new, |error| error.to_string())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Changes one file at a time and expects messages that name the file and say all of this.
#[track_caller]
fn refused(name: &str, file: &str, wrong: &[Wrong<'_>]) {
    for (from, to, message) in wrong {
        let copy = Copy::new(name);
        copy.replace(file, from, to);
        let error = copy.error();
        for part in message.iter().chain([&file]) {
            assert!(error.contains(part), "{error:?} does not say {part:?}");
        }
    }
}

#[test]
fn a_wrong_cell_is_refused_with_line_column_and_accepted_form() {
    const PRICE: &str = "310,8.00,2,2019-05,no";
    let amount = "without currency or commas";
    refused(
        "cell",
        "catalogue/books.csv",
        &[
            (
                PRICE,
                "310,8.00 dollars,2,2019-05,no",
                &["line 2: price", "8.00 dollars", amount],
            ),
            (
                PRICE,
                "310,8.005,2,2019-05,no",
                &["line 2: price", "8.005", amount],
            ),
            (
                PRICE,
                "310,-8.00,2,2019-05,no",
                &["line 2: price", "-8.00", amount],
            ),
            (
                PRICE,
                "310,99999999999999999999,2,2019-05,no",
                &["line 2: price", amount],
            ),
            (
                PRICE,
                "many,8.00,2,2019-05,no",
                &["line 2: pages", "many", "a number such as"],
            ),
            (
                PRICE,
                "NaN,8.00,2,2019-05,no",
                &["line 2: pages", "NaN", "a number such as"],
            ),
            (
                PRICE,
                "310,8.00,2,2019-13,no",
                &["line 2: printed", "2019-13", "such as 2027-06"],
            ),
            (
                PRICE,
                "310,8.00,2,2019-05,maybe",
                &["line 2: signed", "maybe", "yes or no"],
            ),
            (
                "The Grey Heron",
                "The\u{202e}Heron",
                &["line 2: title", "one line"],
            ),
            (
                "The Grey Heron",
                "",
                &["line 2: title", "the name of the row"],
            ),
            (
                "The Grey Heron",
                &"x".repeat(1001),
                &["line 2: title", "1000 characters"],
            ),
        ],
    );
}

#[test]
fn a_row_that_is_broken_or_comes_twice_is_refused() {
    refused(
        "row",
        "catalogue/books.csv",
        &[
            ("\nfog,", "\nheron,", &["line 3: id", "no other row"]),
            ("\nfog,", "\n../fog,", &["line 3: id", "lower-case letters"]),
            (
                "\nfog,Fog over Harbour Row,",
                "\nfog,",
                &["line: 3", "fields"],
            ),
            (
                "id,title",
                "id,tittle",
                &["line 1: header", "one column title"],
            ),
            (
                "id,title,author",
                "id,title,title",
                &["line 1: header", "one column"],
            ),
        ],
    );
}

#[test]
fn a_wrong_item_of_json_is_refused() {
    refused(
        "json",
        "catalogue/branches.json",
        &[
            (
                "\"visits\": 42000",
                "\"visits\": [1]",
                &["item 1: visits", "a list of texts"],
            ),
            (
                "\"visits\": 42000",
                "\"visits\": {}",
                &["item 1: visits", "a number"],
            ),
            (
                "\"18500\"",
                "\"a lot\"",
                &["item 2: visits", "a lot", "a number such as"],
            ),
            ("[", "", &["a list of objects"]),
            (
                "1974-09-02",
                "2 September",
                &["item 1: opened", "such as 2027-06-30"],
            ),
        ],
    );
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_refused() {
    let copy = Copy::new("missing");
    fs::remove_file(copy.0.join("catalogue/books.csv")).unwrap();
    assert!(copy.error().contains("books.csv"), "{}", copy.error());
    fs::write(
        copy.0.join("catalogue/books.csv"),
        [0xff, 0xfe, 0x00, 0xd8, 0x41],
    )
    .unwrap();
    assert!(copy.error().contains("books.csv"), "{}", copy.error());
    fs::write(copy.0.join("catalogue/books.csv"), "").unwrap();
    assert!(copy.error().contains("header"), "{}", copy.error());
}

#[test]
fn a_wrong_description_is_refused() {
    refused(
        "description",
        "catalogue.toml",
        &[
            (
                "catalogue/books.csv",
                "../books.csv",
                &["file", "below the pack"],
            ),
            (
                "catalogue/books.csv",
                "/etc/passwd.csv",
                &["file", "below the pack"],
            ),
            (
                "catalogue/books.csv",
                "catalogue/books.xlsx",
                &["file", ".csv or .json"],
            ),
            (
                "title = \"title\"",
                "title = \"name\"",
                &["title", "one of its fields"],
            ),
            (
                "{title} by {author} for",
                "{titel} by {author} for",
                &["row", "keys of fields"],
            ),
            (
                "link = \"branches\"",
                "link = \"shops\"",
                &["link", "name of a table"],
            ),
            (
                "from = \"branch.floor\"",
                "from = \"author.floor\"",
                &["from", "place.key"],
            ),
            ("kind = \"money\"", "kind = \"gold\"", &["gold"]),
            ("is = \"yes\"", "", &["means", "at_most"]),
            (
                "price = \"price\"",
                "price = \"worth\"",
                &["alternatives", "one of its fields"],
            ),
            (
                "name = \"branches\"",
                "name = \"books\"",
                &["table.name", "an id used once"],
            ),
        ],
    );
}

#[test]
fn a_phrase_that_can_never_match_is_refused() {
    let copy = Copy::new("dead");
    copy.replace("catalogue.toml", "\"who wrote\"", "\"put aside\"");
    assert!(copy.error().contains("put aside"), "{}", copy.error());
}

#[test]
fn a_catalogue_needs_a_currency() {
    let currency = "currency = { code = \"USD\", spoken = \"dollars\", one = \"dollar\" }\n";
    refused("currency", "pack.toml", &[(currency, "", &["currency"])]);
}

#[test]
fn a_pack_without_a_catalogue_is_as_before() {
    let copy = Copy::new("none");
    fs::remove_file(copy.0.join("catalogue.toml")).unwrap();
    // What is remembered may be a name of the catalogue.
    fs::remove_file(copy.0.join("facts.toml")).unwrap();
    let base = KnowledgeBase::load(&copy.0).unwrap();
    assert!(base.shelf().is_none());
    let asked = "do you have crime books under ten dollars";
    let route = base.route(asked, &RouteContext::default());
    assert!(!matches!(route, Route::Catalogue(_)), "{route:?}");
}
