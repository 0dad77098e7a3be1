//! What a task knew when a call broke: what is kept of it, and how the next call goes on.

use serde_json::{Value, json};

use super::{Cast, Stage, WEB, check, lines};

const TASKS: Cast = Cast {
    tasks: true,
    codes: true,
    ..WEB
};
/// The room was said, and that there is no note.
const LEFT: &str = r#"0.5 left reserve_room {"room":{"sent":"q","spoken":"quiet room"},"note":null}
    "#;
const OFFER: &str = "1.0 SAY Last time we were about to reserve a room.
    1.0 SAY Shall we go on?
    ";

#[test]
fn a_task_that_broke_off_is_offered_after_proof_and_goes_on_where_it_was() {
    check(
        TASKS,
        &format!(
            "{LEFT}1.0 proven
             2.0 caller Yes please
             2.1 written
             3.0 caller For 3 people
             3.1 written
             4.0 caller Yes"
        ),
        &format!(
            r#"{OFFER}2.0 SAY Let us find you a room.
             2.0 SAY For how many people?
             2.0 DONE affirm by question
             3.0 SAY That is the quiet room for 3 people.
             3.0 SAY Shall I?
             3.0 DONE reserve_room by question
             4.0 CALL reserve_room with {{"people":"3","purpose":"study","room":"q"}} for turn 3, agreed to, level 2"#
        ),
    );
}

#[test]
fn a_yes_to_going_on_is_no_consent_to_the_deed() {
    check(
        TASKS,
        r#"0.5 left reserve_room {"room":{"sent":"q","spoken":"quiet room"},"people":{"sent":"3","spoken":"3"},"note":null}
         1.0 proven
         2.0 caller Yes"#,
        &format!(
            "{OFFER}2.0 SAY Let us find you a room.
             2.0 SAY That is the quiet room for 3 people.
             2.0 SAY Shall I?
             2.0 DONE affirm by question"
        ),
    );
}

#[test]
fn what_is_declined_is_gone() {
    check(
        TASKS,
        &format!(
            "{LEFT}1.0 proven
             2.0 caller No thanks
             2.1 written
             3.0 caller I want to reserve a study room"
        ),
        &format!(
            "{OFFER}2.0 SAY What else?
             2.0 DONE deny by pack
             3.0 SAY Let us find you a room.
             3.0 SAY The quiet room, or the large room?
             3.0 DONE reserve_room by question"
        ),
    );
}

#[test]
fn nothing_is_said_of_it_before_the_proof() {
    check(
        TASKS,
        &format!(
            "{LEFT}1.0 caller Goodness, thank you
             1.1 written
             2.0 caller I want to reserve a study room"
        ),
        "1.0 SAY You are welcome.
         1.0 SAY Is there anything else?
         1.0 DONE small_talk by pack
         2.0 SAY I need to know who you are first.
         2.0 SAY Press verify.
         2.0 DONE reserve_room by question",
    );
}

#[test]
fn whoever_asks_for_the_same_again_need_not_say_it_again() {
    check(
        TASKS,
        &format!(
            "0.2 caller I want to reserve a study room
             0.3 written
             {LEFT}1.0 proven"
        ),
        "0.2 SAY I need to know who you are first.
         0.2 SAY Press verify.
         0.2 DONE reserve_room by question
         1.0 SAY Let us find you a room.
         1.0 SAY For how many people?",
    );
    // Another value than then counts.
    check(
        TASKS,
        &format!(
            "{LEFT}1.0 proven
             2.0 caller I want to reserve the large study room for 3 people"
        ),
        &format!(
            "{OFFER}2.0 SAY Let us find you a room.
             2.0 SAY That is the large room for 3 people.
             2.0 SAY Shall I?
             2.0 DONE reserve_room by question"
        ),
    );
}

#[test]
fn it_is_offered_behind_what_is_being_said_and_not_twice() {
    check(
        TASKS,
        &format!(
            "0.2 caller Thank you
             {LEFT}1.0 proven
             1.1 written
             2.0 caller Thank you
             2.1 written
             3.0 caller Thank you"
        ),
        "0.2 SAY You are welcome.
         0.2 SAY Is there anything else?
         0.2 DONE small_talk by pack
         2.0 SAY You are welcome.
         2.0 SAY Is there anything else?
         2.0 SAY Last time we were about to reserve a room.
         2.0 SAY Shall we go on?
         2.0 DONE small_talk by pack
         3.0 SAY You are welcome.
         3.0 SAY Is there anything else?
         3.0 DONE small_talk by pack",
    );
}

#[test]
fn what_cannot_be_meant_any_more_is_asked_for_again() {
    check(
        TASKS,
        r#"0.5 left reserve_room {"room":{"sent":"burnt down","spoken":"old room"},"people":["3"],"elsewhere":null}
         1.0 proven
         2.0 caller Yes"#,
        &format!(
            "{OFFER}2.0 SAY Let us find you a room.
             2.0 SAY The quiet room, or the large room?
             2.0 DONE affirm by question"
        ),
    );
    // Of a task that the pack has no more, or that asks nobody to go on, nothing is said.
    for task in ["forgotten", "tell_desk"] {
        check(TASKS, &format!("0.5 left {task} {{}}\n 1.0 proven"), "");
    }
}

/// What would be kept if the call broke behind the script.
#[track_caller]
fn kept(script: &str) -> Option<Value> {
    let mut stage = Stage::new(TASKS);
    for line in lines(script) {
        let event = stage.event(line);
        let mut steps = Vec::new();
        let now = std::time::Duration::ZERO;
        stage.conversation.on(event, now, &mut steps);
        for step in steps {
            stage.note(step);
        }
    }
    let left = stage.conversation.left()?;
    assert_eq!(left.task, "reserve_room");
    Some(left.values)
}

#[test]
fn what_a_task_knows_is_kept_until_its_deed_is_asked_for_or_it_is_given_up() {
    const ASKED: &str =
        "proven\n caller I want to reserve the quiet study room for 3 people\n written\n";
    let room = json!({"sent": "q", "spoken": "quiet room"});
    let people = json!({"sent": "3", "spoken": "3"});
    assert_eq!(kept("proven"), None, "nothing is under way");
    assert_eq!(kept(ASKED), Some(json!({"room": room, "people": people})));
    let agreed = format!("{ASKED}caller No\n written\n");
    let known = json!({"room": room, "people": people, "note": null});
    assert_eq!(kept(&agreed), Some(known.clone()), "a value was left out");
    let doing = format!("{agreed}caller Yes\n");
    assert_eq!(kept(&doing), None, "the deed is asked for");
    let declined = kept(&format!("{doing}tool declines\n written\n"));
    assert_eq!(declined, None, "it was declined");
    let given_up = kept(&format!("{agreed}caller Cancel that\n written\n"));
    assert_eq!(given_up, None, "it was given up");
    let unproven = kept("caller I want to reserve the quiet study room\n written\n");
    assert_eq!(
        unproven,
        Some(json!({"room": room})),
        "it waits for the proof"
    );
}
