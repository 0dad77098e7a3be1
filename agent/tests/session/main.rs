//! Calls as screenplays, on virtual time: see `harness/scene.rs`.

mod harness;

use harness::Scene;

#[tokio::test(start_paused = true)]
async fn a_call_without_a_word_is_asked_for_and_then_ended() {
    let scene = Scene::browser();
    let played = scene.play().await;
    println!(
        "{:#?} {:#?} {:?} {:?}",
        played.kept, played.heard, played.lasted, played.states
    );
    println!("{:#?}", played.texts);
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered() {
    let mut scene = Scene::browser();
    scene.says(6.0, 7.5, "What are your opening hours?");
    scene.leaves(60.0);
    let played = scene.play().await;
    println!(
        "{:#?} {:#?} {:?} {:?}",
        played.kept, played.heard, played.lasted, played.states
    );
    println!("{:#?}", played.texts);
}
