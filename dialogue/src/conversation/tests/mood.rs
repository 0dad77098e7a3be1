//! What the caller's mood leads to. `upset 6 WORDS` is a turn of somebody whose frustration is that; `alarmed WORDS` one
//! that is critical, with a line of what to do now.

use super::{DESK, MODEL, PHONE, WEB, check};

#[test]
fn a_person_is_offered_behind_the_answer_once_when_patience_is_at_its_end() {
    check(
        PHONE,
        "1.0 upset 4 What is the weather like?
         1.1 written
         2.0 upset 5 What is the weather like?
         2.1 written
         3.0 caller No
         3.1 written
         4.0 upset 9 What is the weather like?",
        "1.0 SAY I know nothing of that.
         1.0 DONE out_of_scope by pack
         2.0 SAY I know nothing of that.
         2.0 SAY Shall we call you?
         2.0 DONE out_of_scope by pack, a person offered at 5
         3.0 SAY What else?
         3.0 DONE deny by pack
         4.0 SAY I know nothing of that.
         4.0 DONE out_of_scope by pack",
    );
}

#[test]
fn a_yes_to_the_offer_of_a_person_is_a_yes_to_being_put_through() {
    check(
        DESK,
        "1.0 upset 8 What is the weather like?
         1.1 written
         2.0 caller Yes",
        "1.0 SAY I know nothing of that.
         1.0 SAY Shall I transfer you?
         1.0 DONE out_of_scope by pack, a person offered at 8
         2.0 SAY I am transferring you.
         2.0 DONE affirm by pack, then Transfer",
    );
}

#[test]
fn whoever_asks_for_a_person_is_offered_one_and_not_twice() {
    check(
        PHONE,
        "1.0 upset 9 Can I speak to a person?
         1.1 written
         2.0 caller No
         2.1 written
         3.0 upset 9 What is the weather like?",
        "1.0 SAY Shall we call you?
         1.0 DONE human_requested by pack, a person offered at 9
         2.0 SAY What else?
         2.0 DONE deny by pack
         3.0 SAY I know nothing of that.
         3.0 DONE out_of_scope by pack",
    );
}

#[test]
fn what_to_do_now_comes_first_and_once() {
    for cast in [WEB, PHONE] {
        check(
            cast,
            "1.0 alarmed What is the weather like?
             1.1 written
             2.0 alarmed What is the weather like?",
            "1.0 SAY Please leave the building now.
             1.0 SAY I know nothing of that.
             1.0 DONE out_of_scope by pack
             2.0 SAY I know nothing of that.
             2.0 DONE out_of_scope by pack",
        );
    }
}

#[test]
fn documents_answer_in_their_own_words_and_a_model_after_the_packs() {
    let alone = "1.0 alarmed What are your opening hours?";

    check(WEB, alone, "1.0 FIND opening_hours");
    check(
        MODEL,
        alone,
        "1.0 SAY Please leave the building now.
         1.0 FIND opening_hours",
    );
}
