//! What of a call's sound is kept, and what is silence in it.

use call::Speaker;
use voice::test_support::Recognition;

use crate::harness::{
    Scene, at,
    words::{ANSWER_BEGINS, AUTHENTICATED, DISCLOSURE, ENTER_CODE, NO, QUESTION},
};

const CODE: &str = "271828";
const CARD: &str = "My card is 4111 1111 1111 1111.";

/// Whether a side sounds all through this stretch, or is silent all through it; seconds.
#[track_caller]
fn check(sound: &[i16], from: f64, to: f64, sounds: bool) {
    let place = |seconds: f64| (seconds * 16_000.0) as usize;
    let stretch = sound.get(place(from)..place(to)).expect("it lasts so long");
    // The listener's scripted speech has one level; a resampled edge may pass through zero.
    let loud = stretch
        .chunks(160)
        .filter(|frame| frame.iter().any(|sample| *sample != 0));
    let (loud, all) = (loud.count(), stretch.chunks(160).count());
    let expected = if sounds { all } else { 0 };
    assert_eq!(loud, expected, "of {all} frames from {from} to {to} s");
}

fn recorded(mut scene: Scene) -> Scene {
    scene.recorded = true;
    scene
}

#[tokio::test(start_paused = true)]
async fn both_sides_are_kept_where_they_were_heard() {
    let mut scene = recorded(Scene::browser());
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    let [caller, agent] = &played.sound;
    let (from, to) = played.sounds(DISCLOSURE);
    check(agent, from + 0.02, to - 0.03, true);
    check(agent, 0.0, from - 0.03, false);
    check(caller, 0.1, 3.9, false);
    check(caller, 4.03, 4.97, true);
    check(caller, 5.05, 11.9, false);
    assert!((11.9..12.1).contains(&(caller.len() as f64 / 16_000.0)));
    let rows = &played.kept.rows;
    let question = rows.iter().find(|row| row.speaker == Speaker::Caller);
    let began = question.and_then(|row| row.started_ms).expect("a time");
    assert!(
        (4_000..4_200).contains(&began),
        "{began} ms: where its sound is"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_recorded_leaves_nothing() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    assert!(played.sound.iter().all(Vec::is_empty));
    assert_eq!(played.kept.sounds, 0);
}

#[tokio::test(start_paused = true)]
async fn a_card_number_that_was_said_is_silence_and_what_was_said_around_it_is_not() {
    let mut scene = recorded(Scene::browser());
    scene.says(4.0, 5.0, QUESTION);
    scene.says(11.0, 14.0, CARD);
    scene.says(17.0, 18.0, NO);
    scene.leaves(24.0);
    let played = scene.play().await;
    assert!(
        !format!("{:?}", played.kept.lines).contains("4111"),
        "{played}"
    );
    let [caller, _] = &played.sound;
    check(caller, 4.03, 4.97, true);
    check(caller, 10.0, 15.0, false);
    check(caller, 17.03, 17.97, true);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_recognise_is_silence() {
    for what in [Recognition::Fails, Recognition::Never] {
        let mut scene = recorded(Scene::browser());
        scene.says(4.0, 5.0, QUESTION);
        scene.says_in_vain(12.0, 14.0, CARD, what);
        scene.leaves(26.0);
        let played = scene.play().await;
        let [caller, _] = &played.sound;
        check(caller, 4.03, 4.97, true);
        check(caller, 11.8, 14.2, false);
    }
}

#[tokio::test(start_paused = true)]
async fn on_a_line_that_echoes_the_caller_is_kept() {
    let mut scene = recorded(Scene::phone());
    scene.echoes_after = Some(at(0.2));
    // The greeting is over and has come back.
    scene.says(12.0, 13.0, QUESTION);
    scene.says(24.0, 25.0, QUESTION);
    scene.leaves(34.0);
    let played = scene.play().await;
    let [caller, agent] = &played.sound;
    // A scene's track leaves silence out, so what is muted before the echo of the answer reaches back into the question.
    check(caller, 12.03, 12.55, true);
    check(caller, 24.03, 24.55, true);
    let (from, to) = played.sounds(ANSWER_BEGINS);
    check(agent, from + 0.5, to - 0.05, true);
}

#[tokio::test(start_paused = true)]
async fn while_a_code_is_entered_both_sides_are_silence() {
    let mut scene = recorded(Scene::phone());
    scene.authenticates_with(CODE);
    scene.dials(4.0, "100234#");
    // Said into it, as people do.
    scene.says(7.5, 8.0, "two seven one");
    scene.dials(8.0, CODE);
    scene.says(13.0, 14.0, QUESTION);
    scene.leaves(20.0);
    let played = scene.play().await;
    let (asked, over) = played.sounds(ENTER_CODE);
    let [caller, agent] = &played.sound;
    check(agent, asked, over, false);
    check(caller, 3.1, 9.5, false);
    let (from, to) = played.sounds(AUTHENTICATED);
    check(agent, from + 0.5, to - 0.05, true);
    check(caller, 13.03, 13.97, true);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_nobody_enters_does_not_silence_the_rest_of_the_call() {
    let mut scene = recorded(Scene::phone());
    scene.authenticates_with(CODE);
    scene.dials(4.0, "100234#");
    // Nobody asks whether they are still there.
    scene.config.turn.are_you_there_after = Some(at(1_800.0));
    scene.says(100.0, 101.0, QUESTION);
    scene.says(150.0, 151.0, QUESTION);
    scene.leaves(160.0);
    let played = scene.play().await;
    let [caller, _] = &played.sound;
    check(caller, 99.0, 102.0, false);
    check(caller, 150.03, 150.97, true);
}
