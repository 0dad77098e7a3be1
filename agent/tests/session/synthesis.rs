//! A voice that is slow or fails.

use crate::harness::{
    Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, BYE, DISCLOSURE, GREETING, NOT_CAUGHT, QUESTION,
        SILENCE_GOODBYE, STILL_THERE, TECHNICAL_PROBLEM,
    },
};

#[tokio::test(start_paused = true)]
async fn a_slow_voice_is_late_and_complete() {
    let mut scene = Scene::browser();
    scene.voice.takes = at(2.0);
    scene.says(6.0, 7.0, QUESTION);
    scene.leaves(18.0);
    let played = scene.play().await;
    played.begins(2.1, DISCLOSURE);
    played.begins(9.35, ANSWER_BEGINS);
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn the_second_sentence_is_synthesised_while_the_first_sounds() {
    let mut scene = Scene::browser();
    scene.voice.takes = at(2.0);
    scene.says(6.0, 7.0, QUESTION);
    scene.leaves(18.0);
    let played = scene.play().await;
    let (_, first) = played.sounds(ANSWER_BEGINS);
    let (second, _) = played.sounds(ANSWER_ENDS);
    assert!(second - first < 0.3, "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_spoken_is_apologised_for() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("outside".to_owned());
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(20.0);
    let played = scene.play().await;
    played.hears_then(&[TECHNICAL_PROBLEM]);
    let (from, _) = played.sounds(TECHNICAL_PROBLEM);
    assert!(from < 12.0, "{played}");
    // An answer that nobody heard leaves no row.
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {TECHNICAL_PROBLEM}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn an_answer_whose_second_sentence_cannot_be_spoken_keeps_the_first() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("something else".to_owned());
    scene.says(4.0, 5.0, QUESTION);
    scene.says(10.0, 11.0, QUESTION);
    scene.leaves(16.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {ANSWER_BEGINS}
         4 caller: {QUESTION}
         5 agent: {ANSWER_BEGINS}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_cannot_be_spoken_does_not_stop_the_call() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("help you".to_owned());
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.keeps(&format!(
        "0 agent: {DISCLOSURE}
         1 caller: {QUESTION}
         2 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn an_announcement_that_cannot_be_spoken_does_not_stop_the_call() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("catch".to_owned());
    scene.coughs(4.0, 5.0);
    scene.says(8.0, 9.0, QUESTION);
    scene.leaves(16.0);
    let played = scene.play().await;
    played.does_not_hear(NOT_CAUGHT);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_always_fails_ends_like_a_silence() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some(String::new());
    scene.says(4.0, 5.0, QUESTION);
    let played = scene.play().await;
    played.hears(&[]);
    played.keeps(&format!("0 caller: {QUESTION}\nended silence"));
    assert!(played.lasted < at(120.0), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_hangs_is_given_up_after_five_seconds() {
    let mut scene = Scene::browser();
    scene.voice.takes = at(3_600.0);
    scene.says(4.0, 5.0, QUESTION);
    let played = scene.play().await;
    played.hears(&[]);
    assert!(played.lasted < at(120.0), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_cannot_be_spoken_does_not_hang_up_in_silence() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("Thank you for calling".to_owned());
    scene.says(4.0, 5.0, BYE);
    scene.leaves(20.0);
    let played = scene.play().await;
    played.hears_then(&[TECHNICAL_PROBLEM]);
    played.ends_at(20.0);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_a_silence_that_cannot_be_spoken_ends_the_call_all_the_same() {
    let mut scene = Scene::browser();
    scene.voice.fails_on = Some("cannot hear".to_owned());
    let played = scene.play().await;
    played.does_not_hear(SILENCE_GOODBYE);
    played.keeps(&format!(
        "0 agent: {DISCLOSURE}
         1 agent: {GREETING}
         2 agent: {STILL_THERE}
         ended silence"
    ));
    assert!(played.lasted < at(60.0), "{played}");
}
