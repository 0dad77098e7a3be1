//! What an author is told of a pack that loads.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use knowledge::{
    Callers, DocumentText, KnowledgeBase, Pack, Remark, TestDialogue, Topic, document_files,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library")
}

/// The library with something changed, and what is remarked on it.
fn remarks_beside(change: impl FnOnce(&mut Pack), others: &[Callers]) -> Vec<Remark> {
    let mut pack = Pack::load(&folder()).unwrap();
    change(&mut pack);
    let base = KnowledgeBase::new(pack);
    let own = Callers::of(&base, &[]);
    base.review(&own, others, &document_files(&folder()).unwrap())
}

fn remarks(change: impl FnOnce(&mut Pack)) -> Vec<Remark> {
    remarks_beside(change, &[])
}

#[track_caller]
fn one(remarks: &[Remark], file: &str, parts: &[&str]) {
    let [remark] = remarks else {
        panic!("there is not one remark with {parts:?}: {remarks:#?}");
    };
    assert_eq!(remark.file, Path::new(file), "{remark:#?}");
    for part in parts {
        assert!(remark.found.contains(part), "{part:?} not in {remark:#?}");
    }
    assert!(!remark.advice.is_empty(), "{remark:#?}");
}

fn document(source: &str, title: &str, text: &str) -> DocumentText {
    DocumentText {
        source: source.to_owned(),
        title: title.to_owned(),
        topic: Some("membership".to_owned()),
        asks: Vec::new(),
        date: None,
        credibility: None,
        address: None,
        text: text.to_owned(),
        ..DocumentText::default()
    }
}

/// Two documents of these titles and texts beside the library's own.
fn two(one: (&str, &str), other: (&str, &str)) -> impl FnOnce(&mut Pack) {
    let documents = [
        document("library/one", one.0, one.1),
        document("library/other", other.0, other.1),
    ];
    |pack| pack.documents.extend(documents)
}

#[test]
fn a_pack_in_order_is_not_remarked_on() {
    assert_eq!(remarks(|_| {}), []);
}

#[test]
fn a_quoted_sentence_that_its_document_lacks_is_named_with_its_file() {
    let remarks = remarks(|pack| {
        let document = pack.documents.iter_mut();
        let document = document.min_by_key(|document| document.source.clone());
        document.unwrap().misquoted = vec!["Nobody says this.".to_owned()];
    });
    let [remark] = &remarks[..] else {
        panic!("there is not one remark: {remarks:#?}");
    };
    assert!(
        remark.file.to_string_lossy().ends_with(".asks.txt"),
        "{remark:#?}"
    );
    assert!(remark.found.contains("Nobody says this."), "{remark:#?}");
}

#[test]
fn the_packs_that_come_with_teller_are_not_remarked_on() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    let names = ["bank", "property", "shop"];
    let all = names.map(|name| {
        let base = KnowledgeBase::load(&packs.join(name)).unwrap();
        let tests: Vec<TestDialogue> = base.tests(&packs.join(name)).unwrap();
        let own = Callers::of(&base, &tests);
        (base, own, document_files(&packs.join(name)).unwrap())
    });
    for (at, (base, own, files)) in all.iter().enumerate() {
        let others = all.iter().enumerate().filter(|(other, _)| *other != at);
        let others: Vec<Callers> = others.map(|(_, (_, own, _))| own.clone()).collect();
        let remarks = base.review(own, &others, files);
        assert_eq!(remarks, [], "packs/{}", names[at]);
    }
}

#[test]
fn a_word_that_people_say_elsewhere_is_named_with_how_often() {
    let strong = |pack: &mut Pack| pack.words.strong.push("charge".to_owned());
    let found = [
        "\"charge\"",
        "(strong)",
        "sentences of packs/languages/en-elsewhere.txt",
    ];
    one(&remarks(strong), "words.toml", &found);
    let phrase = |pack: &mut Pack| pack.topics[0].phrases.push("charge|fare".to_owned());
    let topic = Pack::load(&folder()).unwrap().topics[0].id.clone();
    one(&remarks(phrase), "topics.toml", &["\"charge\"", &topic]);
    for harmless in [
        "charge+card",
        "=charge",
        "charge card",
        "overdue",
        "charge!",
    ] {
        let found = remarks(|pack| pack.words.strong.push(harmless.to_owned()));
        assert_eq!(found, [], "{harmless:?}");
    }
    let foreign = remarks(|pack| pack.words.foreign.push("charge".to_owned()));
    assert_eq!(foreign, [], "a foreign word is said elsewhere");
}

#[test]
fn a_word_that_another_packs_callers_say_is_named_with_the_pack() {
    let cinema = |times: usize| Callers {
        pack: "cinema".to_owned(),
        sentences: vec!["two seats for the matinee please".to_owned(); times],
    };
    let matinee = |pack: &mut Pack| pack.words.strong.push("matinee".to_owned());
    one(
        &remarks_beside(matinee, &[cinema(5)]),
        "words.toml",
        &["\"matinee\"", "in 5 of 5 sentences of cinema"],
    );
    assert_eq!(remarks_beside(matinee, &[cinema(4)]), [], "chance");
    let accepted = |pack: &mut Pack| {
        matinee(pack);
        pack.settings.check.cues.push("matinees".to_owned());
    };
    assert_eq!(remarks_beside(accepted, &[cinema(5)]), [], "accepted");
}

