//! Nobody speaks, or nothing is understood.

use super::check;

#[test]
fn a_silent_turn_is_admitted_twice_in_a_row_and_not_again() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard
         2.5 agent starts
         3.5 agent stops
         4.0 caller starts
         5.0 caller stops
         5.1 heard
         5.5 agent starts
         6.5 agent stops
         7.0 caller starts
         8.0 caller stops
         8.1 heard
         9.0 types hello
         9.1 agent starts
         9.2 reply ended
         9.3 agent stops
         10.0 caller starts
         11.0 caller stops
         11.1 deaf
         12.0 end",
        "1.0 listening
         2.3 DID NOT CATCH
         2.5 speaking
         3.5 listening
         5.3 DID NOT CATCH
         5.5 speaking
         6.5 listening
         9.0 REPLY hello
         9.0 thinking
         9.1 speaking
         9.3 listening
         11.3 DID NOT CATCH",
    );
}

#[test]
fn a_click_without_words_is_ignored_and_a_failed_recognition_is_not() {
    check(
        "1.0 caller starts
         1.5 caller stops
         1.6 heard
         3.0 caller starts
         3.5 caller stops
         3.6 deaf
         4.0 end",
        "1.0 listening
         3.8 DID NOT CATCH",
    );
}

#[test]
fn words_in_one_utterance_make_up_for_silence_in_another() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 caller starts
         3.0 caller stops
         3.1 heard
         3.2 heard my balance
         4.0 end",
        "1.0 listening
         3.3 REPLY my balance
         3.3 thinking",
    );
}

#[test]
fn a_silent_caller_is_asked_bidden_farewell_and_hung_up() {
    check(
        "0.0 agent starts
         5.0 agent stops
         20.2 agent starts
         21.0 agent stops
         31.5 agent starts
         33.0 agent stops
         60.0 end",
        "0.0 speaking
         5.0 listening
         20.0 ARE YOU THERE
         20.2 speaking
         21.0 listening
         31.0 GOODBYE
         31.5 speaking
         33.0 HANG UP
         33.0 idle",
    );
}

#[test]
fn a_bare_yes_answers_are_you_there_and_restores_patience() {
    check(
        "0.0 agent starts
         5.0 agent stops
         20.2 agent starts
         20.9 caller starts
         21.1 agent stops
         21.3 caller stops
         21.4 heard yes
         21.8 agent starts
         22.0 reply ended
         23.0 agent stops
         39.0 end",
        "0.0 speaking
         5.0 listening
         20.0 ARE YOU THERE
         20.2 speaking
         20.9 DUCK
         21.1 RESUME
         21.1 listening
         21.6 REPLY yes
         21.6 thinking
         21.8 speaking
         23.0 listening
         38.0 ARE YOU THERE",
    );
}

#[test]
fn a_caller_who_speaks_into_the_goodbye_keeps_the_call() {
    check(
        "0.0 agent starts
         1.0 agent stops
         16.1 agent starts
         17.0 agent stops
         27.1 agent starts
         27.5 caller starts
         28.5 caller stops
         28.6 heard I am here
         28.7 agent stops
         29.0 end",
        "0.0 speaking
         1.0 listening
         16.0 ARE YOU THERE
         16.1 speaking
         17.0 listening
         27.0 GOODBYE
         27.1 speaking
         27.5 DUCK
         28.0 PAUSE
         28.0 listening
         28.6 CANCEL
         28.8 REPLY I am here
         28.8 thinking",
    );
}

#[test]
fn noise_without_words_does_not_keep_a_call_alive() {
    check(
        "0.0 agent starts
         1.0 agent stops
         8.0 caller starts
         8.4 caller stops
         8.5 heard
         15.9 caller starts
         16.3 caller stops
         16.4 heard
         17.0 end",
        "0.0 speaking
         1.0 listening
         16.4 ARE YOU THERE",
    );
}

