//! Pauses within a turn: the caller is let finish, by how it sounds and by digits that are not all said.

use crate::harness::{
    Scene, at,
    words::{ANSWER, ANSWER_BEGINS, QUESTION},
};

#[tokio::test(start_paused = true)]
async fn a_turn_that_sounds_finished_is_answered_sooner_than_by_a_timer() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(0.05);
    scene.says_sounding(4.0, 5.0, QUESTION, 0.9);
    scene.leaves(10.0);
    let played = scene.play().await;
    // 280 ms of silence; the words are known at 250, and the answer is synthesised a tenth later.
    played.begins(5.35, ANSWER_BEGINS);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_pauses_in_the_middle_of_a_sentence_is_not_answered() {
    let mut scene = Scene::browser();
    scene.says_sounding(4.0, 5.0, "What is the weather", 0.1);
    scene.says_sounding(6.2, 7.0, "like in", 0.2);
    scene.says_sounding(8.0, 8.6, "Paris?", 0.95);
    scene.leaves(14.0);
    let judge = scene.end_of_turn.clone();
    let played = scene.play().await;
    played.is_silent(3.3, 8.6);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {ANSWER}
         ended caller_left"
    ));
    // Once in each pause, with all of the turn so far: the track of a scene sends 300 ms of silence in a pause.
    let asked = judge.map(|judge| judge.asked()).unwrap_or_default();
    let [first, second, third] = *asked else {
        panic!("{asked:?}: not once in each pause");
    };
    assert!(
        first > at(1.15) && second > first + at(0.8) && third > second + at(0.6),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_turn_is_judged_without_the_one_before() {
    let mut scene = Scene::browser();
    scene.says_sounding(4.0, 7.0, QUESTION, 0.9);
    scene.says_sounding(14.0, 15.0, "And in London?", 0.9);
    scene.leaves(20.0);
    let judge = scene.end_of_turn.clone();
    scene.play().await;
    let asked = judge.map(|judge| judge.asked()).unwrap_or_default();
    assert_eq!(asked.len(), 2);
    assert!(asked[1] < at(2.0), "the second turn has {:?}", asked[1]);
}

#[tokio::test(start_paused = true)]
async fn nobody_speaks_between_the_groups_of_a_number_that_was_not_asked_for() {
    let mut scene = Scene::browser();
    // As isolated digits do, each group sounds finished.
    scene.says_sounding(4.0, 6.0, "My telephone number is zero seven seven", 0.97);
    scene.says_sounding(6.8, 7.8, "four one two", 0.97);
    scene.says_sounding(8.6, 9.8, "five five six six", 0.97);
    scene.leaves(16.0);
    let judge = scene.end_of_turn.clone();
    let played = scene.play().await;
    played.is_silent(3.3, 10.9);
    assert_eq!(
        played.kept.rows[2].content,
        "My telephone number is zero seven seven four one two [number]",
        "{played}"
    );
    // How digits sound says nothing: once the first are known it is not asked for any more.
    let asked = judge.map(|judge| judge.asked()).unwrap_or_default();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_not_judged_in_time_ends_as_without_a_network() {
    let mut scene = Scene::browser();
    scene.says_sounding(1.0, 1.1, "", 0.5);
    // Of this one there is no answer.
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(10.0);
    let played = scene.play().await;
    played.begins(5.5, ANSWER_BEGINS);
}
