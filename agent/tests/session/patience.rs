//! What goes on without words is no silence, and words that lead nowhere are no talk.

use call::{CallEnding, Speaker};

use crate::harness::{
    OTHER, Scene, at,
    words::{ANSWER_BEGINS, ANSWER_ENDS, CALLBACK_OFFER, ENTER_CODE, QUESTION, STILL_THERE},
};

const CODE: &str = "271828";

#[tokio::test(start_paused = true)]
async fn a_code_is_awaited_as_long_as_it_lives() {
    let mut scene = Scene::browser();
    scene.authenticates_with(CODE);
    scene.claims(4.0);
    scene.enters(290.0, CODE);
    scene.leaves(296.0);
    let played = scene.play().await;
    played.answers("code_sent authenticated");
    played.hears_then(&[ENTER_CODE, "Thank you, Sarah."]);
}

#[tokio::test(start_paused = true)]
async fn a_phone_waits_for_its_code_and_then_asks_whether_anybody_is_there() {
    let mut scene = Scene::phone();
    scene.authenticates_with(CODE);
    scene.dials(4.0, "100234#");
    let played = scene.play().await;
    let (asked, _) = played.sounds(STILL_THERE);
    assert!((320.0..326.0).contains(&asked), "{asked}: {played}");
    assert_eq!(played.end().ending, CallEnding::Silence, "{played}");
}

#[tokio::test(start_paused = true)]
async fn keys_are_pressed_in_peace() {
    let mut scene = Scene::phone();
    // A key each eight seconds for a minute: slow, and somebody is there.
    for place in 0..8 {
        scene.dials(4.0 + 8.0 * f64::from(place), "*");
    }
    scene.leaves(66.0);
    let played = scene.play().await;
    assert_eq!(played.end().ending, CallEnding::CallerLeft, "{played}");
    let asked = played.heard.iter().any(|heard| heard.text == STILL_THERE);
    assert!(!asked, "{played}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_moment_is_left_in_peace_for_two_minutes() {
    let mut scene = Scene::browser();
    scene.says(4.0, 6.0, "Hold on a minute please, I have to find my card.");
    scene.says(110.0, 111.0, QUESTION);
    scene.leaves(120.0);
    let played = scene.play().await;
    let asked = played.heard.iter().any(|heard| heard.text == STILL_THERE);
    assert!(!asked, "{played}");
    played.begins(111.5, ANSWER_BEGINS);
}

#[tokio::test(start_paused = true)]
async fn a_television_is_offered_a_person_and_then_the_call_ends() {
    let mut scene = Scene::browser();
    for place in 0..40 {
        let from = 4.0 + 7.0 * f64::from(place);
        scene.says(from, from + 2.0, QUESTION);
    }
    let played = scene.play().await;
    played.sounds(CALLBACK_OFFER);
    assert!(played.lasted < at(90.0), "it goes on for ever: {played}");
    let ending = played.end().ending;
    assert!(
        matches!(ending, CallEnding::Goodbye | CallEnding::Silence),
        "{played}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_never_made_a_sound_is_given_up_for_one_who_speaks() {
    let mut scene = Scene::browser();
    scene.joins_as(1.0, OTHER);
    // The caller may be listening to the greeting still.
    scene.is_heard_speaking(6.0, OTHER);
    scene.is_heard_speaking(11.0, OTHER);
    let played = scene.play().await;
    assert!(
        played.lasted > at(10.5),
        "given up while listening: {played}"
    );
    let ended = played.ended.as_ref().expect("the session ended in peace");
    let next = ended.goes_on_with.as_ref().map(|next| &*next.identity);
    assert_eq!(next, Some(OTHER), "{played}");
    assert!(!ended.hang_up, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_has_spoken_is_not_given_up() {
    let mut scene = Scene::browser();
    scene.joins_as(1.0, OTHER);
    scene.is_heard_speaking(4.2, "caller");
    scene.says(4.0, 5.0, QUESTION);
    scene.is_heard_speaking(6.0, OTHER);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    assert_eq!(played.said_by(Speaker::Caller), [QUESTION], "{played}");
}
