//! How a call begins: who is greeted when, and what comes first.

use agent::line::RpcMethod;

use crate::harness::{
    Scene,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, DISCLOSURE, ENTER_CODE, GREETING, QUESTION,
        SILENCE_GOODBYE, STILL_THERE, WELCOME_BACK,
    },
};

#[tokio::test(start_paused = true)]
async fn a_caller_is_greeted_as_soon_as_they_hear_us() {
    let mut scene = Scene::silent_browser();
    scene.publishes(0.05);
    scene.hears_us(0.8);
    scene.leaves(6.0);
    let played = scene.play().await;
    played.begins(0.9, DISCLOSURE);
    played.goes_on("ended caller_left");
    played.hears_then(&[]);
    played.shows(&format!("agent: {DISCLOSURE}\nagent: {GREETING}"));
    played.states("initializing speaking listening speaking listening idle");
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_never_subscribes_is_greeted_after_three_seconds() {
    let mut scene = Scene::silent_browser();
    scene.publishes(0.05);
    scene.leaves(8.0);
    let played = scene.play().await;
    played.is_silent(0.0, 3.0);
    played.begins(3.1, DISCLOSURE);
    played.goes_on("ended caller_left");
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_rings_is_not_spoken_to_until_it_is_answered() {
    let mut scene = Scene::ringing_phone();
    // A subscription is what a browser has; of a phone it proves nothing.
    scene.hears_us(0.1);
    scene.is_answered(20.0);
    scene.leaves(26.0);
    let played = scene.play().await;
    played.is_silent(0.0, 20.0);
    played.begins(20.1, DISCLOSURE);
    played.goes_on("ended caller_left");
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_is_never_answered_hears_nothing_and_leaves_no_words() {
    let mut scene = Scene::ringing_phone();
    scene.leaves(40.0);
    let played = scene.play().await;
    played.hears(&[]);
    played.keeps("ended caller_left");
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_rings_for_ever_is_given_up_without_a_word() {
    let scene = Scene::ringing_phone();
    let played = scene.play().await;
    played.hears(&[]);
    played.keeps("ended silence");
    assert!(
        played.lasted.as_secs() < 120,
        "it rang for {:?}",
        played.lasted
    );
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_rang_for_long_is_given_the_same_patience() {
    let mut scene = Scene::ringing_phone();
    scene.is_answered(50.0);
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, SILENCE_GOODBYE]);
}

#[tokio::test(start_paused = true)]
async fn an_answered_phone_is_greeted_at_once() {
    let mut scene = Scene::phone();
    scene.leaves(5.0);
    let played = scene.play().await;
    played.begins(0.1, DISCLOSURE);
    played.goes_on("ended caller_left");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_was_here_before_is_welcomed_back() {
    let mut scene = Scene::browser();
    scene.is_recognised(0.05, true);
    scene.leaves(5.0);
    let played = scene.play().await;
    played.hears(&[DISCLOSURE, WELCOME_BACK]);
}

#[tokio::test(start_paused = true)]
async fn a_new_caller_is_not_welcomed_back() {
    let mut scene = Scene::browser();
    scene.is_recognised(0.05, false);
    scene.leaves(5.0);
    let played = scene.play().await;
    played.hears_then(&[]);
}

#[tokio::test(start_paused = true)]
async fn a_greeting_waits_a_moment_for_the_database_and_no_longer() {
    let greeted = async |known_at| {
        let mut scene = Scene::browser();
        scene.is_recognised(known_at, true);
        scene.leaves(5.0);
        scene.play().await
    };
    greeted(0.25).await.hears(&[DISCLOSURE, WELCOME_BACK]);
    let late = greeted(2.0).await;
    late.hears_then(&[]);
    late.begins(1.4, GREETING);
}

#[tokio::test(start_paused = true)]
async fn words_over_the_disclosure_do_not_cut_it_and_are_answered_after_the_greeting() {
    let mut scene = Scene::browser();
    scene.says(0.5, 1.1, QUESTION);
    scene.leaves(9.0);
    let played = scene.play().await;
    // The first second of the agent's sound may come back as an echo: it interrupts nothing.
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn on_the_phone_words_over_the_disclosure_take_the_place_of_the_greeting() {
    let mut scene = Scene::phone();
    scene.says(0.4, 1.0, QUESTION);
    scene.leaves(7.0);
    let played = scene.play().await;
    let (disclosed, over) = played.sounds(DISCLOSURE);
    assert!(over - disclosed > 1.19, "the disclosure was cut:\n{played}");
    let (greeted, cut) = played.sounds(GREETING);
    assert!(cut - greeted < 0.1, "the greeting went on:\n{played}");
    played.keeps(&format!(
        "0 agent: {DISCLOSURE}
         1 caller: {QUESTION}
         2 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn typed_words_over_the_disclosure_wait_for_its_end() {
    let mut scene = Scene::browser();
    scene.types(0.6, QUESTION);
    scene.leaves(7.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    let (begun, ended) = played.sounds(DISCLOSURE);
    assert!(ended - begun > 1.19, "the disclosure was cut:\n{played}");
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_before_the_greeting_is_answered_after_the_disclosure() {
    let mut scene = Scene::browser();
    scene.types(0.02, QUESTION);
    scene.leaves(9.0);
    let played = scene.play().await;
    let (disclosed, _) = played.sounds(DISCLOSURE);
    let (answered, _) = played.sounds(ANSWER_BEGINS);
    assert!(disclosed < answered, "{played}");
    assert!(
        played.kept.lines.iter().any(|line| line.ends_with(ANSWER)),
        "{played}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_types_before_hearing_us_is_greeted_at_once() {
    let mut scene = Scene::silent_browser();
    scene.types(0.5, QUESTION);
    scene.leaves(9.0);
    let played = scene.play().await;
    played.begins(0.6, DISCLOSURE);
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_into_a_phone_that_rings_is_kept() {
    let mut scene = Scene::ringing_phone();
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(8.0);
    let played = scene.play().await;
    played.hears(&[]);
    played.keeps(&format!("0 caller: {QUESTION}\nended caller_left"));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_authenticates_early_hears_the_disclosure_first() {
    let mut scene = Scene::silent_browser();
    scene.authenticates_with("123456");
    scene.claims(0.2);
    scene.leaves(7.0);
    let played = scene.play().await;
    played.answers("code_sent");
    played.hears(&[DISCLOSURE, GREETING, ENTER_CODE]);
}

#[tokio::test(start_paused = true)]
async fn a_page_learns_what_the_agent_can_do_before_it_is_greeted() {
    let mut scene = Scene::silent_browser();
    scene.asks(0.1, RpcMethod::Session, "{}");
    scene.leaves(1.0);
    let played = scene.play().await;
    let [(_, about)] = &played.answers[..] else {
        panic!("one question has one answer:\n{played}");
    };
    assert_eq!(about["authentication"], false);
    assert!(about["summary_token"].is_string(), "{about}");
    played.keeps("ended caller_left");
}
