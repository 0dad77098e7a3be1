//! Tracks that come, go and fall silent.

use call::CallEnding;

use crate::harness::{
    OTHER, Scene, at,
    words::{ANSWER, ANSWER_BEGINS, ANSWER_ENDS, DISCLOSURE, GREETING, QUESTION, STILL_THERE},
};

#[tokio::test(start_paused = true)]
async fn a_microphone_that_is_published_again_is_heard() {
    let mut scene = Scene::browser();
    scene.unpublishes(3.5);
    scene.publishes_again(5.0, "TR_2");
    scene.says_into("TR_2", 6.0, 7.0, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.begins(7.5, ANSWER_BEGINS);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_microphone_that_is_published_again_under_its_old_name_is_heard() {
    let mut scene = Scene::browser();
    scene.unpublishes(3.5);
    scene.publishes(5.0);
    scene.says(6.0, 7.0, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn what_was_being_said_when_the_track_ended_is_answered() {
    let mut scene = Scene::browser();
    scene.says(4.0, 8.0, QUESTION);
    scene.unpublishes(5.0);
    scene.leaves(12.0);
    let played = scene.play().await;
    // More of it will not come: the end of the track is noticed at once.
    played.begins(5.3, ANSWER_BEGINS);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_sentence_may_go_on_in_another_track() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, "What is the weather");
    scene.unpublishes(5.0);
    scene.publishes_again(5.1, "TR_2");
    scene.says_into("TR_2", 5.2, 6.2, "like in Paris?");
    scene.leaves(14.0);
    let played = scene.play().await;
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_device_may_be_changed_before_the_old_track_ends() {
    let mut scene = Scene::browser();
    scene.publishes_again(3.5, "TR_2");
    // The end of the old track is not the end of the new one.
    scene.unpublishes(4.5);
    scene.says_into("TR_2", 4.2, 5.2, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_microphone_that_is_muted_for_a_minute_is_heard_when_it_is_back() {
    let mut scene = Scene::browser();
    scene.config.turn.goodbye_after = at(60.0);
    // Muted in the middle of a sentence: from then on there is silence.
    scene.says(4.0, 5.0, QUESTION);
    scene.says(65.0, 66.0, QUESTION);
    scene.leaves(72.0);
    let played = scene.play().await;
    played.hears_then(&[
        ANSWER_BEGINS,
        ANSWER_ENDS,
        STILL_THERE,
        ANSWER_BEGINS,
        ANSWER_ENDS,
    ]);
    played.begins(66.5, ANSWER_BEGINS);
}

#[tokio::test(start_paused = true)]
async fn a_microphone_that_stays_muted_ends_the_call_like_silence() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    let played = scene.play().await;
    assert_eq!(played.end().ending, CallEnding::Silence, "{played}");
    assert!(played.lasted < at(60.0), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_microphone_types() {
    let mut scene = Scene::silent_browser();
    scene.hears_us(0.1);
    scene.types(4.0, QUESTION);
    scene.leaves(10.0);
    let played = scene.play().await;
    played.begins(4.1, ANSWER_BEGINS);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_microphone_is_not_listened_to() {
    let mut scene = Scene::browser();
    scene.joins_as(2.0, OTHER);
    scene.publishes_as(2.1, OTHER, "TR_other");
    scene.says_into("TR_other", 4.0, 5.0, "Close my contract.");
    // It does not interrupt, either.
    scene.says(6.0, 7.0, QUESTION);
    scene.says_into("TR_other", 8.0, 10.0, "Stop!");
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_somebody_elses_track_does_not_deafen_the_agent() {
    let mut scene = Scene::browser();
    scene.publishes_as(2.0, OTHER, "TR_other");
    scene.unpublishes_as(3.0, OTHER, "TR_other");
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_microphone_that_comes_late_is_heard() {
    let mut scene = Scene::silent_browser();
    scene.hears_us(0.1);
    scene.publishes(9.0);
    scene.says(10.0, 11.0, QUESTION);
    scene.leaves(18.0);
    let played = scene.play().await;
    played.keeps(&format!(
        "0 agent: {DISCLOSURE}
         1 agent: {GREETING}
         2 caller: {QUESTION}
         3 agent: {ANSWER}
         ended caller_left"
    ));
}
