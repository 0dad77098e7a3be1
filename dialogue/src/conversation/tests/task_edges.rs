//! Tasks at their edges: a proof beside a reply, a deed that nobody saw, steering words in a caller's own text, digits by
//! keypad.

use std::time::Duration;

use super::{Cast, Stage, WEB, check, play};

const TASKS: Cast = Cast {
    tasks: true,
    codes: true,
    ..WEB
};
const READY: &str = "0.5 proven
     1.0 caller I want to reserve the quiet study room for 3 people
     1.1 written
     ";
const ASKED: &str = "1.0 SAY Let us find you a room.
     1.0 SAY Anything that the desk should know?
     1.0 DONE reserve_room by question
     ";

#[test]
fn a_code_that_arrives_while_a_reply_is_under_way_does_not_cut_it() {
    check(
        TASKS,
        "1.0 caller I want to reserve the quiet study room
         1.1 written
         2.0 caller When are you open on Sundays?
         3.0 proven
         4.0 found nothing
         4.1 written
         5.0 caller For 2 people",
        "1.0 SAY I need to know who you are first.
         1.0 SAY Press verify.
         1.0 DONE reserve_room by question
         2.0 FIND opening_hours
         3.0 SAY Let us find you a room.
         3.0 SAY For how many people?
         4.0 SAY I do not know.
         4.0 SAY Would you like to speak to a person?
         4.0 DONE knowledge by pack
         5.0 SAY Anything that the desk should know?
         5.0 DONE reserve_room by question",
    );
}

#[test]
fn what_nobody_saw_done_is_not_begun_again_in_the_call() {
    let happened = play(
        TASKS,
        &format!(
            "{READY}2.0 caller No
             2.1 written
             3.0 caller Yes
             3.4 tool ends unseen
             3.5 tool gives TK 7
             3.6 written
             4.0 caller I want to reserve the quiet study room for 3 people
             4.1 written
             5.0 caller I need a study room
             5.1 written
             6.0 caller Yes"
        ),
    );
    let after = happened.iter().filter(|step| step.as_str() > "4");
    let after: Vec<&str> = after.map(String::as_str).collect();
    assert_eq!(
        after,
        [
            "4.0 SAY I could not confirm that it was done.",
            "4.0 SAY Please ask a colleague before you try it again.",
            "4.0 DONE reserve_room by pack",
            "5.0 SAY I could not confirm that it was done.",
            "5.0 SAY Please ask a colleague before you try it again.",
            "5.0 DONE reserve_room by pack",
            "6.0 SAY What do you need?",
            "6.0 DONE affirm by pack",
        ],
        "a deed whose end nobody saw is offered or done again"
    );
}

#[test]
fn a_word_that_gives_up_within_the_callers_own_text_does_not_give_up() {
    for note in [
        "They cancel every single booking",
        "We may go back early",
        "Never mind the projector please",
    ] {
        check(
            TASKS,
            &format!("{READY}2.0 caller {note}"),
            &format!(
                "{ASKED}2.0 SAY That is the quiet room for 3 people.
                 2.0 SAY Shall I?
                 2.0 DONE reserve_room by question"
            ),
        );
    }
    for no in ["Cancel", "Cancel that please", "Never mind"] {
        check(
            TASKS,
            &format!("{READY}2.0 caller {no}"),
            &format!(
                "{ASKED}2.0 SAY All right, I have left it.
                 2.0 SAY Nothing was done.
                 2.0 SAY What else can I do for you?
                 2.0 DONE reserve_room by question"
            ),
        );
    }
}

#[test]
fn digits_that_were_asked_for_are_taken_and_others_are_not() {
    let mut stage = Stage::new(TASKS);
    let mut takes = |what: &str| {
        let event = stage.event(what);
        let mut steps = Vec::new();
        stage.conversation.on(event, Duration::ZERO, &mut steps);
        let said: Vec<String> = steps.into_iter().map(|step| stage.note(step)).collect();
        (stage.conversation.takes_digits(), said.join("; "))
    };
    let (takes_digits, _) = takes("caller Hello");
    assert!(!takes_digits, "nothing was asked for");
    let (takes_digits, asked) = takes("caller I need a new card");
    assert!(takes_digits && asked.contains("member number"), "{asked}");
    takes("written");
    let (takes_digits, read_back) = takes("caller 100234");
    assert_eq!(
        read_back,
        "SAY The desk sends a new card for member one zero zero, two three four.; SAY Right?; \
         DONE replace_card by question",
        "digits are no answer to what was asked"
    );
    assert!(
        takes_digits,
        "a number that was read back wrong is entered again"
    );
    takes("written");
    let (_, read_back) = takes("caller 100235");
    assert!(read_back.contains("two three five"), "{read_back}");
    takes("written");
    let (takes_digits, done) = takes("caller Yes");
    assert_eq!(
        done,
        r#"CALL ticket with {"kind":"desk","member_number":"100235"} for turn 5, agreed to, level 0"#
    );
    assert!(!takes_digits, "the deed is under way");
}

