//! A line on which the agent's own voice comes back.

use call::{CallEnding, Speaker};

use crate::harness::{
    Scene, at,
    words::{ANSWER, ANSWER_BEGINS, ANSWER_ENDS, NO, NOTHING_ELSE, QUESTION, STILL_THERE},
};

#[tokio::test(start_paused = true)]
async fn the_agents_voice_that_comes_back_is_never_a_turn() {
    for delay in [0.05, 0.15, 0.25, 0.4] {
        let mut scene = Scene::phone();
        scene.echoes_after = Some(at(delay));
        scene.says(6.0, 7.0, QUESTION);
        scene.says(16.0, 17.0, QUESTION);
        scene.leaves(26.0);
        let played = scene.play().await;
        assert_eq!(
            played.said_by(Speaker::Caller),
            [QUESTION, QUESTION],
            "at {delay} s: {played}"
        );
        let answers = played.said_by(Speaker::Agent);
        let whole = answers.iter().filter(|text| **text == ANSWER).count();
        assert_eq!(
            whole, 2,
            "the agent cut itself short at {delay} s: {played}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_echo_does_not_keep_a_call_alive() {
    let mut scene = Scene::phone();
    scene.echoes_after = Some(at(0.2));
    scene.says(6.0, 7.0, QUESTION);
    let played = scene.play().await;
    assert_eq!(played.end().ending, CallEnding::Silence, "{played}");
    assert_eq!(played.said_by(Speaker::Caller), [QUESTION], "{played}");
    assert!(played.lasted < at(60.0), "{played}");
    played.sounds(STILL_THERE);
}

#[tokio::test(start_paused = true)]
async fn who_interrupts_on_a_line_that_echoes_is_heard_without_the_echo() {
    let mut scene = Scene::phone();
    scene.echoes_after = Some(at(0.2));
    scene.says(6.0, 7.0, QUESTION);
    // The answer begins at 7.5 s and comes back from 7.7 s on.
    scene.says(8.5, 9.2, "How much is a new card?");
    scene.leaves(20.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Caller);
    assert_eq!(said, [QUESTION, "How much is a new card?"], "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_right_behind_a_question_is_no_echo_of_it() {
    let mut scene = Scene::phone();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(12.0, 12.5, NO);
    scene.says(14.6, 15.3, "Anything");
    scene.leaves(20.0);
    let played = scene.play().await;
    // "Anything else?" ends at 13.7 s: whoever speaks a second later answers it.
    played.hears_then(&[
        ANSWER_BEGINS,
        ANSWER_ENDS,
        NOTHING_ELSE,
        "What do you need?",
    ]);
}
