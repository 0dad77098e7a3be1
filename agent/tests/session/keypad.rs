//! Digits that a task asked for are what the caller says, and not the beginning of a proof.

use crate::harness::Scene;

const ASKED: &str = "What is your member number?";

#[tokio::test(start_paused = true)]
async fn digits_that_a_task_asked_for_are_read_back() {
    let mut scene = Scene::phone();
    scene.authenticates_with("271828");
    scene.says(4.0, 5.0, "I need a new card.");
    scene.dials(9.0, "100234#");
    // What was read back is corrected by keypad, too.
    scene.dials(17.0, "100235#");
    scene.leaves(26.0);
    let played = scene.play().await;
    played.hears_then(&[
        ASKED,
        "The desk sends a new card for member one zero zero, two three four.",
        "Right?",
        "The desk sends a new card for member one zero zero, two three five.",
        "Right?",
    ]);
    assert!(
        !played.end().authentication_attempted,
        "what was asked for is no proof: {played}"
    );
}
