//! Strict grounding: an answer wants two sources, and a row of the catalogue or what a look-up found may be the second.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::path::Path;

use knowledge::{
    Citation, Fact, GroundingMode, KnowledgeBase, Pack, Passage, Question, is_grounded,
};

fn library(mode: GroundingMode) -> KnowledgeBase {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library");
    let mut pack = Pack::load(&folder).unwrap();
    pack.settings.grounding_mode = mode;
    KnowledgeBase::new(pack)
}

fn fine() -> Fact {
    Fact {
        citation: Citation {
            source: "look-up/borrowed_books".to_owned(),
            title: "borrowed books".to_owned(),
        },
        text: "You have 1 book: Emma. Your fine for late return is 1.00 dollar.".to_owned(),
    }
}

fn sources(cited: &[Citation]) -> Vec<&str> {
    cited.iter().map(|cited| cited.source.as_str()).collect()
}

/// The best passage alone, on the topic that was asked about.
fn one_document(base: &KnowledgeBase, question: &Question) -> Vec<Passage> {
    base.search(question, 1, None)
}

const RESERVE: &str = "Can I reserve the book The Grey Heron?";
const FINE: &str = "What is the fine for a late return?";

#[test]
fn a_row_that_the_question_names_is_the_second_source() {
    let base = library(GroundingMode::Strict);
    let question = Question::new(RESERVE, &["reservations".to_owned()]);
    let beside = base.beside(&question, &[]);
    assert_eq!(sources(&beside), ["books/heron"]);
    let document = one_document(&base, &question);
    assert!(!is_grounded(&document, &[], GroundingMode::Strict));
    assert!(is_grounded(&document, &beside, GroundingMode::Strict));
    let answer = base.answer_from(&question, &document, &beside);
    assert!(answer.supported, "{answer:?}");
    assert_eq!(
        sources(&answer.sources),
        ["library/reservations", "books/heron"],
        "both sources are cited"
    );
    let alone = base.answer_from(&question, &document, &[]);
    assert!(!alone.supported, "one document is not enough: {alone:?}");
}

#[test]
fn what_a_look_up_found_is_the_second_source_of_what_it_speaks_of() {
    let base = library(GroundingMode::Strict);
    let question = Question::new(FINE, &["late_returns".to_owned()]);
    let beside = base.beside(&question, &[fine()]);
    assert_eq!(sources(&beside), ["look-up/borrowed_books"]);
    let document = one_document(&base, &question);
    assert!(
        base.answer_from(&question, &document, &beside).supported,
        "a document and a look-up are two sources"
    );
    let other = Question::new("Where can I print my thesis?", &["printing".to_owned()]);
    assert_eq!(
        base.beside(&other, &[fine()]),
        [],
        "it does not speak of that"
    );
}

#[test]
fn a_row_of_the_same_kind_of_thing_is_no_source() {
    let base = library(GroundingMode::Strict);
    for text in [
        "How many books can I borrow?",
        "Do you open on Saturday?",
        "and the",
        "",
    ] {
        let beside = base.beside(&Question::new(text, &[]), &[]);
        assert_eq!(beside, [], "{text:?}");
    }
}

#[test]
fn a_blended_pack_asks_for_no_second_source() {
    let base = library(GroundingMode::Blended);
    let question = Question::new(RESERVE, &["reservations".to_owned()]);
    assert_eq!(base.beside(&question, &[fine()]), []);
    let answer = base.answer(&question, None);
    assert_eq!(sources(&answer.sources), ["library/reservations"]);
}
