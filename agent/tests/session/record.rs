//! What is kept of a call, whatever happens around it.

use call::{LineQuality, Speaker};

use crate::harness::{
    Scene,
    words::{ANSWER, ANSWER_BEGINS, DISCLOSURE, NO, NOTHING_ELSE, QUESTION},
};

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_for_the_whole_call_is_not_noticed() {
    // Nothing answers whether the caller was here before, and nothing empties the record's queue.
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.says(11.0, 11.5, NO);
    scene.leaves(16.0);
    let played = scene.play().await;
    played.begins(0.2, DISCLOSURE);
    played.begins(5.5, ANSWER_BEGINS);
    played.goes_on(&format!(
        "2 caller: {QUESTION}
         3 agent: {ANSWER}
         4 caller: {NO}
         5 agent: {NOTHING_ELSE}
         ended caller_left"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_card_number_that_is_dictated_over_two_turns_is_neither_kept_nor_shown() {
    let mut scene = Scene::browser();
    scene.says(4.0, 6.0, "My card number is 4111 1111");
    scene.says(10.0, 12.0, "1111 1111");
    scene.leaves(18.0);
    let played = scene.play().await;
    let kept = played.kept.lines.join("\n");
    let shown = played.shown.texts.join("\n");
    for (place, text) in [("kept", &kept), ("shown", &shown)] {
        assert!(!text.contains("1111"), "a card number was {place}:\n{text}");
        assert!(
            text.contains("[card number]"),
            "nothing was {place}:\n{text}"
        );
    }
    let row = played.kept.rows.iter().find(|row| row.redacted);
    assert!(
        row.is_some(),
        "no row says that something was taken out:\n{kept}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_card_number_that_is_typed_is_neither_kept_nor_shown() {
    let mut scene = Scene::browser();
    scene.types(4.0, "My card number is 4111 1111 1111 1111");
    scene.leaves(12.0);
    let played = scene.play().await;
    let all = format!("{played}");
    assert!(!all.contains("1111"), "{all}");
    assert_eq!(
        played.kept.rows[2].content,
        "My card number is [card number]"
    );
}

#[tokio::test(start_paused = true)]
async fn secrets_in_the_last_words_are_not_kept() {
    let mut scene = Scene::browser();
    scene.says(4.0, 6.0, "My card number is 4111 1111 1111 1111");
    scene.leaves(6.1);
    let played = scene.play().await;
    played.goes_on("2 caller: My card number is [card number]\nended caller_left");
}

#[tokio::test(start_paused = true)]
async fn rows_know_when_they_were_said_and_how_long_the_caller_waited() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, QUESTION);
    scene.leaves(12.0);
    let played = scene.play().await;
    let [disclosure, greeting, question, answer] = &played.kept.rows[..] else {
        panic!("four rows:\n{played}");
    };
    near(disclosure.started_ms, 200);
    near(disclosure.ended_ms, 1_400);
    near(greeting.started_ms, 1_400);
    near(greeting.ended_ms, 3_200);
    near(question.ended_ms, 5_000);
    near(answer.started_ms, 5_500);
    near(answer.ended_ms, 9_300);
    near(answer.latency_ms, 500);
    let latency = &answer.meta["latency"];
    near(latency["endpointing_ms"].as_i64(), 500);
    near(latency["stt_ms"].as_i64(), 150);
    near(latency["head_start_ms"].as_i64(), 150);
    near(latency["tts_first_audio_ms"].as_i64(), 100);
}

#[tokio::test(start_paused = true)]
async fn how_well_the_caller_was_heard_is_on_record() {
    let heard = LineQuality {
        packets: 500,
        lost: 0.02,
        concealed: 0.01,
        jitter_ms: 4.0,
        mos: 4.1,
    };
    for quality in [None, Some(heard)] {
        let mut scene = Scene::browser();
        scene.quality = quality;
        scene.says(4.0, 5.0, QUESTION);
        scene.leaves(12.0);
        assert_eq!(scene.play().await.end().line, quality);
    }
}

/// A time on record is this one, give or take what the listener needs.
#[track_caller]
fn near(ms: Option<impl Into<i64>>, expected: i64) {
    let ms = ms.expect("a time").into();
    assert!((ms - expected).abs() <= 40, "{ms} ms is not {expected} ms");
}

#[tokio::test(start_paused = true)]
async fn a_call_in_which_nobody_speaks_keeps_what_the_agent_said_alone() {
    let played = Scene::browser().play().await;
    assert!(played.said_by(Speaker::Caller).is_empty(), "{played}");
    let end = played.end();
    let call = (
        end.transferred,
        end.callback_requested,
        end.authentication_attempted,
    );
    assert_eq!(call, (false, false, false));
}
