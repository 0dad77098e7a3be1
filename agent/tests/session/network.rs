//! The caller's network breaks.

use call::CallEnding;

use crate::harness::{
    OTHER, Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, DISCLOSURE, QUESTION, SILENCE_GOODBYE, STILL_THERE,
    },
};

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_back_after_14_seconds_goes_on() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.unpublishes(5.0);
    scene.returns(19.0);
    scene.publishes_again(19.1, "TR_2");
    scene.says_into("TR_2", 20.0, 21.0, QUESTION);
    scene.leaves(28.0);
    let played = scene.play().await;
    let rows = &played.kept.rows;
    assert_eq!(rows[rows.len() - 2].content, QUESTION, "{played}");
    assert_eq!(rows[rows.len() - 1].content, ANSWER, "{played}");
    played.ends_at(28.0);
    let opened = played.heard.iter().filter(|heard| heard.text == DISCLOSURE);
    assert_eq!(opened.count(), 1, "a call is opened once:\n{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_back_after_16_seconds_finds_the_call_ended() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.returns(21.0);
    let played = scene.play().await;
    played.ends_at(20.0);
    assert_eq!(played.end().ending, CallEnding::CallerLeft, "{played}");
    assert!(!played.hangs_up(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_network_that_breaks_twice_gets_the_whole_time_twice() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.returns(18.0);
    scene.breaks(19.0);
    scene.returns(33.0);
    scene.leaves(34.0);
    let played = scene.play().await;
    played.ends_at(34.0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_while_the_connection_is_broken_is_not_waited_for() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.leaves(8.0);
    let played = scene.play().await;
    played.ends_at(8.0);
}

#[tokio::test(start_paused = true)]
async fn a_room_that_ends_while_the_connection_is_broken_is_not_waited_for() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.room_ends(8.0);
    let played = scene.play().await;
    played.goes_on("ended room_lost");
}

#[tokio::test(start_paused = true)]
async fn somebody_else_who_joins_is_not_the_caller_who_returns() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.joins_as(7.0, OTHER);
    let played = scene.play().await;
    played.ends_at(20.0);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_when_the_network_broke_is_kept() {
    let mut scene = Scene::browser();
    scene.says(4.0, 8.0, QUESTION);
    scene.breaks(5.0);
    scene.unpublishes(5.0);
    let played = scene.play().await;
    assert_eq!(played.kept.rows[2].content, QUESTION, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_short_break_during_an_answer_does_not_stop_it() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.breaks(6.5);
    scene.returns(7.5);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_on_the_way_back_is_not_hung_up_on_for_being_silent() {
    let mut scene = Scene::browser();
    // Asked at 18.3 s, and the goodbye would come at 34.6 s.
    scene.breaks(30.0);
    scene.returns(44.0);
    scene.says(45.0, 46.0, QUESTION);
    scene.leaves(52.0);
    let played = scene.play().await;
    played.does_not_hear(SILENCE_GOODBYE);
    played.begins(46.5, ANSWER_BEGINS);
    played.ends_at(52.0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_comes_back_and_is_silent_is_asked_whether_they_are_there() {
    let mut scene = Scene::browser();
    scene.breaks(5.0);
    scene.returns(12.0);
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, SILENCE_GOODBYE]);
    assert!(played.lasted < at(60.0), "{played}");
}
