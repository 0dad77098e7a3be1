//! How a call ends, and what is kept of its last moments.

use agent::{line::RpcMethod, worker::StopReason};
use call::CallEnding;
use voice::test_support::Recognition;

use crate::harness::{
    OTHER, Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, BYE, DISCLOSURE, GOODBYE, GREETING, QUESTION,
        SERVICE_GOODBYE, SILENCE_GOODBYE, STILL_THERE,
    },
};

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_during_an_answer_leaves_what_they_heard() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(8.3);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {ANSWER_BEGINS} Please --
         ended caller_left"
    ));
    assert!(
        !played.hangs_up(),
        "nobody is left to disconnect:\n{played}"
    );
    played.ends_at(8.3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_before_the_greeting_leaves_no_words() {
    let mut scene = Scene::silent_browser();
    scene.leaves(0.5);
    let played = scene.play().await;
    played.keeps("ended caller_left");
    played.hears(&[]);
    played.states("initializing idle");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_before_the_answer_leaves_their_question() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(5.45);
    let played = scene.play().await;
    played.goes_on(&format!("2 caller: {QUESTION}\nended caller_left"));
    played.hears_then(&[]);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_answered_and_the_call_ended() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, BYE);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {BYE}
         3 agent: {GOODBYE}
         ended agent_goodbye"
    ));
    let (_, said) = played.sounds(GOODBYE);
    played.ends_at(said);
    assert!(played.hangs_up(), "the caller stays behind:\n{played}");
}

#[tokio::test(start_paused = true)]
async fn words_over_the_goodbye_keep_the_call() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, BYE);
    // The goodbye sounds from 5.6 to 7.1 s.
    scene.says(5.9, 6.6, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[GOODBYE, ANSWER_BEGINS, ANSWER_ENDS]);
    played.goes_on(&format!(
        "2 caller: {BYE}
         3 agent: Thank you for --
         4 caller: {QUESTION}
         5 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn typed_words_over_the_goodbye_keep_the_call() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, BYE);
    scene.types(6.5, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[GOODBYE, ANSWER_BEGINS, ANSWER_ENDS]);
}

#[tokio::test(start_paused = true)]
async fn a_listeners_noise_over_the_goodbye_does_not_keep_the_call() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, BYE);
    scene.says(5.8, 6.2, "Okay.");
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {BYE}
         3 agent: {GOODBYE}
         ended agent_goodbye"
    ));
}

#[tokio::test(start_paused = true)]
async fn words_over_the_goodbye_of_a_silence_are_answered_and_the_call_goes_on() {
    let mut scene = Scene::browser();
    // The goodbye sounds from 34.6 to 36.1 s, and cannot be cut.
    scene.says(34.8, 35.3, QUESTION);
    scene.leaves(58.0);
    let played = scene.play().await;
    let (begun, ended) = played.sounds(SILENCE_GOODBYE);
    assert!(ended - begun > 1.49, "{played}");
    played.hears_then(&[
        STILL_THERE,
        SILENCE_GOODBYE,
        ANSWER_BEGINS,
        ANSWER_ENDS,
        STILL_THERE,
    ]);
    played.goes_on(&format!(
        "2 agent: {STILL_THERE}
         3 agent: {SILENCE_GOODBYE}
         4 caller: {QUESTION}
         5 agent: {ANSWER}
         6 agent: {STILL_THERE}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn typed_words_over_the_goodbye_of_a_silence_keep_the_call() {
    let mut scene = Scene::browser();
    scene.types(35.0, QUESTION);
    scene.leaves(45.0);
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, SILENCE_GOODBYE, ANSWER_BEGINS, ANSWER_ENDS]);
}

#[tokio::test(start_paused = true)]
async fn a_page_hangs_up() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.asks(7.0, RpcMethod::HangUp, "{}");
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: That is outside what I --
         ended caller_left"
    ));
    played.ends_at(7.0);
    assert_eq!(
        played.answers.len(),
        1,
        "the page got its answer:\n{played}"
    );
    assert!(played.hangs_up(), "the page stays in the room:\n{played}");
}

#[tokio::test(start_paused = true)]
async fn a_page_hangs_up_before_the_greeting() {
    let mut scene = Scene::silent_browser();
    scene.asks(0.5, RpcMethod::HangUp, "{}");
    let played = scene.play().await;
    played.keeps("ended caller_left");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_hangs_up_twice_ends_one_call() {
    let mut scene = Scene::browser();
    scene.asks(4.0, RpcMethod::HangUp, "{}");
    scene.asks(4.0, RpcMethod::HangUp, "{}");
    let played = scene.play().await;
    played.goes_on("ended caller_left");
}

#[tokio::test(start_paused = true)]
async fn a_room_that_is_deleted_ends_the_call() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.room_ends(7.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: That is outside what I --
         ended room_lost"
    ));
    assert!(!played.hangs_up(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_the_job_is_obeyed_within_its_three_seconds() {
    let mut scene = Scene::browser();
    scene.says_in_vain(4.0, 5.0, QUESTION, Recognition::Never);
    scene.is_stopped(6.0, StopReason::Terminated);
    let played = scene.play().await;
    played.goes_on("ended room_lost");
    played.ends_at(6.0);
    assert!(played.lasted < at(8.0), "{played}");
}

#[tokio::test(start_paused = true)]
async fn the_last_words_before_the_server_ends_the_job_are_kept() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(1.0);
    scene.says(4.0, 5.0, QUESTION);
    scene.is_stopped(4.9, StopReason::Terminated);
    let played = scene.play().await;
    played.goes_on(&format!("2 caller: {QUESTION}\nended room_lost"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_the_job_before_the_greeting_ends_the_call() {
    let mut scene = Scene::silent_browser();
    scene.is_stopped(0.5, StopReason::Terminated);
    let played = scene.play().await;
    played.keeps("ended room_lost");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_ended_during_the_drains_goodbye_is_left_at_once() {
    let mut scene = Scene::browser();
    scene.is_stopped(4.0, StopReason::Draining);
    scene.is_stopped(4.6, StopReason::Terminated);
    let played = scene.play().await;
    played.goes_on("2 agent: Our service --\nended room_lost");
    played.ends_at(4.6);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_asks_twice_is_obeyed_once() {
    let mut scene = Scene::browser();
    scene.is_stopped(4.0, StopReason::Draining);
    scene.is_stopped(4.6, StopReason::Draining);
    let played = scene.play().await;
    played.goes_on(&format!("2 agent: {SERVICE_GOODBYE}\nended drained"));
}

#[tokio::test(start_paused = true)]
async fn somebody_else_who_leaves_ends_nothing() {
    let mut scene = Scene::browser();
    scene.joins_as(1.0, OTHER);
    scene.leaves_as(4.0, OTHER);
    scene.says(5.0, 6.0, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_panics_closes_its_record() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.session_panics(7.0);
    let played = scene.play().await;
    assert!(played.ended.is_none(), "{played}");
    assert_eq!(played.end().ending, CallEnding::Broken);
    // What was final stands; what was under way is lost with the session.
    played.keeps(&format!(
        "0 agent: {DISCLOSURE}
         1 agent: {GREETING}
         2 caller: {QUESTION}
         ended broken"
    ));
}
