//! The worker stops: its calls say goodbye.

use agent::worker::StopReason;
use call::CallEnding;

use crate::{
    harness::{
        Carrier, Scene, at,
        words::{
            ANSWER_BEGINS, BYE, GOODBYE, QUESTION, SERVICE_GOODBYE, SILENCE_GOODBYE, STILL_THERE,
            TRANSFER_OFFER, TRANSFERRING,
        },
    },
    transfer::{ASKED, transferring},
};

#[tokio::test(start_paused = true)]
async fn a_drain_says_goodbye_and_hangs_up() {
    let mut scene = Scene::browser();
    scene.is_stopped(5.0, StopReason::Draining);
    let played = scene.play().await;
    played.begins(5.1, SERVICE_GOODBYE);
    played.goes_on(&format!("2 agent: {SERVICE_GOODBYE}\nended drained"));
    let (_, said) = played.sounds(SERVICE_GOODBYE);
    played.ends_at(said);
    assert!(played.hangs_up(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_before_the_greeting_ends_without_a_word() {
    let mut scene = Scene::silent_browser();
    scene.is_stopped(0.5, StopReason::Draining);
    let played = scene.play().await;
    played.hears(&[]);
    played.keeps("ended drained");
}

#[tokio::test(start_paused = true)]
async fn a_drain_cuts_an_answer() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.is_stopped(7.0, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, SERVICE_GOODBYE]);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: That is outside what I --
         4 agent: {SERVICE_GOODBYE}
         ended drained"
    ));
}

#[tokio::test(start_paused = true)]
async fn words_over_the_goodbye_of_a_drain_do_not_cut_it_and_are_kept() {
    let mut scene = Scene::browser();
    scene.is_stopped(5.0, StopReason::Draining);
    // The goodbye sounds from 5.1 to 6.3 s.
    scene.says(5.2, 5.6, QUESTION);
    let played = scene.play().await;
    let (begun, ended) = played.sounds(SERVICE_GOODBYE);
    assert!(ended - begun > 1.19, "{played}");
    played.hears_then(&[SERVICE_GOODBYE]);
    played.goes_on(&format!(
        "2 agent: {SERVICE_GOODBYE}
         3 caller: {QUESTION}
         ended drained"
    ));
}

#[tokio::test(start_paused = true)]
async fn typed_words_over_the_goodbye_of_a_drain_are_kept() {
    let mut scene = Scene::browser();
    scene.is_stopped(5.0, StopReason::Draining);
    scene.types(5.5, QUESTION);
    let played = scene.play().await;
    played.hears_then(&[SERVICE_GOODBYE]);
    played.keeps_the_question();
}

#[tokio::test(start_paused = true)]
async fn what_the_caller_is_saying_when_the_drain_comes_is_kept() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.5, QUESTION);
    scene.is_stopped(5.0, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[SERVICE_GOODBYE]);
    played.keeps_the_question();
}

#[tokio::test(start_paused = true)]
async fn a_drains_goodbye_that_cannot_be_spoken_does_not_hold_the_worker_up() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("restarts".to_owned());
    scene.is_stopped(5.0, StopReason::Draining);
    let played = scene.play().await;
    played.goes_on("ended drained");
    assert!(played.lasted < at(17.1), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_into_the_goodbye_of_a_silence_ends_the_call_with_its_own() {
    let mut scene = Scene::browser();
    scene.is_stopped(35.0, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, SILENCE_GOODBYE, SERVICE_GOODBYE]);
    assert_eq!(played.end().ending, CallEnding::Drained, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_into_a_goodbye_ends_the_call_with_its_own() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, BYE);
    scene.is_stopped(6.5, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[GOODBYE, SERVICE_GOODBYE]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_into_an_answer_that_is_held_says_goodbye_all_the_same() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    // The answer is held from 6.5 s on.
    scene.coughs(6.0, 9.0);
    scene.is_stopped(7.5, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, SERVICE_GOODBYE]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_after_the_goodbye_of_a_drain() {
    let mut scene = Scene::browser();
    scene.authenticates_with("271828");
    scene.claims(4.8);
    scene.is_stopped(5.0, StopReason::Draining);
    let played = scene.play().await;
    played.answers("code_sent");
    played.hears_then(&[SERVICE_GOODBYE]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_a_transfer_that_succeeds() {
    let mut scene = transferring(Carrier::Takes(at(6.0)));
    scene.is_stopped(11.0, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    played.goes_on(&format!("{ASKED}\ntool success\nended transferred"));
    assert!(!played.hangs_up(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn after_a_transfer_that_fails_during_a_drain_the_goodbye_alone_is_said() {
    let mut scene = transferring(Carrier::Refuses(at(6.0)));
    scene.is_stopped(11.0, StopReason::Draining);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING, SERVICE_GOODBYE]);
    played.goes_on(&format!(
        "{ASKED}
         tool failed
         6 agent: {SERVICE_GOODBYE}
         ended drained"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_hangs_does_not_hold_a_drain_up() {
    let mut scene = transferring(Carrier::Hangs);
    scene.is_stopped(11.0, StopReason::Draining);
    let played = scene.play().await;
    played.goes_on(&format!("{ASKED}\ntool unknown\nended drained"));
    played.ends_at(23.0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_away_does_not_hold_a_drain_up() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.is_stopped(6.0, StopReason::Draining);
    let played = scene.play().await;
    assert!(played.lasted < at(18.1), "{played}");
}
