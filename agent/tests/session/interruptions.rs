//! The caller speaks while the agent does.

use call::Speaker;

use crate::harness::{
    Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, CALLBACK_OFFER, CALLBACK_PROMISED, DISCLOSURE,
        DOCUMENTED, DOCUMENTED_ANSWER, GREETING, NO, NOT_CAUGHT, NOTHING_ELSE, QUESTION,
        STILL_THERE, WANTS_PERSON,
    },
};

#[tokio::test(start_paused = true)]
async fn words_cut_an_answer_and_only_what_was_heard_is_kept() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    // The answer begins at 5.6 s.
    scene.says(6.5, 7.5, NO);
    scene.leaves(12.0);
    let played = scene.play().await;
    // Silent within half a second of speech and a fade; words decide after that.
    played.is_silent(7.15, 8.0);
    played.hears_then(&[ANSWER_BEGINS, NOTHING_ELSE]);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: That is outside what I --
         4 caller: {NO}
         5 agent: {NOTHING_ELSE}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_short_word_cuts_an_answer_as_soon_as_it_is_understood() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(6.5, 6.8, NO);
    scene.leaves(12.0);
    let played = scene.play().await;
    // The end is noticed after a fifth of a second, and understood after 0.15 s.
    let (_, cut) = played.sounds(ANSWER_BEGINS);
    assert!((7.1..7.25).contains(&cut), "{played}");
    played.begins(7.3, NOTHING_ELSE);
}

#[tokio::test(start_paused = true)]
async fn a_false_interruption_resumes_where_it_stopped() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.coughs(6.0, 6.8);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_BEGINS, ANSWER_ENDS]);
    let (begun, held) = played.sounds(ANSWER_BEGINS);
    let (resumed, ended) = played.sounds_after(held, ANSWER_BEGINS);
    assert!(resumed - held < 0.8, "it was held for long:\n{played}");
    // A word or so is said again, and nothing is left out.
    let said = (held - begun) + (ended - resumed);
    assert!((2.1..2.7).contains(&said), "{said} s were said:\n{played}");
    // It was heard whole, and counts as that.
    played.keeps_the_answer();
    played.shows(&format!(
        "agent: {DISCLOSURE}
         agent: {GREETING}
         caller: {QUESTION}
         agent: {ANSWER_BEGINS}
         agent: {ANSWER_ENDS}"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_short_noise_does_not_even_pause_an_answer() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.coughs(6.0, 6.3);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
}

#[tokio::test(start_paused = true)]
async fn a_listeners_noise_lets_the_answer_go_on_and_is_not_a_turn() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(6.0, 6.25, "Uh-huh.");
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn yes_to_a_question_that_was_asked_is_an_answer_and_not_a_listeners_noise() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    // The offer lasts from 5.6 to 7.1 s.
    scene.says(7.2, 7.5, "Yeah.");
    scene.leaves(12.0);
    let played = scene.play().await;
    played.hears_then(&[CALLBACK_OFFER, CALLBACK_PROMISED]);
}

