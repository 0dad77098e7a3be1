//! Tasks: values asked for, read back and agreed to; steered, interrupted, refused; and what is said of the deed.

use super::{Cast, DESK, WEB, check};

const TASKS: Cast = Cast {
    tasks: true,
    codes: true,
    ..WEB
};
/// The caller is known and both values are said: what is asked is whether the desk should know something.
const KNOWN: &str = "0.5 proven
     1.0 caller I want to reserve the quiet study room for 3 people
     1.1 written
     ";
const ASKED: &str = "1.0 SAY Let us find you a room.
     1.0 SAY Anything that the desk should know?
     1.0 DONE reserve_room by question
     ";
const CONFIRM: &str = "SAY That is the quiet room for 3 people.";
const CALL: &str = r#"CALL reserve_room with {"people":"3","purpose":"study","room":"q"} for turn 3, agreed to, level 2"#;

fn known(script: &str) -> String {
    format!("{KNOWN}2.0 caller No\n 2.1 written\n {script}")
}

fn confirmed(expected: &str) -> String {
    format!(
        "{ASKED}2.0 {CONFIRM}
         2.0 SAY Shall I?
         2.0 DONE reserve_room by question
         {expected}"
    )
}

#[test]
fn a_deed_is_done_once_it_was_read_back_and_agreed_to() {
    check(
        TASKS,
        &known("3.0 caller Yes\n 3.4 tool gives RR 12"),
        &confirmed(&format!(
            "3.0 {CALL}
             3.4 SAY The quiet room is yours.
             3.4 SAY The number is RR 12.
             3.4 DONE reserve_room by deed"
        )),
    );
}

#[test]
fn what_was_not_read_back_whole_is_not_agreed_to() {
    // The question was cut short before it was with the voice: a yes may be to anything.
    check(
        TASKS,
        &format!(
            "{KNOWN}2.0 caller No
             2.1 cancelled
             3.0 caller Yes"
        ),
        &confirmed(&format!(
            "3.0 {CONFIRM}
             3.0 SAY Shall I?
             3.0 DONE reserve_room by question"
        )),
    );
}

#[test]
fn values_are_asked_for_in_their_order_and_any_may_be_said_at_any_time() {
    check(
        TASKS,
        "0.5 proven
         1.0 caller I want to reserve a study room
         1.1 written
         2.0 caller For 4 people
         2.1 written
         3.0 caller The large one",
        "1.0 SAY Let us find you a room.
         1.0 SAY The quiet room, or the large room?
         1.0 DONE reserve_room by question
         2.0 SAY The quiet room, or the large room?
         2.0 DONE reserve_room by question
         3.0 SAY Anything that the desk should know?
         3.0 DONE reserve_room by question",
    );
}

#[test]
fn a_deed_that_needs_proof_waits_for_it_and_goes_on_by_itself() {
    check(
        TASKS,
        "1.0 caller I want to reserve the quiet study room
         1.1 written
         4.0 proven
         5.0 caller For 2 people",
        "1.0 SAY I need to know who you are first.
         1.0 SAY Press verify.
         1.0 DONE reserve_room by question
         4.0 SAY Let us find you a room.
         4.0 SAY For how many people?
         5.0 SAY Anything that the desk should know?
         5.0 DONE reserve_room by question",
    );
}

#[test]
fn whoever_cannot_prove_it_is_led_to_the_other_way() {
    let start = "1.0 SAY I need to know who you are first.
         1.0 SAY Press verify.
         1.0 DONE reserve_room by question
         ";
    for lost in ["My phone is gone", "I can't get a code", "No"] {
        check(
            TASKS,
            &format!(
                "1.0 caller I want to reserve the quiet study room
                 1.1 written
                 2.0 caller {lost}"
            ),
            &format!(
                "{start}2.0 SAY What is your card number?
                 2.0 DONE reserve_room by question",
            ),
        );
    }
    let nobody = Cast {
        codes: false,
        ..TASKS
    };
    check(
        nobody,
        "1.0 caller I want to reserve the quiet study room",
        "1.0 SAY What is your card number?
         1.0 DONE reserve_room by question",
    );
}