#[test]
fn keys_a_code_and_work_of_ours_stop_the_clock() {
    // Keys begin it anew; a code is awaited for five minutes; what is released holds no longer.
    check(
        "0.0 agent starts
         1.0 agent stops
         10.0 keys until 20
         40.0 end",
        "0.0 speaking
         1.0 listening
         35.0 ARE YOU THERE",
    );
    check(
        "0.0 agent starts
         1.0 agent stops
         10.0 code until 310
         320.0 end",
        "0.0 speaking
         1.0 listening",
    );
    check(
        "0.0 agent starts
         1.0 agent stops
         10.0 code until 310
         10.0 work until 40
         12.0 work done
         30.0 code done
         50.0 end",
        "0.0 speaking
         1.0 listening
         45.0 ARE YOU THERE",
    );
}

#[test]
fn a_key_answers_are_you_there_and_the_goodbye() {
    check(
        "0.0 agent starts
         1.0 agent stops
         16.1 agent starts
         17.0 agent stops
         18.0 keys until 19
         34.1 agent starts
         35.0 agent stops
         45.1 agent starts
         45.5 keys until 46
         46.5 agent stops
         61.0 end",
        "0.0 speaking
         1.0 listening
         16.0 ARE YOU THERE
         16.1 speaking
         17.0 listening
         34.0 ARE YOU THERE
         34.1 speaking
         35.0 listening
         45.0 GOODBYE
         45.1 speaking
         46.5 listening",
    );
}

#[test]
fn a_caller_who_asks_for_a_moment_has_two_minutes() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard Hold on a minute please, I have to find my card.
         2.5 agent starts
         2.6 reply ended
         4.0 agent stops
         140.0 end",
        "1.0 listening
         2.3 REPLY Hold on a minute please, I have to find my card.
         2.3 thinking
         2.5 speaking
         4.0 listening
         137.3 ARE YOU THERE",
    );
    // Whoever is back has the usual patience again.
    check(
        "1.0 types one moment
         1.5 agent starts
         1.6 reply ended
         2.0 agent stops
         50.0 types I am back
         50.5 agent starts
         50.6 reply ended
         51.0 agent stops
         67.0 end",
        "1.0 REPLY one moment
         1.0 thinking
         1.5 speaking
         2.0 listening
         50.0 REPLY I am back
         50.0 thinking
         50.5 speaking
         51.0 listening
         66.0 ARE YOU THERE",
    );
}

#[test]
fn talk_that_leads_nowhere_does_not_keep_a_call_alive_for_ever() {
    let mut script = String::new();
    for at in (0..80).step_by(8) {
        script += &format!(
            "{at}.0 caller starts
             {at}.5 caller stops
             {at}.6 heard and now the weather
             {}.2 agent starts
             {}.2 reply is of no use
             {}.3 reply ended
             {}.0 agent stops\n",
            at + 1,
            at + 1,
            at + 1,
            at + 3,
        );
    }
    script += "100.0 end";
    let happened = super::play(&Default::default(), &script);
    let asked = happened
        .iter()
        .position(|line| line.ends_with("ARE YOU THERE"));
    let asked = asked.expect("nobody asked whether anybody is there");
    let answered = happened[..asked]
        .iter()
        .filter(|line| line.contains("REPLY"));
    assert_eq!(answered.count(), 6, "{happened:#?}");
    assert!(
        happened.last().is_some_and(|line| line.ends_with("idle")),
        "the call went on: {happened:#?}"
    );
}

#[test]
fn one_answer_of_use_makes_up_for_those_that_were_none() {
    let mut script = String::new();
    for at in (0..80).step_by(8) {
        let use_of_it = if at % 32 == 0 { "of use" } else { "of no use" };
        script += &format!(
            "{at}.0 types hello
             {at}.2 agent starts
             {at}.2 reply is {use_of_it}
             {at}.3 reply ended
             {at}.9 agent stops\n"
        );
    }
    script += "85.0 end";
    let happened = super::play(&Default::default(), &script);
    let asked = happened
        .iter()
        .filter(|line| line.ends_with("ARE YOU THERE"));
    assert_eq!(asked.count(), 0, "{happened:#?}");
}
