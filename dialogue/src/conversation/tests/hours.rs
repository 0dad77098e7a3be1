//! When no person is there, it is said when there is one again, and nobody is transferred to where nobody answers.

use chrono::NaiveDateTime;

use super::{Cast, DESK, Stage, WEB, lines};

const TASKS: Cast = Cast { tasks: true, ..WEB };
const OPEN: &str = "2026-12-01 10:00";
/// A Saturday evening: the desk is there again on Monday.
const CLOSED: &str = "2026-12-05 20:00";

#[track_caller]
fn check(cast: Cast, begun: &str, script: &str, expected: &str) {
    let mut stage = Stage::new(cast);
    let begun = NaiveDateTime::parse_from_str(begun, "%Y-%m-%d %H:%M");
    stage.conversation.facts.begun = Some(begun.expect("a time"));
    let mut said = Vec::new();
    for line in lines(script) {
        let mut steps = Vec::new();
        let event = stage.event(line);
        let now = std::time::Duration::from_secs(1);
        stage.conversation.on(event, now, &mut steps);
        said.extend(steps.into_iter().map(|step| stage.note(step)));
    }
    let expected: Vec<&str> = lines(expected).collect();
    assert_eq!(said, expected, "\nat {begun:?} the script was:{script}");
}

#[test]
fn an_offer_to_call_back_says_when_somebody_is_there_again() {
    let asks = "caller I want to speak to a person";
    check(
        WEB,
        OPEN,
        asks,
        "SAY Shall we call you?
         DONE human_requested by pack",
    );
    check(
        WEB,
        CLOSED,
        asks,
        "SAY The desk is there again on Monday at nine o'clock.
         SAY Shall we call you?
         DONE human_requested by pack",
    );
}

#[test]
fn nobody_is_transferred_to_where_nobody_answers() {
    let asks = "caller I want to speak to a person";
    check(
        DESK,
        OPEN,
        asks,
        "SAY Shall I transfer you?
         DONE human_requested by pack",
    );
    check(
        DESK,
        CLOSED,
        asks,
        "SAY The desk is there again on Monday at nine o'clock.
         SAY Shall we call you?
         DONE human_requested by pack",
    );
}

#[test]
fn a_promise_says_it_unless_the_offer_just_did() {
    let heard = "caller I want to speak to a person
        written
        agent The desk is there again on Monday at nine o'clock. Shall we call you?
        caller Yes please
        tool done";
    check(
        WEB,
        CLOSED,
        heard,
        "SAY The desk is there again on Monday at nine o'clock.
         SAY Shall we call you?
         DONE human_requested by pack
         CALL callback for turn 2, agreed to, level 0
         SAY We will call you.
         DONE affirm by pack, then Callback",
    );
    check(
        TASKS,
        CLOSED,
        "transfer fails
         written
         caller Yes please
         tool done",
        "SAY The transfer failed. Shall we call you?
         CALL callback for turn 1, agreed to, level 0
         SAY The desk is there again on Monday at nine o'clock.
         SAY We will call you.
         DONE affirm by pack, then Callback",
    );
}
