//! Who speaks when: turns, their ends, and what silence leads to.

use crate::harness::{
    Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, CALLBACK_OFFER, DISCLOSURE, DOCUMENTED,
        DOCUMENTED_ANSWER, GREETING, NO, NOTHING_ELSE, QUESTION, SILENCE_GOODBYE, STILL_THERE,
        WANTS_PERSON,
    },
};

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_half_a_second_after_its_last_word() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(10.0);
    let played = scene.play().await;
    // Half a second of endpointing: the answer was synthesised meanwhile.
    played.begins(5.5, ANSWER_BEGINS);
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    played.keeps_the_answer();
    played.shows(&format!(
        "agent: {DISCLOSURE}
         agent: {GREETING}
         caller: {QUESTION}
         agent: {ANSWER_BEGINS}
         agent: {ANSWER_ENDS}"
    ));
    played.states(
        "initializing speaking listening speaking listening thinking speaking listening idle",
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_that_a_document_answers_is_kept_with_its_source() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, DOCUMENTED);
    scene.leaves(30.0);
    let played = scene.play().await;
    let answer = &played.kept.rows[3];
    assert!(answer.content.starts_with(DOCUMENTED_ANSWER), "{played}");
    assert!(
        answer.meta["sources"][0]["source"].is_string(),
        "{answer:?}"
    );
    // What is written of the answer, and of nothing else, cites what it rests on; what is said does not.
    let title = answer.meta["sources"][0]["title"].as_str().unwrap();
    assert_eq!(played.shown.citations[2], [title], "{played}");
    assert_eq!(played.shown.citations.concat(), [title], "{played}");
    assert!(!answer.content.contains(title), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn two_utterances_with_a_short_pause_are_one_turn() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, "What is the weather");
    scene.says(5.4, 6.4, "like in Paris?");
    scene.leaves(12.0);
    let played = scene.play().await;
    played.begins(6.9, ANSWER_BEGINS);
    played.keeps_the_answer();
}

#[tokio::test(start_paused = true)]
async fn the_agent_waits_longer_after_a_dangling_word() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, "What is the weather in the");
    scene.says(6.0, 6.6, "city of Paris?");
    scene.leaves(12.0);
    let played = scene.play().await;
    played.begins(7.1, ANSWER_BEGINS);
    played.goes_on(&format!(
        "2 caller: What is the weather in the city of Paris?
         3 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_stops_after_a_dangling_word_is_answered_all_the_same() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, "What is the weather in the");
    scene.leaves(12.0);
    let played = scene.play().await;
    played.begins(6.3, ANSWER_BEGINS);
}

