//! Messages about what was done.

use super::{Cast, WEB, check};

const MESSAGES: Cast = Cast {
    tasks: true,
    codes: true,
    messages: true,
    ..WEB
};
/// Up to the yes to a room that was read back.
const AGREED: &str = "0.5 proven
     1.0 caller I want to reserve the quiet study room for 3 people
     1.1 written
     2.0 caller No
     2.1 written
     3.0 caller Yes
     ";
const READ_BACK: &str = r#"1.0 SAY Let us find you a room.
     1.0 SAY Anything that the desk should know?
     1.0 DONE reserve_room by question
     2.0 SAY That is the quiet room for 3 people.
     2.0 SAY Shall I?
     2.0 DONE reserve_room by question
     3.0 CALL reserve_room with {"people":"3","purpose":"study","room":"q"} for turn 3, agreed to, level 2
     "#;
const TOLD: &str = r#"3.4 SAY The quiet room is yours.
     3.4 SAY The number is RR 120 456.
     3.4 CALL message with {"text":"Willow Lane Library: the quiet room is yours for 3 people. The number is RR120456."} for turn 3, agreed to, level 2
     "#;

fn after(script: &str, expected: &str) {
    check(
        MESSAGES,
        &format!("{AGREED}3.4 tool gives RR120456\n {script}"),
        &format!("{READ_BACK}{TOLD}{expected}"),
    );
}

#[test]
fn what_was_done_is_told_at_once_and_the_message_when_it_was_sent() {
    after(
        "4.0 tool done",
        "4.0 SAY You also have it as a message.
         4.0 DONE reserve_room by deed",
    );
}

#[test]
fn a_message_that_did_not_leave_is_not_spoken_of() {
    for end in ["fails", "ends unseen", "is late", "knows nobody"] {
        after(&format!("4.0 tool {end}"), "4.0 DONE reserve_room by deed");
    }
}

#[test]
fn nobody_waits_for_the_message() {
    after(
        "3.9 slow
         4.0 tool fails",
        "4.0 DONE reserve_room by deed",
    );
}

#[test]
fn a_deed_that_was_told_is_not_told_again_to_whoever_speaks_while_its_message_is_sent() {
    after(
        "3.8 cancelled
         4.0 caller What is the weather like in Paris?
         4.1 tool done",
        "4.0 SAY I know nothing of that.
         4.0 DONE out_of_scope by pack",
    );
}

#[test]
fn nothing_is_sent_of_what_was_not_done() {
    check(
        MESSAGES,
        &format!("{AGREED}3.4 tool declines"),
        &format!(
            "{READ_BACK}3.4 SAY It was declined: it is taken.
             3.4 DONE reserve_room by pack"
        ),
    );
}
