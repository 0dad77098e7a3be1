//! Look-ups that a pack declares: for everybody, with parameters.

use super::{LOOK_UPS, WEB, check, play};

const CALL: &str = r#"CALL queue with {"branch":"n1","day":"2026-05-03"}"#;

#[test]
fn whoever_calls_is_answered_where_no_proof_is_needed() {
    check(
        LOOK_UPS,
        "1.0 caller How long is the queue at the north branch?
         1.5 tool finds 4 waiting",
        &format!(
            "1.0 {CALL} for turn 1, level 0
             1.5 SAY At north branch 4 people are waiting.
             1.5 DONE queue by tool"
        ),
    );
    for (end, said) in [
        ("knows nobody", "I cannot see that queue."),
        ("fails", "Something went wrong."),
        ("is late", "Something went wrong."),
    ] {
        check(
            LOOK_UPS,
            &format!("1.0 caller How long is the queue at the north branch?\n 1.5 tool {end}"),
            &format!(
                "1.0 {CALL} for turn 1, level 0
                 1.5 SAY {said}
                 1.5 DONE queue by pack"
            ),
        );
    }
}

#[test]
fn what_is_missing_is_asked_for_and_the_next_turn_fills_it() {
    check(
        LOOK_UPS,
        "1.0 caller How long is the queue?
         1.1 written
         2.0 caller The north one
         2.5 tool finds 4 waiting",
        &format!(
            "1.0 SAY Which branch do you mean?
             1.0 DONE queue by question
             2.0 {CALL} for turn 2, level 0
             2.5 SAY At north branch 4 people are waiting.
             2.5 DONE queue by tool"
        ),
    );
}

#[test]
fn a_question_to_the_documents_in_the_same_turn_is_answered_behind_what_was_found() {
    let asks = "How long is the queue at the north branch, and what are your opening hours?";
    let done = play(
        LOOK_UPS,
        &format!("1.0 caller {asks}\n 1.5 tool finds 4 waiting\n 1.6 found"),
    );
    assert_eq!(done[0], format!("1.0 {CALL} for turn 1, level 0"));
    assert_eq!(done[1], "1.5 SAY At north branch 4 people are waiting.");
    assert_eq!(done[2], "1.5 FIND opening_hours");
    assert!(done[3].starts_with("1.6 SAY "), "{done:?}");
    let last = done.last().unwrap();
    assert_eq!(last, "1.6 DONE queue by extractive");
    // What the documents do not know takes nothing from what was found.
    let done = play(
        LOOK_UPS,
        &format!("1.0 caller {asks}\n 1.5 tool finds 4 waiting\n 1.6 found nothing"),
    );
    assert_eq!(done.last().unwrap(), "1.6 DONE queue by tool");
}

#[test]
fn what_is_missing_for_the_one_is_asked_before_both_are_answered() {
    let done = play(
        LOOK_UPS,
        "1.0 caller How long is the queue, and what are your opening hours?
         1.1 written
         2.0 caller The north one
         2.5 tool finds 4 waiting",
    );
    let wanted = [
        "1.0 SAY Which branch do you mean?",
        "1.0 DONE queue by question",
        &format!("2.0 {CALL} for turn 2, level 0"),
        "2.5 SAY At north branch 4 people are waiting.",
        "2.5 FIND opening_hours",
    ];
    assert_eq!(done, wanted);
}

#[test]
fn it_is_asked_for_twice_and_then_left_alone() {
    check(
        LOOK_UPS,
        "1.0 caller How long is the queue?
         1.1 written
         2.0 caller Xylophones
         2.1 written
         3.0 caller Xylophones",
        "1.0 SAY Which branch do you mean?
         1.0 DONE queue by question
         2.0 SAY Which branch do you mean?
         2.0 DONE queue by question
         3.0 SAY What do you need?
         3.0 DONE unclear by pack",
    );
}

#[test]
fn whoever_says_something_else_is_answered_to_that() {
    for (said, reply) in [
        (
            "Goodbye",
            "SAY Goodbye.\n 2.0 DONE goodbye by pack, then HangUp",
        ),
        ("No, never mind", "SAY What else?\n 2.0 DONE deny by pack"),
        ("What are your opening hours?", "FIND opening_hours"),
    ] {
        check(
            LOOK_UPS,
            &format!("1.0 caller How long is the queue?\n 1.1 written\n 2.0 caller {said}"),
            &format!(
                "1.0 SAY Which branch do you mean?
                 1.0 DONE queue by question
                 2.0 {reply}"
            ),
        );
    }
    // What was never heard was never asked.
    check(
        LOOK_UPS,
        "1.0 caller How long is the queue?
         1.1 cancelled
         2.0 caller The north one",
        "1.0 SAY Which branch do you mean?
         1.0 DONE queue by question
         2.0 SAY What do you need?
         2.0 DONE unclear by pack",
    );
}

#[test]
fn it_is_asked_again_in_the_same_words_for_whoever_did_not_hear() {
    check(
        LOOK_UPS,
        "1.0 caller How long is the queue?
         1.1 agent Which branch do you mean?
         1.1 written
         2.0 caller Can you repeat that?
         2.1 written
         3.0 caller Harbour",
        r#"1.0 SAY Which branch do you mean?
           1.0 DONE queue by question
           2.0 SAY Which branch do you mean?
           2.0 DONE repeat by pack, then Repeat
           3.0 CALL queue with {"branch":"h1","day":"2026-05-03"} for turn 3, level 0"#,
    );
}

#[test]
fn where_nobody_answers_the_documents_do() {
    check(
        WEB,
        "1.0 caller Is the queue long, and what are your opening hours?",
        "1.0 FIND opening_hours",
    );
}
