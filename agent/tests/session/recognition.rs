//! What comes of a recogniser that is slow, fails or never answers.

use voice::test_support::Recognition;

use crate::harness::{
    Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, NO, NOT_CAUGHT, NOT_CAUGHT_AGAIN, NOTHING_ELSE,
        QUESTION, STILL_THERE,
    },
};

#[tokio::test(start_paused = true)]
async fn speech_without_words_is_asked_for_again() {
    let mut scene = Scene::browser();
    scene.coughs(4.0, 5.0);
    scene.leaves(9.0);
    let played = scene.play().await;
    played.begins(5.6, NOT_CAUGHT);
    played.goes_on(&format!("2 agent: {NOT_CAUGHT}\nended caller_left"));
}

#[tokio::test(start_paused = true)]
async fn a_short_noise_is_not_talked_about() {
    let mut scene = Scene::browser();
    scene.coughs(4.0, 4.4);
    scene.leaves(9.0);
    let played = scene.play().await;
    played.hears_then(&[]);
}

#[tokio::test(start_paused = true)]
async fn did_not_catch_grows_more_helpful_and_then_stops() {
    let mut scene = Scene::browser();
    for place in 0..4 {
        let from = 4.0 + 4.0 * f64::from(place);
        scene.coughs(from, from + 1.0);
    }
    scene.leaves(22.0);
    let played = scene.play().await;
    played.hears_then(&[NOT_CAUGHT, NOT_CAUGHT_AGAIN]);
}

#[tokio::test(start_paused = true)]
async fn after_words_did_not_catch_begins_anew() {
    let mut scene = Scene::browser();
    scene.coughs(4.0, 5.0);
    scene.coughs(8.0, 9.0);
    scene.says(12.0, 13.0, NO);
    scene.coughs(16.0, 17.0);
    scene.leaves(20.0);
    let played = scene.play().await;
    played.hears_then(&[NOT_CAUGHT, NOT_CAUGHT_AGAIN, NOTHING_ELSE, NOT_CAUGHT]);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_fails_is_admitted() {
    let mut scene = Scene::browser();
    scene.says_in_vain(4.0, 4.4, QUESTION, Recognition::Fails);
    scene.says(8.0, 9.0, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[NOT_CAUGHT, ANSWER_BEGINS, ANSWER_ENDS]);
    played.goes_on(&format!(
        "2 agent: {NOT_CAUGHT}
         3 caller: {QUESTION}
         4 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_transcript_that_never_comes_is_given_up_after_ten_seconds() {
    let mut scene = Scene::browser();
    scene.says_in_vain(4.0, 5.0, QUESTION, Recognition::Never);
    scene.leaves(18.0);
    let played = scene.play().await;
    // Ten seconds from when the end of the speech was noticed.
    played.begins(15.3, NOT_CAUGHT);
    played.goes_on(&format!("2 agent: {NOT_CAUGHT}\nended caller_left"));
}

#[tokio::test(start_paused = true)]
async fn after_a_transcript_that_never_came_the_caller_is_heard_again() {
    let mut scene = Scene::browser();
    scene.says_in_vain(4.0, 5.0, "Hello?", Recognition::Never);
    scene.says(18.0, 19.0, QUESTION);
    scene.leaves(30.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 agent: {NOT_CAUGHT}
         3 caller: {QUESTION}
         4 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn words_that_are_recognised_late_are_answered_when_they_come() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(4.0);
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.begins(9.3, ANSWER_BEGINS);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn utterances_stay_in_order_whichever_is_recognised_first() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(3.0);
    scene.says(4.0, 5.0, "What is the weather");
    scene.recognition_takes = at(0.1);
    scene.says(5.4, 6.4, "like in Paris?");
    scene.leaves(14.0);
    let played = scene.play().await;
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_slow_recogniser_is_not_taken_for_a_silent_caller() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(4.0);
    scene.says(15.0, 16.0, QUESTION);
    scene.leaves(24.0);
    let played = scene.play().await;
    played.does_not_hear(STILL_THERE);
}

#[tokio::test(start_paused = true)]
async fn the_last_words_of_a_caller_who_hangs_up_are_kept() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(2.0);
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(4.9);
    let played = scene.play().await;
    played.goes_on(&format!("2 caller: {QUESTION}\nended caller_left"));
    played.ends_at(4.9);
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_wait_for_ever_for_its_last_words() {
    let mut scene = Scene::browser();
    scene.says_in_vain(4.0, 5.0, QUESTION, Recognition::Never);
    scene.leaves(6.0);
    let played = scene.play().await;
    played.goes_on("ended caller_left");
    assert!(played.lasted < at(11.1), "{played}");
}
