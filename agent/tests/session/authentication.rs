//! Callers prove who they are, by the page's form or by the keypad.

use agent::line::RpcMethod;
use authentication::{Started, Verified};

use crate::harness::{
    OTHER, Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, AUTHENTICATED, CALLBACK_OFFER, CANNOT_AUTHENTICATE,
        CODE_LIMIT, CODE_WRONG, ENTER_CODE, ENTER_NUMBER, QUESTION, UNCLEAR, WANTS_PERSON,
    },
};

const CODE: &str = "271828";

fn page() -> Scene {
    let mut scene = Scene::browser();
    scene.authenticates_with(CODE);
    scene
}

fn keypad() -> Scene {
    let mut scene = Scene::phone();
    scene.authenticates_with(CODE);
    scene
}

#[tokio::test(start_paused = true)]
async fn a_page_proves_who_calls() {
    let mut scene = page();
    scene.claims(4.0);
    scene.enters(8.0, CODE);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.answers("code_sent authenticated");
    // Half a second for each step; the page is answered before the voice is ready.
    assert_eq!(played.answers[0].0, at(4.5), "{played}");
    played.begins(4.6, ENTER_CODE);
    played.begins(8.6, AUTHENTICATED);
    played.goes_on(&format!(
        "2 agent: {ENTER_CODE}
         3 agent: {AUTHENTICATED}
         ended caller_left"
    ));
    assert!(played.end().authentication_attempted, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_keypad_proves_who_calls() {
    let mut scene = keypad();
    scene.dials(4.0, "100234#");
    // Six digits are a code without a key after them.
    scene.dials(8.0, CODE);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 agent: {ENTER_CODE}
         3 agent: {AUTHENTICATED}
         ended caller_left"
    ));
    played.begins(5.8, ENTER_CODE);
    played.begins(9.6, AUTHENTICATED);
}

