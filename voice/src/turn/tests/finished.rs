//! When a turn is over, by how it sounds, and what stands above that: its words, and digits.

use super::{TurnConfig, check, check_with, play};
use crate::turn::Patience;

#[test]
fn a_turn_that_sounds_finished_is_answered_soon() {
    // The last sound is at 1.8.
    check(
        "1.0 caller starts
         2.0 caller stops
         2.05 sounds 0.9
         2.07 heard what are the fees
         4.0 end",
        "1.0 listening
         2.1 REPLY what are the fees
         2.1 thinking",
    );
}

#[test]
fn a_turn_that_sounds_unfinished_waits_for_more() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.07 sounds 0.1
         2.1 heard I would like to know
         2.8 caller starts
         3.5 caller stops
         3.57 sounds 0.2
         3.6 heard what the fee is
         4.3 caller starts
         5.0 caller stops
         5.07 sounds 0.8
         5.2 heard for a transfer
         7.0 end",
        "1.0 listening
         5.2 REPLY I would like to know what the fee is for a transfer
         5.2 thinking",
    );
    // Who says no more is answered all the same.
    check(
        "1.0 caller starts
         2.0 caller stops
         2.07 sounds 0.1
         2.1 heard I would like to know
         5.0 end",
        "1.0 listening
         3.4 REPLY I would like to know
         3.4 thinking",
    );
}

#[test]
fn unfinished_words_outweigh_a_voice_that_falls() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.07 sounds 0.99
         2.1 heard I want to pay my
         5.0 end",
        "1.0 listening
         3.4 REPLY I want to pay my
         3.4 thinking",
    );
}

#[test]
fn without_an_answer_silence_decides_as_ever() {
    for late in ["", "2.35 sounds 0.1"] {
        check(
            &format!(
                "1.0 caller starts
                 2.0 caller stops
                 2.1 heard what are the fees
                 {late}
                 4.0 end"
            ),
            "1.0 listening
             2.3 REPLY what are the fees
             2.3 thinking",
        );
    }
}

#[test]
fn an_answer_about_one_pause_says_nothing_of_the_next() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.05 heard what are
         2.06 sounds 0.1
         2.3 caller starts
         2.31 sounds 0.9
         3.0 caller stops
         3.1 heard the fees
         5.0 end",
        "1.0 listening
         3.3 REPLY what are the fees
         3.3 thinking",
    );
}

#[test]
fn dictated_digits_wait_whatever_they_sound_like_and_whether_or_not_they_were_asked_for() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.07 sounds 0.99
         2.1 heard My telephone number is 077.
         2.7 caller starts
         3.4 caller stops
         3.47 sounds 0.99
         3.5 heard 412
         4.2 caller starts
         4.9 caller stops
         4.97 sounds 0.99
         5.0 heard 5566
         8.0 end",
        "1.0 listening
         5.9 REPLY My telephone number is 077. 412 5566
         5.9 thinking",
    );
}

#[test]
fn digits_that_were_redacted_are_digits_still() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.07 sounds 0.99
         2.1 heard My number is 077 [number].
         5.0 end",
        "1.0 listening
         3.0 REPLY My number is 077 [number].
         3.0 thinking",
    );
}

#[test]
fn who_pauses_long_is_waited_for_longer() {
    let mut script = "1.0 caller starts\n".to_owned();
    // Three pauses of 1.5 s, then silence.
    for part in 0..4 {
        let stops = 2.0 + 2.3 * f64::from(part);
        script += &format!("{stops} caller stops\n");
        script += &format!(
            "{} sounds 0.1\n{} heard and then\n",
            stops + 0.05,
            stops + 0.06
        );
        if part < 3 {
            script += &format!("{} caller starts\n", stops + 1.3);
        }
    }
    script += "20.0 end";
    // The last sound is at 8.7; 1.5 s and three eighths more are 2.06 s.
    check(
        &script,
        "1.0 listening
         10.8 REPLY and then and then and then and then
         10.8 thinking",
    );
}

#[test]
fn who_was_cut_off_is_given_a_moment_more() {
    let script = "1.0 caller starts
         2.0 caller stops
         2.05 sounds 0.9
         2.07 heard what are the fees
         2.4 caller starts
         3.0 caller stops
         3.05 sounds 0.9
         3.07 heard for transfers
         5.0 end";
    let replies: Vec<String> = play(&TurnConfig::default(), script)
        .into_iter()
        .filter(|line| line.contains("REPLY"))
        .collect();
    // 0.28 s after the last sound, then 0.39.
    assert_eq!(
        replies,
        [
            "2.1 REPLY what are the fees",
            "3.2 REPLY (what are the fees) for transfers"
        ]
    );
}

#[test]
fn a_reply_is_drafted_when_it_is_known_that_the_turn_sounds_finished_or_when_silence_lasts() {
    let drafts = |sounds: &str| -> Vec<String> {
        let script = format!(
            "1.0 caller starts
             2.0 caller stops
             {sounds}
             2.06 heard what are the fees
             5.0 end"
        );
        let happened = play(&TurnConfig::default(), &script).into_iter();
        happened.filter(|line| line.contains("DRAFT")).collect()
    };
    assert_eq!(drafts("2.05 sounds 0.9"), ["2.1 DRAFT what are the fees"]);
    assert_eq!(drafts("2.05 sounds 0.1"), ["2.3 DRAFT what are the fees"]);
}

#[test]
fn one_setting_makes_it_eager_or_patient() {
    for (patience, finished, unfinished) in [
        (Patience::Eager, "2.0", "3.0"),
        (Patience::Balanced, "2.1", "3.4"),
        (Patience::Patient, "2.2", "4.0"),
    ] {
        let config = patience.applied_to(TurnConfig::default());
        for (sounds, at) in [(0.9, finished), (0.1, unfinished)] {
            check_with(
                &config,
                &format!(
                    "1.0 caller starts
                     2.0 caller stops
                     2.01 sounds {sounds}
                     2.02 heard what are the fees
                     6.0 end"
                ),
                &format!(
                    "1.0 listening
                     {at} REPLY what are the fees
                     {at} thinking"
                ),
            );
        }
    }
}
