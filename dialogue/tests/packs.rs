//! The packs' own tests. What must be right of them only ever rises: `teller knowledge test packs/bank --misses` shows
//! what is not.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up fails where it stands"
)]

use std::{path::Path, sync::Arc};

use dialogue::rehearsal::{converse, judge};
use knowledge::KnowledgeBase;

/// Packs with tests, and the percentage of their dialogues that must be right.
const RIGHT: [(&str, f64); 1] = [("bank", 54.0)];

fn base(pack: &str) -> (Arc<KnowledgeBase>, std::path::PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../packs")
        .join(pack);
    (Arc::new(KnowledgeBase::load(&folder).unwrap()), folder)
}

#[test]
fn as_many_dialogues_of_a_pack_are_right_as_have_ever_been() {
    for (pack, wanted) in RIGHT {
        let (base, folder) = base(pack);
        let dialogues = base.tests(&folder).unwrap();
        let right = dialogues
            .iter()
            .filter(|test| judge(&base, test).is_empty())
            .count();
        let count = |n: usize| f64::from(u32::try_from(n).unwrap());
        let percent = 100.0 * count(right) / count(dialogues.len());
        assert!(
            percent >= wanted,
            "{pack}: {right} of {} are right, {percent:.1} %, below {wanted} %",
            dialogues.len()
        );
    }
}

/// What the bank's agent says to the last of these turns.
fn last(turns: &[&str]) -> String {
    let (base, _) = base("bank");
    converse(&base, turns).pop().unwrap().text
}

#[test]
fn both_of_two_questions_are_answered() {
    let said = last(&["What are your opening hours and how do I change my PIN?"]);
    assert!(said.contains("Monday to Friday"), "{said}");
    assert!(said.contains("PIN change"), "{said}");
}

#[test]
fn what_was_taken_back_does_not_decide() {
    let said = last(&["How do I open, no wait, how do I close my account?"]);
    assert!(said.contains("close"), "{said}");
    let said = last(&["I want to change my address, I mean my PIN"]);
    assert!(said.contains("PIN"), "{said}");
}

#[test]
fn a_matter_is_found_behind_a_greeting_and_a_name() {
    let said = last(&["Hello my name is Grace and I lost my card"]);
    assert!(said.contains("*236#"), "{said}");
}

#[test]
fn a_short_question_is_about_what_was_answered_last() {
    let opening = "How do I open a savings account?";
    let said = last(&[opening, "And what does it cost?"]);
    assert!(said.contains("free"), "{said}");
    let said = last(&[opening, "what interest does it pay"]);
    assert!(said.contains("3 percent"), "{said}");
}

#[test]
fn another_trades_question_after_an_answer_is_no_follow_up() {
    let (base, _) = base("bank");
    let turns = [
        "How do I open a savings account?",
        "And can you book me a pizza?",
    ];
    let replies = converse(&base, &turns);
    assert!(replies[1].meta.sources.is_empty(), "{:?}", replies[1]);
}

#[test]
fn what_a_question_is_about_in_particular_is_said_first() {
    let said = last(&["How much does cardless withdrawal cost?"]);
    let first = said.split(". ").next().unwrap();
    assert!(first.contains("free") || first.contains("cost"), "{said}");
}
