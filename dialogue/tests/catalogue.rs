//! Conversations about what a small pack lists, and the pack's own tests of its catalogue.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::{path::Path, sync::Arc, time::Duration};

use dialogue::{
    Abilities, CallFacts, CallerTurn, Conversation, Event, Step,
    rehearsal::{Spoken, converse, judge},
};
use knowledge::KnowledgeBase;

fn library() -> Arc<KnowledgeBase> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/tests/packs/library");
    Arc::new(KnowledgeBase::load(&folder).unwrap())
}

fn last(turns: &[&str]) -> Spoken {
    converse(&library(), turns).pop().unwrap()
}

fn sources(spoken: &Spoken) -> Vec<&str> {
    let sources = spoken.meta.sources.iter();
    sources.map(|source| source.source.as_str()).collect()
}

#[test]
fn the_packs_own_dialogues_are_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../knowledge/tests/packs/library");
    let base = library();
    for test in base.tests(&folder).unwrap() {
        assert_eq!(judge(&base, &test).misses, [], "{:?}", test.turns[0].said);
    }
}

#[test]
fn an_offer_cites_its_rows_by_name() {
    let spoken = last(&["do you have gardening books"]);
    assert_eq!(spoken.meta.route, "catalogue");
    assert_eq!(spoken.meta.intent.as_deref(), Some("books"));
    assert_eq!(sources(&spoken).len(), 3, "{spoken:?}");
    let named = spoken
        .meta
        .sources
        .iter()
        .all(|source| spoken.text.contains(&source.title));
    assert!(named, "{spoken:?}");
}

#[test]
fn only_what_rows_hold_is_said() {
    let spoken = last(&[
        "do you have crime books",
        "how many pages has the book of hedges",
    ]);
    assert_eq!(
        spoken.text,
        "Nobody has counted the pages of The Book of Hedges."
    );
    let spoken = last(&["do you have a crime book about dragons under a dollar"]);
    assert!(!spoken.text.contains("dragon"), "{spoken:?}");
}

#[test]
fn an_offer_outlives_a_question_to_the_documents() {
    let turns = [
        "do you have crime books under ten dollars",
        "when are you open on saturday",
        "the first one how much is it",
    ];
    let replies = converse(&library(), &turns);
    assert_eq!(replies[1].meta.route, "knowledge", "{:?}", replies[1]);
    assert_eq!(sources(&replies[2]), [sources(&replies[0])[0]]);
    assert!(replies[2].text.contains("dollars"), "{:?}", replies[2]);
}

#[test]
fn an_offer_is_forgotten_in_time() {
    let mut turns = vec!["do you have crime books under ten dollars"];
    turns.extend(["when are you open on saturday"; 8]);
    turns.push("the second one");
    let spoken = last(&turns);
    assert_ne!(spoken.meta.route, "catalogue", "{spoken:?}");
}

#[test]
fn a_turn_may_ask_for_rows_and_for_a_document() {
    let spoken = last(&["is slow bread signed and how do i become a member"]);
    assert_eq!(sources(&spoken), ["books/bread", "library/membership"]);
    assert!(
        spoken.text.starts_with("Yes, Slow Bread is signed."),
        "{spoken:?}"
    );
}

#[test]
fn courtesy_and_deeds_are_not_the_catalogues() {
    let offered = "do you have crime books under ten dollars";
    for (said, route) in [
        ("thank you", "small_talk"),
        ("goodbye", "goodbye"),
        ("can i talk to a person", "human_requested"),
        ("say that again", "repeat"),
        ("no thanks", "deny"),
        ("how long can i keep a book", "knowledge"),
    ] {
        assert_eq!(last(&[offered, said]).meta.route, route, "{said:?}");
    }
}

#[test]
fn rows_need_neither_a_search_of_the_documents_nor_a_model() {
    let abilities = Abilities {
        model: Some("model".to_owned()),
        ..Abilities::default()
    };
    let mut talk = Conversation::new(library(), abilities, CallFacts::default());
    let mut steps = Vec::new();
    let text = "do you have crime books".to_owned();
    let turn = CallerTurn {
        question: text.clone(),
        text,
        seq: 1,
        ..CallerTurn::default()
    };
    talk.on(Event::CallerSaid(turn), Duration::ZERO, &mut steps);
    let searches =
        |step: &Step| matches!(step, Step::Find(_) | Step::AskModel(_) | Step::CallTool(..));
    assert!(!steps.iter().any(searches), "{steps:?}");
    assert!(matches!(steps.last(), Some(Step::Done(_))), "{steps:?}");
}

#[test]
fn a_catalogue_that_goes_away_beneath_a_call_leaves_it_speaking() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/bank");
    let other = Arc::new(KnowledgeBase::load(&folder).unwrap());
    let (abilities, facts) = (Abilities::default(), CallFacts::default());
    let mut talk = Conversation::new(library(), abilities, facts);
    let say = |talk: &mut Conversation, text: &str| {
        let mut steps = Vec::new();
        let turn = CallerTurn {
            text: text.to_owned(),
            question: text.to_owned(),
            seq: 1,
            ..CallerTurn::default()
        };
        talk.on(Event::CallerSaid(turn), Duration::ZERO, &mut steps);
        steps
    };
    say(&mut talk, "do you have crime books");
    talk.on(Event::Knowledge(other), Duration::ZERO, &mut Vec::new());
    let steps = say(&mut talk, "the second one");
    assert!(matches!(steps.first(), Some(Step::Say(_))), "{steps:?}");
}
