//! What is read in callers' turns while they talk: kept with each turn, and acted on.

use crate::harness::{
    Scene,
    words::{ANSWER, CALLBACK_OFFER, DOCUMENTED, QUESTION},
};

#[tokio::test(start_paused = true)]
async fn every_turn_of_the_caller_is_kept_with_what_it_says() {
    let mut scene = Scene::browser();
    scene.says(4.0, 6.0, "This is terrible, I am really angry.");
    scene.types(14.0, "WHERE ARE YOUR OPENING HOURS??");
    scene.leaves(26.0);
    let played = scene.play().await;
    let read: Vec<(&str, &str)> = played
        .kept
        .insights
        .iter()
        .map(|insight| (&*insight.emotion, &*insight.urgency))
        .collect();
    assert_eq!(read.len(), 2, "{played}");
    assert_eq!(read[0].0, "angry", "{played}");
    let frustration: Vec<i16> = played
        .kept
        .insights
        .iter()
        .map(|one| one.frustration)
        .collect();
    assert!(frustration[0] >= 3, "{frustration:?}\n{played}");
    let causes = &played.kept.insights[1].causes;
    assert!(causes.contains(&"loud".to_owned()), "{causes:?}\n{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_grows_angry_is_offered_a_person_once() {
    let mut scene = Scene::phone();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(12.0, 14.0, "This is ridiculous, you are useless!");
    scene.says(24.0, 26.0, "No, I am furious, this is unacceptable!");
    scene.leaves(40.0);
    let played = scene.play().await;
    let agent = played.said_by(call::Speaker::Agent);
    let offers = agent.iter().filter(|said| said.contains(CALLBACK_OFFER));
    assert_eq!(offers.count(), 1, "{played}");
    let first = agent.iter().position(|said| said.contains(ANSWER));
    let offer = agent.iter().position(|said| said.contains(CALLBACK_OFFER));
    assert!(first < offer, "not before there was a reason:\n{played}");
    let levels: Vec<i16> = played
        .kept
        .insights
        .iter()
        .map(|one| one.frustration)
        .collect();
    assert!(levels.iter().any(|level| *level >= 5), "{levels:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_danger_hears_first_what_to_do() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, "Help, there is a fire, what do I do?");
    scene.leaves(16.0);
    let played = scene.play().await;
    let (now, _) = played.sounds("Please leave the building now.");
    assert!(now < 7.5, "{played}");
    let agent = played.said_by(call::Speaker::Agent);
    let begins = agent
        .iter()
        .any(|said| said.starts_with("Please leave the building now."));
    assert!(begins, "the answer begins with it:\n{played}");
    assert_eq!(played.kept.insights[0].urgency, "critical");
}

#[tokio::test(start_paused = true)]
async fn a_caller_at_ease_is_offered_nothing() {
    let mut scene = Scene::phone();
    scene.says(4.0, 5.0, DOCUMENTED);
    scene.leaves(20.0);
    let played = scene.play().await;
    played.does_not_hear(CALLBACK_OFFER);
    assert_eq!(played.kept.insights[0].frustration, 0, "{played}");
}
