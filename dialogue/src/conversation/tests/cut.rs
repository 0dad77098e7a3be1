//! Replies that are cut short, by something or by nothing; talk that is cut short for ever.

use super::{WEB, check, play};

const ASKED: &str = "1.0 caller What are your opening hours?
     1.1 found
     1.2 written
     2.0 agent is cut after The library is open Monday";

/// What was said at this second.
fn said(script: &str, second: &str) -> Vec<String> {
    let lines = play(WEB, script).into_iter();
    let of = lines.filter_map(|line| Some(line.strip_prefix(second)?.trim().to_owned()));
    of.collect()
}

#[test]
fn an_answer_cut_by_nothing_goes_on_from_the_sentence_in_which_it_was_cut() {
    let whole = said(ASKED, "1.1 SAY");
    assert!(
        whole[0].starts_with("The library is open Monday"),
        "{whole:?}"
    );
    for nothing in ["Florp gna", "Uh-huh, I see.", "A thing."] {
        let script = format!("{ASKED}\n 3.0 caller {nothing}");
        assert_eq!(said(&script, "3.0 SAY"), whole, "after {nothing:?}");
    }
}

#[test]
fn an_answer_cut_by_something_does_not_go_on() {
    for something in [
        "Stop it",
        "No, wait.",
        "Can I speak to a person?",
        "What is the weather like in Paris?",
        "Goodbye",
    ] {
        let script = format!("{ASKED}\n 3.0 caller {something}\n 3.1 found");
        let said = said(&script, "3.0 SAY");
        let goes_on = said
            .iter()
            .any(|line| line.starts_with("The library is open"));
        assert!(!goes_on, "after {something:?}: {said:?}");
    }
}

#[test]
fn an_answer_that_was_heard_whole_and_a_refusal_are_not_brought_back() {
    check(
        WEB,
        "1.0 caller What is the weather like in Paris?
         1.1 written
         2.0 agent is cut after I know
         3.0 caller Florp",
        "1.0 SAY I know nothing of that.
         1.0 DONE out_of_scope by pack
         3.0 SAY What do you need?
         3.0 DONE unclear by pack",
    );
}

#[test]
fn a_farewell_that_is_cut_once_more_is_the_last() {
    let script: Vec<String> = (0..9)
        .map(|at| format!("{at}.0 caller What is the weather like in Paris?\n{at}.1 written"))
        .collect();
    let happened = play(WEB, &script.join("\n"));
    let ends: Vec<&String> = happened
        .iter()
        .filter(|line| line.contains("then"))
        .collect();
    let expected = [
        "6.0 DONE out_of_scope by pack, then HangUp",
        "7.0 DONE out_of_scope by pack, then Leave",
        "8.0 DONE out_of_scope by pack, then Leave",
    ];
    assert_eq!(ends, expected, "{happened:#?}");
}
