//! What should have come and did not.

use super::check;

#[test]
fn a_goodbye_that_cannot_be_spoken_still_ends_the_call() {
    check(
        "0.0 agent starts
         1.0 agent stops
         60.0 end",
        "0.0 speaking
         1.0 listening
         16.0 ARE YOU THERE
         32.0 GOODBYE
         38.0 HANG UP
         38.0 idle",
    );
}

#[test]
fn a_greeting_that_never_comes_opens_the_call_all_the_same() {
    check(
        "46.0 end",
        "30.0 listening
         45.0 ARE YOU THERE",
    );
}

#[test]
fn a_reply_that_hangs_is_given_up_with_an_apology() {
    check(
        "1.0 types fees
         14.0 agent starts
         15.0 agent stops
         16.0 end",
        "1.0 REPLY fees
         1.0 thinking
         13.0 CANCEL
         13.0 TECHNICAL PROBLEM
         13.0 listening
         14.0 speaking
         15.0 listening",
    );
}

#[test]
fn a_reply_without_sound_is_given_up_with_an_apology() {
    check(
        "1.0 types fees
         2.0 reply ended
         9.0 end",
        "1.0 REPLY fees
         1.0 thinking
         8.0 CANCEL
         8.0 TECHNICAL PROBLEM
         8.0 listening",
    );
}

#[test]
fn a_reply_that_has_spoken_and_never_ends_is_dropped_without_a_word() {
    check(
        "1.0 types fees
         2.0 agent starts
         4.0 agent stops
         17.0 end",
        "1.0 REPLY fees
         1.0 thinking
         2.0 speaking
         4.0 thinking
         16.0 CANCEL
         16.0 listening",
    );
}

#[test]
fn a_reply_may_end_just_after_its_last_sound() {
    check(
        "1.0 types fees
         2.0 agent starts
         4.0 agent stops
         4.0 reply ended
         6.0 end",
        "1.0 REPLY fees
         1.0 thinking
         2.0 speaking
         4.0 thinking
         4.0 listening",
    );
}

#[test]
fn speech_that_never_ends_is_cut_off() {
    check(
        "1.0 agent starts
         182.0 end",
        "1.0 speaking
         181.0 CANCEL
         181.0 listening",
    );
}

#[test]
fn speech_that_ends_while_being_paused_releases_the_pause() {
    check(
        "0.5 agent starts
         5.0 caller starts
         5.6 agent stops
         6.0 caller stops
         6.1 heard what are your fees
         7.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 PAUSE
         5.5 listening
         5.6 RESUME
         6.3 REPLY what are your fees
         6.3 thinking",
    );
}

#[test]
fn a_transcript_that_never_comes_is_a_silent_turn() {
    check(
        "1.0 caller starts
         2.0 caller stops
         13.0 end",
        "1.0 listening
         12.0 DID NOT CATCH",
    );
}

#[test]
fn a_microphone_that_never_falls_silent_does_not_hold_the_agent() {
    check(
        "0.0 agent starts
         2.0 caller starts
         70.0 end",
        "0.0 speaking
         2.0 DUCK
         2.5 PAUSE
         2.5 listening
         62.0 RESUME
         62.0 speaking",
    );
}