#[tokio::test(start_paused = true)]
async fn a_question_while_the_agent_thinks_is_answered_together_with_the_one_before() {
    let mut scene = Scene::browser();
    scene.voice.takes = at(2.0);
    // The disclosure begins at 2.1 s, and the greeting is over at 5.1 s.
    scene.says(6.0, 7.0, "What is the weather like");
    scene.says(7.8, 8.8, "in Paris, and in London?");
    scene.leaves(18.0);
    let played = scene.play().await;
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
    let (answered, _) = played.sounds(ANSWER_BEGINS);
    assert!(answered > 9.4, "the stale answer was heard:\n{played}");
    // Both stand on record as they were said.
    played.goes_on(&format!(
        "2 caller: What is the weather like
         3 caller: in Paris, and in London?
         4 agent: {ANSWER}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_long_talk_without_a_pause_is_one_turn_and_not_interrupted() {
    let mut scene = Scene::browser();
    for (place, part) in ["One", "two", "three", "four", "five"].iter().enumerate() {
        let from = 4.0 + 14.0 * place as f64;
        scene.says(from, from + 14.0, part);
    }
    scene.leaves(80.0);
    let played = scene.play().await;
    played.is_silent(3.3, 74.4);
    let row = &played.kept.rows[2].content;
    // An utterance is cut for the recogniser wherever it is quietest: here in the middle of a word.
    let mut words: Vec<&str> = row.split_whitespace().collect();
    words.dedup();
    assert_eq!(words, ["One", "two", "three", "four", "five"], "{played}");
    assert_eq!(played.kept.lines.len(), 5, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_caller_is_asked_whether_they_are_there_and_then_the_call_ends() {
    let played = Scene::browser().play().await;
    played.goes_on(&format!(
        "2 agent: {STILL_THERE}
         3 agent: {SILENCE_GOODBYE}
         ended silence"
    ));
    // 15 s after the greeting, and 15 s after the question; the synthesis takes a tenth.
    played.begins(18.3, STILL_THERE);
    played.begins(34.6, SILENCE_GOODBYE);
    assert!(played.hangs_up(), "somebody is left behind:\n{played}");
    let (_, said) = played.sounds(SILENCE_GOODBYE);
    played.ends_at(said);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_are_you_there_gives_all_patience_back() {
    let mut scene = Scene::browser();
    scene.says(21.0, 21.5, "Yes.");
    scene.leaves(60.0);
    let played = scene.play().await;
    let (asked, _) = played.sounds_after(20.0, STILL_THERE);
    assert!(asked > 36.0, "{played}");
    let (said, _) = played.sounds(SILENCE_GOODBYE);
    assert!(said > asked + 15.0, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_typed_answer_to_are_you_there_gives_all_patience_back() {
    let mut scene = Scene::browser();
    scene.types(30.0, NO);
    scene.leaves(48.0);
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, NOTHING_ELSE, STILL_THERE]);
    let (_, over) = played.sounds(NOTHING_ELSE);
    played.begins(over + 15.0, STILL_THERE);
}

#[tokio::test(start_paused = true)]
async fn a_noise_without_words_does_not_keep_a_call_alive() {
    let mut scene = Scene::browser();
    for place in 0..20 {
        let from = 4.0 + 2.0 * f64::from(place);
        scene.coughs(from, from + 0.4);
    }
    let played = scene.play().await;
    played.hears_then(&[STILL_THERE, SILENCE_GOODBYE]);
    assert!(played.lasted < at(40.0), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_speaks_when_the_patience_ends_is_heard_out() {
    let mut scene = Scene::browser();
    scene.says(18.0, 20.0, QUESTION);
    scene.leaves(26.0);
    let played = scene.play().await;
    played.is_silent(3.3, 20.5);
    played.hears_then(&[ANSWER_BEGINS, ANSWER_ENDS]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_sooner_by_as_much_of_its_making_as_fits_into_the_silence() {
    // The end of sound is noticed after 0.2 s, and the turn is over after 0.5 s.
    for (recognised, makes, sooner) in [
        (0.15, 0.1, 0.1),
        (0.15, 0.4, 0.15),
        (0.0, 0.4, 0.3),
        (0.4, 0.4, 0.0),
    ] {
        let mut answered = [0.0; 2];
        for (preemptive, answered) in [true, false].into_iter().zip(&mut answered) {
            let mut scene = Scene::browser();
            scene.voice.takes = at(makes);
            scene.recognition_takes = at(recognised);
            scene.config.turn.preemptive = preemptive;
            scene.says(6.0, 7.0, QUESTION);
            scene.leaves(14.0);
            *answered = scene.play().await.sounds(ANSWER_BEGINS).0;
        }
        let [with, without] = answered;
        assert!(
            (without - with - sooner).abs() <= 0.02,
            "{makes} s of synthesis: {without:.2} s became {with:.2} s, {sooner} s sooner was promised"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_drafted_for_fewer_words_is_neither_heard_nor_kept() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(5.4, 6.2, WANTS_PERSON);
    scene.leaves(12.0);
    let played = scene.play().await;
    played.hears_then(&[CALLBACK_OFFER]);
    played.goes_on(&format!(
        "2 caller: {QUESTION} {WANTS_PERSON}
         3 agent: {CALLBACK_OFFER}
         ended caller_left"
    ));
}
