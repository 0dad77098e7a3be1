//! A pack of another trade: it loads, routes, finds and answers, and no other trade speaks in it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use knowledge::{Before, KnowledgeBase, Question, Route, RouteContext, default_pack};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/library")
}

fn library() -> KnowledgeBase {
    KnowledgeBase::load(&folder()).expect("the library's pack loads")
}

/// The route's name, with the first topic of a question or the kind of small talk.
fn routed(library: &KnowledgeBase, text: &str) -> String {
    match library.route(text, &RouteContext::default()) {
        Route::Knowledge { topics, .. } => {
            format!("knowledge:{}", topics.first().map_or("", String::as_str))
        }
        Route::SmallTalk { kind } => format!("small_talk:{kind}"),
        other => other.name().to_owned(),
    }
}

#[test]
fn turns_take_their_routes() {
    let library = library();
    for (text, route) in [
        ("When are you open on Saturday?", "knowledge:opening_hours"),
        ("How long can I keep a book?", "knowledge:borrowing"),
        ("Can I renew my novel?", "knowledge:renewals"),
        ("I want to reserve a title", "knowledge:reservations"),
        ("My book is overdue", "knowledge:late_returns"),
        ("How do I become a member?", "knowledge:membership"),
        ("Can I print here?", "knowledge:printing"),
        ("Is there a quiet place to work?", "knowledge:study_rooms"),
        ("Which books do I have?", "borrowed_books"),
        ("Hello!", "small_talk:greeting"),
        // The language brings these; the pack does not mention them.
        ("Yes please", "affirm"),
        ("No thanks", "deny"),
        ("Can you repeat that?", "repeat"),
        ("Goodbye", "goodbye"),
        ("I want to talk to a person", "human_requested"),
        ("Let me verify myself", "authenticate"),
        ("Will it rain on the football match?", "out_of_scope"),
        ("How do I withdraw money without my card?", "out_of_scope"),
        ("What is my balance?", "unclear"),
    ] {
        assert_eq!(routed(&library, text), route, "{text:?}");
    }
}

#[test]
fn questions_are_answered_from_the_documents() {
    let library = library();
    for (question, source, part) in [
        (
            "When are you open on Saturday?",
            "library/opening-hours",
            "10 to 4",
        ),
        (
            "How many books can I borrow?",
            "library/borrowing",
            "eight books",
        ),
        (
            "How much does a reservation cost?",
            "library/reservations",
            "50 cents",
        ),
        (
            "What is the penalty for a late volume?",
            "library/late-returns",
            "20 cents a day",
        ),
        ("Where can I print?", "library/printing", "first floor"),
    ] {
        let Route::Knowledge { topics, .. } = library.route(question, &RouteContext::default())
        else {
            panic!("{question:?} is routed elsewhere");
        };
        let answer = library.answer(&Question::new(question, &topics), None);
        assert!(answer.supported, "{question:?} is unsupported");
        assert_eq!(answer.sources[0].source, source, "{question:?}");
        let said = answer.sentences.join(" ");
        assert!(said.contains(part), "{question:?}: {said:?} lacks {part:?}");
    }
    let context = RouteContext {
        last: Before {
            topics: vec!["reservations".to_owned()],
            ..Before::default()
        },
        ..RouteContext::default()
    };
    let Route::Knowledge { topics, .. } = library.route("And how much does it cost?", &context)
    else {
        panic!("a follow-up leaves the subject");
    };
    assert_eq!(topics, ["reservations"]);
}

#[test]
fn a_look_up_says_what_was_found() {
    let library = library();
    let pack = library.pack();
    let lookup = pack.lookup("borrowed_books").expect("the pack declares it");
    let found = [
        ("count", "2"),
        ("titles", "Emma and Dracula"),
        ("fine", "1.2"),
        ("currency", "USD"),
    ];
    let found: BTreeMap<String, String> = found
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(
        lookup
            .sentence(&found, &BTreeMap::new(), pack.settings.currency.as_ref())
            .as_deref(),
        Some("You have 2 books: Emma and Dracula. Your fine is 1.20 dollars.")
    );
}

#[test]
fn the_file_default_names_a_pack() {
    let packs = folder().join("..");
    let missing = default_pack(&packs).expect_err("there is no such file");
    assert!(
        missing.to_string().contains("default: cannot read it"),
        "{missing}"
    );
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs");
    let default = default_pack(&packs).expect("the shipped packs have a default");
    KnowledgeBase::load(&default).expect("the default pack loads");

    let packs = std::env::temp_dir().join(format!("teller-default-{}", std::process::id()));
    std::fs::create_dir_all(&packs).expect("a folder");
    for (name, part) in [
        ("nowhere\n", "the name of a folder"),
        ("../up", "lower-case"),
    ] {
        std::fs::write(packs.join("default"), name).expect("a file");
        let error = default_pack(&packs).expect_err(name).to_string();
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
    std::fs::remove_dir_all(&packs).expect("its removal");
}

#[test]
fn no_other_trade_speaks_in_the_pack() {
    let pack = format!("{:?}", library().pack()).to_lowercase();
    let settings = format!("{:?}", library().pack().settings).to_lowercase();
    for word in ["bank", "atm", "overdraft", "balance", "account"] {
        let holds = |text: &str| language::keys(text).iter().any(|key| key.starts_with(word));
        assert!(!holds(&settings), "the settings say {word:?}");
        assert!(!holds(&pack), "the pack says {word:?}");
    }
}
