//! When the reply to a turn that may not be over yet is drafted.

use super::{TurnConfig, play};

/// What is drafted, dropped and answered.
#[track_caller]
fn check(script: &str, expected: &str) {
    check_with(&TurnConfig::default(), script, expected);
}

#[track_caller]
fn check_with(config: &TurnConfig, script: &str, expected: &str) {
    let mut happened = play(config, script);
    happened.retain(|line| line.contains("DRAFT") || line.contains("REPLY"));
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(happened, expected, "\nthe script was:{script}");
}

#[test]
fn a_reply_is_drafted_as_soon_as_the_words_are_known() {
    check(
        "2.0 caller starts
         4.0 caller stops
         4.1 heard how do I block my card
         5.0 end",
        "4.1 DRAFT how do I block my card
         4.3 REPLY how do I block my card",
    );
}

#[test]
fn a_draft_is_given_up_when_more_words_come() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard send fifty dollars
         2.2 caller starts
         3.0 caller stops
         3.2 heard to my brother
         5.0 end",
        "2.1 DRAFT send fifty dollars
         3.2 DROP DRAFT
         3.2 DRAFT send fifty dollars to my brother
         3.3 REPLY send fifty dollars to my brother",
    );
}

#[test]
fn a_cough_behind_the_words_leaves_the_draft_standing() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard how do I block my card
         2.2 caller starts
         2.5 caller stops
         2.6 heard
         5.0 end",
        "2.1 DRAFT how do I block my card
         2.8 REPLY how do I block my card",
    );
}

#[test]
fn words_that_ask_for_more_of_them_are_not_drafted() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard I want to
         5.0 end",
        "3.0 REPLY I want to",
    );
    check(
        "1.0 agent asks for digits
         1.0 caller starts
         2.0 caller stops
         2.1 heard four seven one one
         5.0 end",
        "3.0 REPLY four seven one one",
    );
}

#[test]
fn a_turn_that_is_over_already_is_not_drafted_first() {
    check(
        "2.0 caller starts
         4.0 caller stops
         5.7 heard opening hours
         6.0 end",
        "5.7 REPLY opening hours",
    );
    check(
        "2.0 types opening hours\n3.0 end",
        "2.0 REPLY opening hours",
    );
}

#[test]
fn nothing_is_drafted_while_the_agent_speaks() {
    check(
        "1.0 agent declares
         2.0 caller starts
         4.0 caller stops
         4.1 heard how do I block my card
         6.0 agent stops
         7.0 end",
        "6.0 REPLY how do I block my card",
    );
}

#[test]
fn what_was_left_unanswered_is_drafted_with_the_turn() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard how do I block my card
         2.6 caller starts
         3.2 caller stops
         3.3 heard and the second one
         5.0 end",
        "2.1 DRAFT how do I block my card
         2.3 REPLY how do I block my card
         3.3 DRAFT how do I block my card and the second one
         3.5 REPLY (how do I block my card) and the second one",
    );
}

#[test]
fn nothing_is_drafted_where_it_is_turned_off() {
    let config = TurnConfig {
        preemptive: false,
        ..TurnConfig::default()
    };
    check_with(
        &config,
        "2.0 caller starts
         4.0 caller stops
         4.1 heard how do I block my card
         5.0 end",
        "4.3 REPLY how do I block my card",
    );
}