#[test]
fn tests_of_what_others_are_asked_are_no_words_of_the_packs_callers() {
    let base = KnowledgeBase::load(&folder()).unwrap();
    let test = |kind: &str, route: Option<&str>| TestDialogue {
        kind: kind.to_owned(),
        turns: vec![knowledge::TestTurn {
            said: "two seats for the matinee".to_owned(),
            route: route.map(str::to_owned),
            ..knowledge::TestTurn::default()
        }],
        ..TestDialogue::default()
    };
    let said = |test: TestDialogue| {
        let callers = Callers::of(&base, &[test]);
        callers
            .sentences
            .iter()
            .any(|said| said.contains("matinee"))
    };
    assert!(said(test("plain", None)));
    assert!(said(test("plain", Some("knowledge|unclear"))));
    assert!(!said(test("other_trade", None)));
    assert!(!said(test("dialogue", Some("unclear|out_of_scope"))));
}

#[test]
fn a_topic_without_a_document_or_without_asks_is_named() {
    let lonely = Topic {
        id: "parking".to_owned(),
        label: "parking".to_owned(),
        phrases: vec!["bicycle rack".to_owned()],
        unless: Vec::new(),
        urgent: false,
    };
    one(
        &remarks(|pack| pack.topics.push(lonely)),
        "topics.toml",
        &["topic parking has no document"],
    );
    let silent = |pack: &mut Pack| {
        let mut documents = pack.documents.iter_mut();
        let renewals = documents.find(|document| document.source == "library/renewals");
        renewals.unwrap().asks.clear();
    };
    one(
        &remarks(silent),
        "documents/renewals.md",
        &["topic renewals has no asks"],
    );
}

#[test]
fn a_document_that_others_hide_is_named() {
    let hidden = |pack: &mut Pack| {
        for source in ["library/a", "library/b", "library/c", "library/d"] {
            let text = "The bicycle rack stands behind the house.";
            let mut document = document(source, "Bicycle rack", text);
            document.asks.push("where is the bicycle rack".to_owned());
            pack.documents.push(document);
        }
    };
    one(
        &remarks(hidden),
        "documents",
        &["library/d is not among the first 3"],
    );
}

const NEW: (&str, &str) = ("New card", "A replacement card costs 3 dollars.");

#[test]
fn figures_that_contradict_each_other_are_named_with_both_sentences() {
    for (title, text) in [
        ("Prices", "A replacement card costs 5 dollars."),
        ("Replacement card", "It costs 5 dollars."),
        (
            "Prices",
            "A film costs 2 dollars, a replacement card costs 5 dollars.",
        ),
        (
            "Prices",
            "A replacement card costs between 5 and 8 dollars.",
        ),
    ] {
        let found = remarks(two(NEW, (title, text)));
        one(&found, "documents", &[NEW.1, "library/other", text]);
        assert!(
            found[0]
                .advice
                .contains("[\"library/one\", \"library/other\"]"),
            "it says how both are accepted: {found:#?}"
        );
    }
    for (one_says, other_says) in [
        (
            "A reserved film is kept for three days.",
            "A reserved film is kept for two weeks.",
        ),
        (
            "Reserved films are kept 24 hours.",
            "A reserved film is kept for two working days.",
        ),
        (
            "Sold films lose 5 percent of value.",
            "A sold film loses 7% of its value.",
        ),
    ] {
        let found = remarks(two(("Films", one_says), ("Prices", other_says)));
        one(&found, "documents", &[one_says, other_says]);
    }
}

#[test]
fn figures_that_can_both_be_right_are_not_named() {
    for (title, text) in [
        ("Prices", "A replacement card costs 3 dollars."),
        (
            "Prices",
            "A replacement card costs between 2 and 4 dollars.",
        ),
        ("Prices", "A replacement card comes after 3 weeks."),
        ("Prices", "A cinema ticket costs 5 dollars."),
        (
            "Prices",
            "A replacement card costs 3 dollars, a cinema ticket 5 dollars.",
        ),
    ] {
        let found = remarks(two(NEW, (title, text)));
        assert_eq!(found, [], "{text:?}");
    }
    let bounds = two(
        ("Films", "A rented film costs at least 2 dollars."),
        ("Prices", "A rented film costs at most 9 dollars."),
    );
    assert_eq!(remarks(bounds), [], "a lower and an upper bound");
    let kept_week = ("Comics on shelf seven", "They are kept for one week.");
    let kept_month = ("Encyclopedias of zoology", "They are kept for one month.");
    assert_eq!(remarks(two(kept_week, kept_month)), [], "other things");
}

#[test]
fn an_author_can_say_that_both_figures_are_right() {
    let dearer = ("Prices", "A replacement card costs 5 dollars.");
    let accepted = |pack: &mut Pack| {
        two(NEW, dearer)(pack);
        let pair = ["library/other".to_owned(), "library/one".to_owned()];
        pack.settings.check.figures.push(pair);
    };
    assert_eq!(remarks(accepted), []);
    let gone = |pack: &mut Pack| {
        let pair = ["library/renewals".to_owned(), "library/gone".to_owned()];
        pack.settings.check.figures.push(pair);
    };
    one(&remarks(gone), "pack.toml", &["\"library/gone\""]);
}

#[test]
fn files_of_documents_are_named_within_the_pack() {
    let files: BTreeMap<String, PathBuf> = document_files(&folder()).unwrap();
    assert_eq!(
        files["library/renewals"],
        Path::new("documents/renewals.md")
    );
}