#[tokio::test(start_paused = true)]
async fn typed_words_cut_an_answer_at_once() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.types(6.5, NO);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.is_silent(6.55, 6.59);
    played.begins(6.6, NOTHING_ELSE);
    // What was heard of the answer comes before what cut it.
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: That is outside --
         4 caller: {NO}
         5 agent: {NOTHING_ELSE}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_while_it_is_synthesised_leaves_nothing() {
    let mut scene = Scene::browser();
    scene.voice.takes = at(1.5);
    // The greeting is over at 4.6 s; the answer would begin at 8.0 s. Whoever goes on before any of
    // it was heard was not finished: the whole is answered.
    scene.says(5.0, 6.0, QUESTION);
    scene.types(7.0, "And in London?");
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.begins(8.5, ANSWER_BEGINS);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 caller: And in London?
         4 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_between_its_sentences_keeps_the_first() {
    let mut scene = Scene::browser();
    scene.voice.takes = at(3.0);
    // The greeting is over at 6.1 s; the first sentence sounds from 11.0 to 13.1 s, the second
    // from 14.0 s.
    scene.says(7.0, 7.5, QUESTION);
    scene.types(13.5, NO);
    scene.leaves(20.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, NOTHING_ELSE]);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {ANSWER_BEGINS} --
         4 caller: {NO}
         5 agent: {NOTHING_ELSE}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn the_greeting_may_be_cut_short() {
    let mut scene = Scene::browser();
    scene.says(1.7, 2.5, QUESTION);
    scene.leaves(9.0);
    let played = scene.play().await;
    let (greeted, cut) = played.sounds(GREETING);
    assert!(cut - greeted < 1.1, "{played}");
    played.keeps(&format!(
        "0 agent: {DISCLOSURE}
         1 agent: How can I --
         2 caller: {QUESTION}
         3 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn an_announcement_may_be_cut_short() {
    let mut scene = Scene::browser();
    scene.coughs(4.0, 5.0);
    // "I did not catch that." sounds from 5.6 to 7.1 s.
    scene.says(6.0, 6.4, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.hears_then(&[NOT_CAUGHT, ANSWER_BEGINS, ANSWER_ENDS]);
    played.goes_on(&format!(
        "2 agent: I did not --
         3 caller: {QUESTION}
         4 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_yes_into_are_you_still_there_is_an_answer() {
    let mut scene = Scene::browser();
    scene.says(18.6, 19.0, "Yes.");
    scene.leaves(40.0);
    let played = scene.play().await;
    let (asked, cut) = played.sounds(STILL_THERE);
    assert!(cut - asked < 1.19, "it was not cut:\n{played}");
    assert_eq!(played.kept.rows[3].content, "Yes.", "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_cut_as_often_as_the_caller_likes() {
    let mut scene = Scene::browser();
    for place in 0..5 {
        let from = 4.0 + 2.5 * f64::from(place);
        scene.says(from, from + 0.6, QUESTION);
    }
    scene.leaves(22.0);
    let played = scene.play().await;
    let cut = played.kept.rows.iter().filter(|row| row.interrupted);
    assert_eq!(cut.count(), 4, "{played}");
    let whole = played.kept.rows.last().expect("rows");
    assert_eq!(whole.content, ANSWER, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_talks_over_an_answer_for_long_is_answered_once() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(6.0, 12.0, "No, what I mean is");
    scene.says(12.3, 13.3, "the weather in London.");
    scene.leaves(20.0);
    let played = scene.play().await;
    played.is_silent(6.7, 13.8);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: That is outside --
         4 caller: No, what I mean is the weather in London.
         5 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn whoever_only_listens_hears_the_answer_to_its_end() {
    for text in [
        "I understand.",
        "Thank you.",
        "That makes sense.",
        "Great, got it.",
    ] {
        let mut scene = Scene::browser();
        scene.says(4.0, 5.0, QUESTION);
        scene.says(6.0, 6.25, text);
        scene.leaves(14.0);
        let played = scene.play().await;
        played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
        played.keeps_the_answer();
    }
}

#[tokio::test(start_paused = true)]
async fn yeah_but_is_heard_at_once() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(6.0, 6.8, "Yeah, but what about London?");
    scene.leaves(14.0);
    let played = scene.play().await;
    assert_eq!(
        played.kept.rows[4].content, "Yeah, but what about London?",
        "{played}"
    );
    assert!(played.kept.rows[3].interrupted, "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_takes_its_time_holds_the_answer_up_for_a_moment() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(6.0, 7.2, "Okay, that makes a lot of sense, thank you.");
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_stopped_by_nothing_goes_on_from_its_sentence() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, DOCUMENTED);
    scene.says(6.2, 6.9, "Florp gna.");
    scene.leaves(22.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Agent);
    let (cut, whole) = (said[2], said[3]);
    assert!(
        cut.len() < whole.len() && whole.starts_with(cut) && whole.starts_with(DOCUMENTED_ANSWER),
        "{played}"
    );
    assert!(played.kept.rows[3].interrupted, "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_told_to_stop_does_not_go_on() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, DOCUMENTED);
    scene.says(6.2, 6.6, "Stop, stop it.");
    scene.leaves(16.0);
    let played = scene.play().await;
    let said = played.said_by(Speaker::Agent);
    assert!(!said[3].starts_with(DOCUMENTED_ANSWER), "{played}");
}