#[tokio::test(start_paused = true)]
async fn a_pause_completes_a_number_on_the_keypad() {
    let mut scene = keypad();
    scene.dials(4.0, "100234");
    scene.leaves(12.0);
    let played = scene.play().await;
    // Four seconds after the last key, half a second for the step.
    played.begins(9.6, ENTER_CODE);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_code_may_be_entered_again() {
    let mut scene = page();
    scene.claims(4.0);
    scene.enters(7.0, "111111");
    scene.enters(10.0, "222222");
    scene.enters(13.0, CODE);
    scene.leaves(17.0);
    let played = scene.play().await;
    played.answers("code_sent wrong_code wrong_code authenticated");
    played.hears_then(&[ENTER_CODE, CODE_WRONG, CODE_WRONG, AUTHENTICATED]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_code_on_the_keypad_may_be_entered_again() {
    let mut scene = keypad();
    scene.dials(4.0, "100234#");
    scene.dials(8.0, "111111");
    scene.dials(12.0, CODE);
    scene.leaves(16.0);
    let played = scene.play().await;
    played.hears_then(&[ENTER_CODE, CODE_WRONG, AUTHENTICATED]);
}

#[tokio::test(start_paused = true)]
async fn the_star_key_begins_again() {
    let mut scene = keypad();
    scene.dials(4.0, "99*");
    scene.dials(7.0, "100234#");
    scene.dials(11.0, "27*");
    scene.dials(14.0, CODE);
    scene.leaves(18.0);
    let played = scene.play().await;
    played.hears_then(&[ENTER_NUMBER, ENTER_CODE, ENTER_CODE, AUTHENTICATED]);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_too_short_is_asked_for_again() {
    let mut scene = keypad();
    scene.dials(4.0, "12#");
    scene.leaves(9.0);
    let played = scene.play().await;
    played.hears_then(&[ENTER_NUMBER]);
    assert!(!played.end().authentication_attempted, "{played}");
}

#[tokio::test(start_paused = true)]
async fn key_0_is_a_person_also_for_a_caller_who_is_known() {
    let mut scene = keypad();
    scene.dials(4.0, "0#");
    scene.dials(8.0, "100234#");
    scene.dials(12.0, CODE);
    // Without the hash key, a pause completes it.
    scene.dials(16.0, "0");
    scene.leaves(24.0);
    let played = scene.play().await;
    played.hears_then(&[CALLBACK_OFFER, ENTER_CODE, AUTHENTICATED, CALLBACK_OFFER]);
}

#[tokio::test(start_paused = true)]
async fn two_digits_during_an_answer_do_not_cut_it() {
    let mut scene = keypad();
    scene.says(4.0, 5.0, QUESTION);
    // The answer sounds from 5.6 to 9.4 s.
    scene.dials(6.5, "12");
    scene.leaves(15.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS, ENTER_NUMBER]);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {ANSWER}
         4 agent: {ENTER_NUMBER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_browser_and_of_somebody_else_are_not_obeyed() {
    let mut scene = page();
    scene.dials(4.0, "100234#");
    scene.leaves(10.0);
    let browser = scene.play().await;
    browser.hears_then(&[]);
    let mut scene = keypad();
    scene.dials_as(4.0, OTHER, "100234#");
    scene.leaves(10.0);
    let phone = scene.play().await;
    phone.hears_then(&[]);
    assert!(
        !phone.end().authentication_attempted && !browser.end().authentication_attempted,
        "{phone}{browser}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_that_asks_twice_gets_the_answer_busy() {
    let mut scene = page();
    scene.claims(4.0);
    scene.claims(4.2);
    scene.enters(4.3, CODE);
    scene.leaves(8.0);
    let played = scene.play().await;
    played.answers("busy busy code_sent");
    played.hears_then(&[ENTER_CODE]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_gone_while_the_code_is_checked_leaves_a_closed_record() {
    let mut scene = page();
    scene.claims(4.0);
    scene.enters(8.0, CODE);
    scene.leaves(8.2);
    let played = scene.play().await;
    played.answers("code_sent -");
    played.goes_on(&format!("2 agent: {ENTER_CODE}\nended caller_left"));
    played.ends_at(8.2);
    assert!(played.end().authentication_attempted, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_gone_while_the_code_is_sent_leaves_a_closed_record() {
    let mut scene = keypad();
    scene.dials(4.0, "100234#");
    scene.leaves(5.4);
    let played = scene.play().await;
    played.goes_on("ended caller_left");
    assert!(played.end().authentication_attempted, "{played}");
}

#[tokio::test(start_paused = true)]
async fn without_a_sender_of_codes_nobody_is_verified() {
    let mut scene = Scene::browser();
    scene.claims(4.0);
    scene.enters(8.0, CODE);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.answers("unavailable unavailable");
    played.hears_then(&[CANNOT_AUTHENTICATE, CANNOT_AUTHENTICATE]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_verifies_nobody() {
    let mut scene = page();
    let script = scene.authenticates_with(CODE);
    script.verified = Verified::Unavailable;
    scene.claims(4.0);
    scene.enters(8.0, CODE);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.answers("code_sent unavailable");
    played.hears_then(&[ENTER_CODE, CANNOT_AUTHENTICATE]);
}

#[tokio::test(start_paused = true)]
async fn too_many_attempts_are_refused() {
    let mut scene = page();
    scene.authenticates_with(CODE).started = Started::Limited;
    scene.claims(4.0);
    scene.leaves(8.0);
    let played = scene.play().await;
    played.answers("limited");
    played.hears_then(&[CODE_LIMIT]);
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_keypad_takes_a_number_again() {
    let mut scene = keypad();
    scene.authenticates_with(CODE).started = Started::Limited;
    scene.dials(4.0, "100234#");
    scene.dials(9.0, "99*");
    scene.leaves(13.0);
    let played = scene.play().await;
    played.hears_then(&[CODE_LIMIT, ENTER_NUMBER]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_sends_nonsense_gets_the_answer_malformed() {
    let mut scene = page();
    scene.asks(4.0, RpcMethod::Authenticate, "{\"username\": 7}");
    scene.asks(4.1, RpcMethod::Verify, "not JSON");
    scene.asks(4.2, RpcMethod::Verify, "");
    let national = r#"{"username": "sarah", "phone_number": "0771234567"}"#;
    scene.asks(4.3, RpcMethod::Authenticate, national);
    scene.claims(4.4);
    scene.leaves(8.0);
    let played = scene.play().await;
    played.answers("malformed malformed malformed malformed code_sent");
    played.hears_then(&[ENTER_CODE]);
}

#[tokio::test(start_paused = true)]
async fn a_verified_phone_takes_no_further_keys() {
    let mut scene = keypad();
    scene.dials(4.0, "100234#");
    scene.dials(8.0, CODE);
    scene.dials(12.0, "555555#");
    scene.leaves(18.0);
    let played = scene.play().await;
    played.hears_then(&[ENTER_CODE, AUTHENTICATED]);
}

#[tokio::test(start_paused = true)]
async fn a_step_of_authentication_does_not_hold_up_an_answer() {
    let mut scene = page();
    scene.authenticates_with(CODE).takes = at(6.0);
    scene.claims(4.0);
    scene.says(4.2, 5.2, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.begins(5.7, ANSWER_BEGINS);
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS, ENTER_CODE]);
}

#[tokio::test(start_paused = true)]
async fn a_yes_after_the_code_was_sent_is_not_consent_to_an_offer_before_it() {
    let mut scene = page();
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.claims(8.0);
    scene.says(11.0, 11.4, "Yes.");
    scene.leaves(16.0);
    let played = scene.play().await;
    played.hears_then(&[CALLBACK_OFFER, ENTER_CODE, UNCLEAR]);
}
