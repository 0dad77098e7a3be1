//! Fixed lines, offers, and what the caller agrees to.

use super::{Cast, DESK, LOOK_UPS, PHONE, WEB, check};

#[test]
fn a_phone_call_is_offered_a_transfer_and_put_through_on_consent() {
    for yes in ["Yes please", "Yes"] {
        check(
            DESK,
            &format!(
                "1.0 caller Can I speak to a person?
                 1.1 written
                 2.0 agent Shall I transfer you?
                 3.0 caller {yes}"
            ),
            "1.0 SAY Shall I transfer you?
             1.0 DONE human_requested by pack
             3.0 SAY I am transferring you.
             3.0 DONE affirm by pack, then Transfer",
        );
    }
}

#[test]
fn an_offer_that_is_declined_is_over() {
    check(
        DESK,
        "1.0 caller Can I speak to a person?
         1.1 written
         2.0 caller No
         2.1 written
         3.0 caller Yes",
        "1.0 SAY Shall I transfer you?
         1.0 DONE human_requested by pack
         2.0 SAY What else?
         2.0 DONE deny by pack
         3.0 SAY What do you need?
         3.0 DONE affirm by pack",
    );
}

#[test]
fn a_callback_is_promised_once_it_is_on_record() {
    let web_with_desk = Cast { desk: true, ..WEB };
    for cast in [PHONE, web_with_desk] {
        check(
            cast,
            "1.0 caller Can I speak to a person?
             1.1 written
             2.0 caller Yes
             2.2 tool done",
            "1.0 SAY Shall we call you?
             1.0 DONE human_requested by pack
             2.0 CALL callback for turn 2, agreed to, level 0
             2.2 SAY We will call you.
             2.2 DONE affirm by pack, then Callback",
        );
    }
}

#[test]
fn a_callback_that_is_not_on_record_is_not_promised() {
    for end in ["is not recorded", "is late", "ends unseen"] {
        check(
            WEB,
            &format!(
                "1.0 caller Can I speak to a person?
                 1.1 written
                 2.0 caller Yes
                 2.2 tool {end}"
            ),
            "1.0 SAY Shall we call you?
             1.0 DONE human_requested by pack
             2.0 CALL callback for turn 2, agreed to, level 0
             2.2 SAY Something went wrong.
             2.2 DONE affirm by pack",
        );
    }
}

#[test]
fn an_offer_that_was_cut_off_before_it_was_written_was_not_made() {
    check(
        WEB,
        "1.0 caller Can I speak to a person?
         1.1 cancelled
         2.0 caller Yes",
        "1.0 SAY Shall we call you?
         1.0 DONE human_requested by pack
         2.0 SAY What do you need?
         2.0 DONE affirm by pack",
    );
}

#[test]
fn an_offer_survives_a_mumble_and_lapses_with_another_matter() {
    let offered = "1.0 caller Can I speak to a person?
         1.1 written
         ";
    let offer = "1.0 SAY Shall we call you?
         1.0 DONE human_requested by pack
         ";
    check(
        WEB,
        &format!("{offered} 2.0 caller Flurb\n 2.1 written\n 3.0 caller Yes"),
        &format!(
            "{offer} 2.0 SAY What do you need?
             2.0 DONE unclear by pack
             3.0 CALL callback for turn 3, agreed to, level 0"
        ),
    );
    check(
        WEB,
        &format!("{offered} 2.0 caller What is the weather like?\n 2.1 written\n 3.0 caller Yes"),
        &format!(
            "{offer} 2.0 SAY I know nothing of that.
             2.0 DONE out_of_scope by pack
             3.0 SAY What do you need?
             3.0 DONE affirm by pack"
        ),
    );
    check(
        WEB,
        &format!("{offered} 2.0 lapsed\n 3.0 caller Yes"),
        &format!("{offer} 3.0 SAY What do you need?\n 3.0 DONE affirm by pack"),
    );
}

#[test]
fn a_transfer_that_fails_offers_a_callback() {
    check(
        DESK,
        "1.0 caller Can I speak to a person?
         1.1 written
         2.0 caller Yes
         2.1 written
         9.0 transfer fails
         10.0 caller Yes",
        "1.0 SAY Shall I transfer you?
         1.0 DONE human_requested by pack
         2.0 SAY I am transferring you.
         2.0 DONE affirm by pack, then Transfer
         9.0 SAY The transfer failed. Shall we call you?
         10.0 CALL callback for turn 3, agreed to, level 0",
    );
}

#[test]
fn what_was_heard_last_is_repeated() {
    check(
        WEB,
        "1.0 caller Can you repeat that?
         2.0 agent We are open today. Until
         3.0 caller Can you repeat that?",
        "1.0 SAY I said nothing.
         1.0 DONE repeat by pack
         3.0 SAY We are open today.
         3.0 SAY Until
         3.0 DONE repeat by pack, then Repeat",
    );
}

#[test]
fn goodbye_ends_the_call_and_so_does_no_to_anything_else() {
    check(
        WEB,
        "1.0 caller Goodbye",
        "1.0 SAY Goodbye.
         1.0 DONE goodbye by pack, then HangUp",
    );
    check(
        WEB,
        "1.0 caller No
         2.0 agent Anything else?
         3.0 caller No",
        "1.0 SAY Anything else?
         1.0 DONE deny by pack
         3.0 SAY Goodbye.
         3.0 DONE deny by pack, then HangUp",
    );
}

#[test]
fn the_way_to_authenticate_fits_the_caller() {
    let phone = Cast {
        codes: true,
        ..PHONE
    };
    for (cast, line) in [
        (LOOK_UPS, "Press verify."),
        (phone, "Enter your number."),
        (PHONE, "I cannot verify you."),
    ] {
        check(
            cast,
            "1.0 caller I want to log in",
            &format!("1.0 SAY {line}\n 1.0 DONE authenticate by pack"),
        );
    }
    check(
        LOOK_UPS,
        "1.0 proven
         2.0 caller I want to log in",
        "2.0 SAY You are verified.
         2.0 DONE authenticate by pack",
    );
}
