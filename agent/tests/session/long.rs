//! Calls that go on and on.

use call::Speaker;

use crate::harness::{
    Scene, at,
    words::{NOTHING_ELSE, QUESTION, SILENCE_GOODBYE, STILL_THERE, UNCLEAR},
};

/// Answered with a short line that hangs nothing up.
const SHORT: &str = "Okay.";

#[tokio::test(start_paused = true)]
async fn two_hundred_turns_are_all_answered_and_all_kept() {
    const TURNS: usize = 200;
    let mut scene = Scene::browser();
    for place in 0..TURNS {
        let from = 4.0 + 3.0 * place as f64;
        scene.says(from, from + 0.3, SHORT);
    }
    scene.leaves(5.0 + 3.0 * TURNS as f64);
    let played = scene.play().await;
    // The two rows of the greeting, then one of each side for each turn.
    let talk = &played.kept.rows[2..];
    assert_eq!(talk.len(), 2 * TURNS, "{played}");
    for pair in talk.chunks(2) {
        let turn = (pair[0].speaker, pair[0].content.as_str());
        let answer = (pair[1].speaker, pair[1].content.as_str());
        assert_eq!(turn, (Speaker::Caller, SHORT), "{:?}", pair[0]);
        assert_eq!(answer, (Speaker::Agent, UNCLEAR), "{:?}", pair[1]);
        assert!(!pair[1].interrupted, "{:?}", pair[1]);
    }
    // The last answer takes no longer than the first.
    let waited = |row: &record::MessageRow| row.latency_ms.expect("an answer");
    let (first, last) = (waited(&talk[1]), waited(&talk[2 * TURNS - 1]));
    assert!(
        (first - last).abs() <= 120,
        "{first} ms at first, {last} ms at last"
    );
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_silence_with_a_patient_agent_is_one_question_and_a_goodbye() {
    let mut scene = Scene::browser();
    scene.config.turn.are_you_there_after = Some(at(1_800.0));
    scene.config.turn.goodbye_after = at(1_800.0);
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, SILENCE_GOODBYE]);
    assert!(played.lasted > at(3_600.0), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_never_stops_talking_is_answered_in_the_end() {
    let mut scene = Scene::browser();
    // Ten minutes without a pause; the recogniser gets it in pieces.
    for place in 0..60 {
        let from = 4.0 + 10.0 * f64::from(place);
        scene.says(from, from + 10.0, "and then");
    }
    scene.says(604.0, 605.0, QUESTION);
    scene.leaves(614.0);
    let played = scene.play().await;
    played.is_silent(3.3, 605.4);
    let row = &played.kept.rows[2].content;
    assert!(row.ends_with(QUESTION), "{row}");
    let kept = row.matches("and then").count();
    assert!(kept >= 60, "{kept} of 60 pieces were kept");
    assert_ne!(played.heard.last().expect("an answer").text, NOTHING_ELSE);
}
