//! Replies that are cut short, by something or by nothing; talk that is cut short for ever.

use super::{Cast, PHONE, WEB, check, play};

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
fn an_answer_does_not_go_on_to_somebody_in_danger_or_in_a_temper() {
    for turn in [
        "alarmed Fire!",
        "upset 6 You are useless.",
        "upset 6 Florp gna",
    ] {
        let script = format!("{ASKED}\n 3.0 {turn}");
        let said = said(&script, "3.0 SAY");
        let first = said.first().map_or("", String::as_str);
        assert!(
            !first.is_empty() && !first.starts_with("The library is open"),
            "{turn}: {said:?}"
        );
    }
}

#[test]
fn what_goes_on_is_the_reply_that_it_was() {
    let done = said(ASKED, "1.1 DONE");
    let script = format!("{ASKED}\n 3.0 caller Florp gna");
    assert_eq!(
        said(&script, "3.0 DONE"),
        [format!("{}, the rest", done[0])]
    );
}

#[test]
fn what_answers_the_question_of_a_reply_that_was_cut_in_it_is_no_nothing() {
    check(
        PHONE,
        "1.0 caller Can I speak to a person?
         1.1 written
         2.0 agent is cut after Shall we
         3.0 caller Yes",
        "1.0 SAY Shall we call you?
         1.0 DONE human_requested by pack
         3.0 CALL callback for turn 2, agreed to, level 0",
    );
    let tasks = Cast {
        tasks: true,
        codes: true,
        ..WEB
    };
    let script = "0.5 proven
         1.0 caller I want to reserve the quiet study room
         1.1 written
         2.0 agent is cut after For how
         3.0 caller 4";
    let lines = play(tasks, script);
    let asked = "3.0 SAY Anything that the desk should know?";
    assert!(lines.iter().any(|line| line == asked), "{lines:#?}");
}

#[test]
fn what_is_said_while_a_tool_is_slow_counts_as_said() {
    let looks_up = Cast {
        look_ups: true,
        codes: true,
        ..WEB
    };
    let script = "0.5 proven
         1.0 caller How many books have I borrowed?
         2.0 slow
         3.0 tool finds 2
         3.1 written
         4.0 agent is cut after One moment, please. You
         5.0 caller Florp gna";
    let lines = play(looks_up, script);
    let again: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("5.0 SAY"))
        .collect();
    assert_eq!(
        again.first().map(|line| line.as_str()),
        Some("5.0 SAY You have 2 books."),
        "{lines:#?}"
    );
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