#[test]
fn a_task_that_another_interrupts_is_come_back_to() {
    let begun = "2.0 SAY What is your member number?
         2.0 DONE replace_card by question
         ";
    let back = "SAY Back to what we were doing.";
    check(
        TASKS,
        &format!(
            "{READY}2.0 caller I need a new card
             2.1 written
             3.0 caller 100234
             3.1 written
             4.0 caller Yes
             4.1 tool gives TK 7
             4.2 written
             5.0 caller No
             5.1 written
             6.0 caller Yes"
        ),
        &format!(
            "{ASKED}{begun}3.0 SAY The desk sends a new card for member one zero zero, two three four.
             3.0 SAY Right?
             3.0 DONE replace_card by question
             4.0 CALL ticket with {{\"kind\":\"desk\",\"member_number\":\"100234\"}} for turn 4, agreed to, level 2
             4.1 SAY It is on its way.
             4.1 {back}
             4.1 SAY Anything that the desk should know?
             4.1 DONE replace_card by deed
             5.0 SAY That is the quiet room for 3 people.
             5.0 SAY Shall I?
             5.0 DONE reserve_room by question
             6.0 CALL reserve_room with {{\"people\":\"3\",\"purpose\":\"study\",\"room\":\"q\"}} for turn 6, agreed to, level 2"
        ),
    );
    // Given up, too; and what is asked for in its place is not come back to.
    let given_up = "SAY All right, I have left it.
         3.0 SAY Nothing was done.
         3.0 SAY What else can I do for you?";
    check(
        TASKS,
        &format!("{READY}2.0 caller I need a new card\n 2.1 written\n 3.0 caller Cancel that"),
        &format!(
            "{ASKED}{begun}3.0 {given_up}
             3.0 {back}
             3.0 SAY Anything that the desk should know?
             3.0 DONE replace_card by question"
        ),
    );
    check(
        TASKS,
        &format!(
            "{READY}2.0 caller Actually I need a new card\n 2.1 written\n 3.0 caller Cancel that"
        ),
        &format!("{ASKED}{begun}3.0 {given_up}\n 3.0 DONE replace_card by question"),
    );
}

#[test]
fn what_came_of_the_second_task_is_told_again_if_its_reply_was_cut() {
    let happened = play(
        TASKS,
        &format!(
            "{READY}2.0 caller I need a new card
             2.1 written
             3.0 caller 100234
             3.1 written
             4.0 caller Yes
             4.1 tool gives TK 7
             4.2 cancelled
             5.0 caller Hello?
             5.1 tool gives TK 7"
        ),
    );
    let after: Vec<&str> = happened
        .iter()
        .filter(|step| step.as_str() > "5")
        .map(String::as_str)
        .collect();
    assert_eq!(
        after,
        [
            r#"5.0 CALL ticket with {"kind":"desk","member_number":"100234"} for turn 4, agreed to, level 2"#,
            "5.1 SAY It is on its way.",
            "5.1 SAY Back to what we were doing.",
            "5.1 SAY Anything that the desk should know?",
            "5.1 DONE replace_card by deed",
        ],
        "the caller does not know what came of the deed"
    );
}

#[test]
fn steering_in_more_words_is_no_answer() {
    check(
        TASKS,
        &format!("{READY}2.0 caller I don't know, skip that"),
        &format!(
            "{ASKED}2.0 SAY That is the quiet room for 3 people.
             2.0 SAY Shall I?
             2.0 DONE reserve_room by question"
        ),
    );
    check(
        TASKS,
        &format!("{READY}2.0 caller Never mind, cancel it"),
        &format!(
            "{ASKED}2.0 SAY All right, I have left it.
             2.0 SAY Nothing was done.
             2.0 SAY What else can I do for you?
             2.0 DONE reserve_room by question"
        ),
    );
}