#[test]
fn what_is_only_spoken_of_is_not_sent() {
    check(
        Cast {
            codes: false,
            ..TASKS
        },
        "1.0 caller I want to reserve the quiet study room
         1.1 written
         2.0 caller It is 4711
         2.1 written
         3.0 caller Yes",
        "1.0 SAY What is your card number?
         1.0 DONE reserve_room by question
         2.0 SAY The desk will call the holder of card 4711.
         2.0 SAY Right?
         2.0 DONE tell_desk by question
         3.0 CALL ticket with {\"kind\":\"desk\",\"text\":\"Card 4711\"} for turn 3, agreed to, level 0",
    );
}

#[test]
fn a_caller_who_gives_up_gets_nothing_done() {
    for no in ["Cancel that", "Never mind, forget it", "I changed my mind"] {
        check(
            TASKS,
            &known(&format!("3.0 caller {no}\n 3.1 written\n 4.0 caller Yes")),
            &confirmed(
                "3.0 SAY All right, I have left it.
                 3.0 SAY Nothing was done.
                 3.0 SAY What else can I do for you?
                 3.0 DONE reserve_room by question
                 4.0 SAY What do you need?
                 4.0 DONE affirm by pack",
            ),
        );
    }
}

#[test]
fn a_no_asks_what_is_wrong_and_a_value_behind_it_corrects() {
    check(
        TASKS,
        &known(
            "3.0 caller No\n 3.1 written\n 4.0 caller The large room\n 4.1 written\n 5.0 caller No, for 5",
        ),
        &confirmed(
            "3.0 SAY What shall I change?
             3.0 SAY Or shall I leave it?
             3.0 DONE reserve_room by question
             4.0 SAY That is the large room for 3 people.
             4.0 SAY Shall I?
             4.0 DONE reserve_room by question
             5.0 SAY That is the large room for 5 people.
             5.0 SAY Shall I?
             5.0 DONE reserve_room by question",
        ),
    );
}

#[test]
fn a_question_in_between_is_answered_and_then_the_task_goes_on() {
    check(
        TASKS,
        &known(
            "3.0 caller When are you open on Sundays?\n 3.2 found nothing\n 3.3 written\n 4.0 caller Yes",
        ),
        &confirmed(
            "3.0 FIND opening_hours
             3.2 SAY I do not know.
             3.2 SAY Would you like to speak to a person?
             3.2 DONE knowledge by pack
             4.0 CALL callback for turn 4, agreed to, level 2",
        ),
    );
}

#[test]
fn asking_for_a_person_twice_is_no_consent() {
    check(
        DESK,
        "1.0 caller Can I speak to a person?
         1.1 written
         2.0 caller I said I want a person
         2.1 written
         3.0 caller Yes",
        "1.0 SAY Shall I transfer you?
         1.0 DONE human_requested by pack
         2.0 SAY Shall I transfer you?
         2.0 DONE human_requested by pack
         3.0 SAY I am transferring you.
         3.0 DONE affirm by pack, then Transfer",
    );
}

#[test]
fn what_nobody_saw_done_is_not_said_to_be_done_and_a_person_is_told() {
    check(
        TASKS,
        &known("3.0 caller Yes\n 3.4 tool ends unseen\n 3.5 tool gives TK 7\n 3.6 written\n 4.0 caller Yes"),
        &confirmed(&format!(
            "3.0 {CALL}
             3.4 CALL ticket with {{\"kind\":\"unconfirmed\",\"text\":\"reserve_room: nobody saw whether it was done\",\"urgent\":true}} for turn 3, agreed to, level 2
             3.5 SAY I could not confirm that it was done.
             3.5 SAY I have asked a colleague to look into it, with the reference TK 7.
             3.5 SAY Please do not try it again before you hear from us.
             3.5 DONE reserve_room by pack
             4.0 SAY What do you need?
             4.0 DONE affirm by pack"
        )),
    );
}

#[test]
fn what_was_declined_or_went_wrong_is_not_said_to_be_done() {
    check(
        TASKS,
        &known("3.0 caller Yes\n 3.4 tool declines"),
        &confirmed(&format!(
            "3.0 {CALL}
             3.4 SAY It was declined: it is taken.
             3.4 DONE reserve_room by pack"
        )),
    );
    for end in ["fails", "is late", "is not recorded"] {
        check(
            TASKS,
            &known(&format!("3.0 caller Yes\n 3.4 tool {end}")),
            &confirmed(&format!(
                "3.0 {CALL}
                 3.4 SAY That did not work, and nothing was done.
                 3.4 SAY Shall we call you?
                 3.4 DONE reserve_room by pack"
            )),
        );
    }
}

#[test]
fn a_reply_cut_short_does_not_do_it_twice() {
    // The same turn's number gives the same key: the registry answers with what came of the first call.
    check(
        TASKS,
        &known("3.0 caller Yes\n 3.1 cancelled\n 4.0 caller Hello?\n 4.4 tool gives RR 12"),
        &confirmed(&format!(
            "3.0 {CALL}
             4.0 {CALL}
             4.4 SAY The quiet room is yours.
             4.4 SAY The number is RR 12.
             4.4 DONE reserve_room by deed"
        )),
    );
}

#[test]
fn first_aid_is_given_once_before_anything_else() {
    check(
        WEB,
        "1.0 caller Somebody asked for my card number
         1.1 written
         2.0 caller They asked for my card number",
        "1.0 SAY We never ask for that by phone.
         1.0 SAY I know nothing of that.
         1.0 DONE out_of_scope by pack
         2.0 SAY I know nothing of that.
         2.0 DONE out_of_scope by pack",
    );
}

#[test]
fn a_talk_that_leads_nowhere_ends_with_a_person() {
    let lost = "SAY What do you need?";
    check(
        WEB,
        "1.0 caller Flurb
         1.1 written
         2.0 caller Zwack
         2.1 written
         3.0 caller Flurb
         3.1 written
         4.0 caller Yes",
        &format!(
            "1.0 {lost}
             1.0 DONE unclear by pack
             2.0 {lost}
             2.0 DONE unclear by pack
             3.0 {lost}
             3.0 SAY Shall we call you?
             3.0 DONE unclear by pack
             4.0 CALL callback for turn 4, agreed to, level 0"
        ),
    );
}

#[test]
fn an_outcome_that_a_cut_reply_did_not_tell_is_told_again_and_not_done_again() {
    check(
        TASKS,
        &known(
            "3.0 caller Yes
             3.4 tool gives RR 12
             3.5 cancelled
             4.0 caller Hello?
             4.4 tool gives RR 12",
        ),
        &confirmed(&format!(
            "3.0 {CALL}
             3.4 SAY The quiet room is yours.
             3.4 SAY The number is RR 12.
             3.4 DONE reserve_room by deed
             4.0 {CALL}
             4.4 SAY The quiet room is yours.
             4.4 SAY The number is RR 12.
             4.4 DONE reserve_room by deed"
        )),
    );
}

#[test]
fn two_refusals_in_a_row_offer_a_person() {
    check(
        TASKS,
        &known(
            "3.0 caller Yes
             3.4 tool declines
             3.5 written
             4.0 caller I want to reserve the quiet study room for 3 people
             4.1 written
             5.0 caller No
             5.1 written
             6.0 caller Yes
             6.4 tool declines",
        ),
        &confirmed(&format!(
            "3.0 {CALL}
             3.4 SAY It was declined: it is taken.
             3.4 DONE reserve_room by pack
             4.0 SAY Let us find you a room.
             4.0 SAY Anything that the desk should know?
             4.0 DONE reserve_room by question
             5.0 {CONFIRM}
             5.0 SAY Shall I?
             5.0 DONE reserve_room by question
             6.0 {}
             6.4 SAY It was declined: it is taken.
             6.4 SAY Shall we call you?
             6.4 DONE reserve_room by pack",
            CALL.replace("turn 3", "turn 6")
        )),
    );
}
