//! Typed messages, beside speech and instead of it.

use call::Speaker;

use crate::harness::{
    OTHER, Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, DISCLOSURE, GREETING, NO, NOTHING_ELSE, QUESTION,
        STILL_THERE,
    },
};

#[tokio::test(start_paused = true)]
async fn a_typed_question_is_answered_at_once_and_not_sent_back() {
    let mut scene = Scene::browser();
    scene.types(4.0, QUESTION);
    scene.leaves(10.0);
    let played = scene.play().await;
    played.begins(4.1, ANSWER_BEGINS);
    played.keeps_the_answer();
    played.shows(&format!(
        "agent: {DISCLOSURE}
         agent: {GREETING}
         agent: {ANSWER_BEGINS}
         agent: {ANSWER_ENDS}"
    ));
    assert_eq!(played.kept.rows[2].meta["typed"], true, "{played}");
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_while_the_caller_speaks_is_answered_and_the_speech_is_heard() {
    let mut scene = Scene::browser();
    scene.says(4.0, 6.0, NO);
    scene.types(5.0, QUESTION);
    scene.leaves(14.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Caller);
    assert_eq!(said, [QUESTION, NO], "{played}");
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_while_words_are_recognised_loses_neither() {
    let mut scene = Scene::browser();
    scene.recognition_takes = at(2.0);
    scene.says(4.0, 5.0, NO);
    scene.types(6.0, QUESTION);
    scene.leaves(16.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Caller);
    assert_eq!(said, [QUESTION, NO], "{played}");
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_after_words_that_wait_for_more_joins_them() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, "What is the weather in the");
    scene.types(5.6, "city of Paris?");
    scene.leaves(12.0);
    let played = scene.play().await;
    played.begins(5.7, ANSWER_BEGINS);
    played.goes_on(&format!(
        "2 caller: What is the weather in the city of Paris?
         3 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn eleven_messages_in_two_seconds_are_all_on_record_in_their_order() {
    let mut scene = Scene::browser();
    for place in 0..11 {
        scene.types(4.0 + 0.18 * f64::from(place), &format!("Message {place}"));
    }
    scene.leaves(14.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Caller);
    let typed: Vec<String> = (0..11).map(|place| format!("Message {place}")).collect();
    assert_eq!(said, typed, "{played}");
}

#[tokio::test(start_paused = true)]
async fn messages_at_once_are_all_on_record() {
    let mut scene = Scene::browser();
    for place in 0..11 {
        scene.types(4.0, &format!("Message {place}"));
    }
    scene.leaves(14.0);
    let played = scene.play().await;
    for place in 0..11 {
        let message = format!("Message {place}");
        assert!(
            played
                .kept
                .rows
                .iter()
                .any(|row| row.content.contains(&message)),
            "{message} is not on record:\n{played}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_blank_message_is_not_a_turn() {
    let mut scene = Scene::browser();
    scene.types(4.0, "  \n ");
    scene.leaves(20.0);
    let played = scene.play().await;
    // It does not give patience back, either.
    played.begins(18.3, STILL_THERE);
    played.goes_on(&format!("2 agent: {STILL_THERE}\nended caller_left"));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_types_is_not_read() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.types_as(6.5, OTHER, NO);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn a_message_after_an_answer_is_a_turn_of_its_own() {
    let mut scene = Scene::browser();
    scene.types(4.0, QUESTION);
    scene.types(9.0, NO);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS, NOTHING_ELSE]);
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_as_the_call_ends_is_kept() {
    let mut scene = Scene::browser();
    scene.types(4.0, QUESTION);
    scene.leaves(4.0);
    let played = scene.play().await;
    played.goes_on(&format!("2 caller: {QUESTION}\nended caller_left"));
}
