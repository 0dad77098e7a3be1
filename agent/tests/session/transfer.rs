//! The way to a person: transfers on the phone, callbacks otherwise.

use crate::harness::{
    Carrier, Scene, at,
    words::{
        ANSWER, ANSWER_BEGINS, ANSWER_ENDS, CALLBACK_OFFER, CALLBACK_PROMISED, NO, NOTHING_ELSE,
        QUESTION, STILL_THERE, TECHNICAL_PROBLEM, TRANSFER_FAILED, TRANSFER_OFFER, TRANSFERRING,
        UNCLEAR, WANTS_PERSON, YES,
    },
};

/// A phone call that asks for a person. The offer sounds from 5.6 to 6.8 s.
fn asking(carrier: Option<Carrier>) -> Scene {
    let mut scene = Scene::phone();
    scene.carrier = carrier;
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene
}

/// The same, with consent: the carrier is asked at 9.5 s.
pub(crate) fn transferring(carrier: Carrier) -> Scene {
    let mut scene = asking(Some(carrier));
    scene.says(7.0, 7.4, YES);
    scene
}

/// What is on record when it rings.
pub(crate) const ASKED: &str = "2 caller: Can I speak to a person?
     3 agent: Shall I transfer you?
     4 caller: Yes, please.
     5 agent: I am transferring you now.
     tool transfer for 4";

#[tokio::test(start_paused = true)]
async fn a_caller_who_agrees_is_put_through() {
    let played = transferring(Carrier::Takes(at(8.0))).play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    played.goes_on(&format!("{ASKED}\ntool success\nended transferred"));
    assert_eq!(played.transfers, 1, "the carrier is asked once:\n{played}");
    assert!(!played.hangs_up(), "the carrier has the call:\n{played}");
    let end = played.end();
    assert!(end.transferred, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_declines_is_not_put_through() {
    let mut scene = asking(Some(Carrier::Takes(at(1.0))));
    scene.says(7.0, 7.4, NO);
    scene.leaves(12.0);
    let played = scene.play().await;
    assert_eq!(played.transfers, 0, "{played}");
}

#[tokio::test(start_paused = true)]
async fn the_agent_is_silent_while_it_rings_at_the_other_end() {
    let played = transferring(Carrier::Takes(at(29.0))).play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    played.goes_on(&format!("{ASKED}\ntool success\nended transferred"));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_while_it_rings_is_kept_and_not_answered() {
    let mut scene = transferring(Carrier::Takes(at(8.0)));
    scene.says(11.0, 12.0, QUESTION);
    let played = scene.play().await;
    played.hears_then(&[TRANSFER_OFFER, TRANSFERRING]);
    played.goes_on(&format!(
        "{ASKED}\n6 caller: {QUESTION}\ntool success\nended transferred"
    ));
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_fails_offers_a_call_back_instead() {
    let mut scene = transferring(Carrier::Refuses(at(2.0)));
    // The failure sounds from 11.6 to 14.0 s.
    scene.says(15.0, 15.4, YES);
    scene.leaves(22.0);
    let played = scene.play().await;
    played.hears_then(&[
        TRANSFER_OFFER,
        TRANSFERRING,
        TRANSFER_FAILED,
        CALLBACK_PROMISED,
    ]);
    played.goes_on(&format!(
        "{ASKED}
         tool failed
         6 agent: {TRANSFER_FAILED}
         7 caller: {YES}
         tool callback for 7
         callback
         tool success
         8 agent: {CALLBACK_PROMISED}
         ended caller_left"
    ));
    let [callback] = &played.kept.callbacks[..] else {
        panic!("one call back is kept:\n{played}");
    };
    assert_eq!(callback.phone_number.as_deref(), Some("+15550100"));
    assert_eq!(callback.kind, "callback");
    assert!(callback.due_at.is_some(), "nobody said until when");
    let end = played.end();
    assert!(end.callback_requested && !end.transferred, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_fails_after_a_long_ringing_still_offers_a_call_back() {
    let mut scene = transferring(Carrier::Refuses(at(25.0)));
    // It fails at 34.5 s; the silence of the ringing is not the caller's.
    scene.says(39.0, 39.4, YES);
    scene.leaves(45.0);
    let played = scene.play().await;
    played.hears_then(&[
        TRANSFER_OFFER,
        TRANSFERRING,
        TRANSFER_FAILED,
        CALLBACK_PROMISED,
    ]);
    assert_eq!(played.kept.callbacks.len(), 1, "{played}");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_as_a_transfer_fails_is_answered() {
    let mut scene = transferring(Carrier::Refuses(at(2.0)));
    scene.recognition_takes = at(1.0);
    // It fails at 11.5 s, in the middle of the sentence.
    scene.says(11.0, 12.0, QUESTION);
    scene.leaves(22.0);
    let played = scene.play().await;
    let rows = &played.kept.rows;
    let asked = rows.iter().find(|row| row.content == QUESTION);
    let ended = asked.and_then(|row| row.ended_ms);
    assert!(
        ended.is_some_and(|ended| (11_950..12_250).contains(&ended)),
        "{ended:?}: {played}"
    );
    assert_eq!(rows.last().expect("rows").content, ANSWER, "{played}");
}

#[tokio::test(start_paused = true)]
async fn after_a_transfer_that_failed_the_call_goes_on() {
    let mut scene = transferring(Carrier::Refuses(at(2.0)));
    scene.says(15.0, 16.0, QUESTION);
    scene.leaves(40.0);
    let played = scene.play().await;
    played.hears_then(&[
        TRANSFER_OFFER,
        TRANSFERRING,
        TRANSFER_FAILED,
        ANSWER_BEGINS,
        ANSWER_ENDS,
        STILL_THERE,
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_never_answers_is_given_up() {
    let mut scene = transferring(Carrier::Hangs);
    scene.says(60.0, 60.4, NO);
    scene.leaves(66.0);
    let played = scene.play().await;
    let (from, _) = played.sounds(TRANSFER_FAILED);
    assert!((30.0..60.0).contains(&from), "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_while_it_rings_ends_the_call() {
    let mut scene = transferring(Carrier::Takes(at(20.0)));
    scene.leaves(14.0);
    let played = scene.play().await;
    played.goes_on(&format!("{ASKED}\ntool unknown\nended caller_left"));
}

#[tokio::test(start_paused = true)]
async fn a_phone_without_a_desk_to_go_to_is_offered_a_call_back() {
    let mut scene = asking(None);
    scene.says(7.5, 7.9, YES);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.hears_then(&[CALLBACK_OFFER, CALLBACK_PROMISED]);
    assert_eq!(played.kept.callbacks.len(), 1, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_browser_is_offered_a_call_back_although_there_is_a_carrier() {
    let mut scene = Scene::browser();
    scene.carrier = Some(Carrier::Takes(at(1.0)));
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.says(7.5, 7.9, YES);
    scene.leaves(14.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {WANTS_PERSON}
         3 agent: {CALLBACK_OFFER}
         4 caller: {YES}
         tool callback for 4
         callback
         tool success
         5 agent: {CALLBACK_PROMISED}
         ended caller_left"
    ));
    assert_eq!(played.transfers, 0, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_call_back_that_is_promised_in_two_turns_is_kept_twice_each_with_its_own_key() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.says(7.5, 7.9, YES);
    scene.says(12.0, 13.0, WANTS_PERSON);
    scene.says(15.5, 15.9, YES);
    scene.leaves(22.0);
    let played = scene.play().await;
    played.hears_then(&[
        CALLBACK_OFFER,
        CALLBACK_PROMISED,
        CALLBACK_OFFER,
        CALLBACK_PROMISED,
    ]);
    let [first, second] = &played.kept.callbacks[..] else {
        panic!("each promise is kept:\n{played}");
    };
    assert_ne!(first.id, second.id, "{played}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_promised_or_done_that_cannot_be_recorded() {
    let mut scene = transferring(Carrier::Takes(at(1.0)));
    scene.nothing_is_kept = true;
    // The transfer is given up at 11.5 s.
    scene.says(15.0, 15.4, YES);
    scene.leaves(24.0);
    let played = scene.play().await;
    played.hears_then(&[
        TRANSFER_OFFER,
        TRANSFERRING,
        TRANSFER_FAILED,
        TECHNICAL_PROBLEM,
    ]);
    assert_eq!(played.transfers, 0, "the carrier is not asked:\n{played}");
    assert!(played.kept.callbacks.is_empty(), "{played}");
    assert!(!played.end().callback_requested, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_while_a_call_back_is_recorded_is_called_back() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.says(7.5, 7.9, YES);
    // The turn is complete at 8.42 s, and the disk takes some milliseconds.
    scene.leaves(8.425);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {WANTS_PERSON}
         3 agent: {CALLBACK_OFFER}
         4 caller: {YES}
         tool callback for 4
         callback
         tool success
         ended caller_left"
    ));
    assert!(played.end().callback_requested, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_promise_that_is_cut_short_is_kept_all_the_same() {
    let promised = async |spoken: bool| {
        let mut scene = Scene::browser();
        scene.says(4.0, 5.0, WANTS_PERSON);
        // "Good, we will call you back." sounds from 8.5 to 10.3 s.
        scene.says(7.5, 7.9, YES);
        if spoken {
            scene.says(9.2, 9.5, QUESTION);
        } else {
            scene.types(9.4, QUESTION);
        }
        scene.leaves(16.0);
        scene.play().await
    };
    for spoken in [true, false] {
        let played = promised(spoken).await;
        let (begun, cut) = played.sounds(CALLBACK_PROMISED);
        assert!(cut - begun < 1.7, "it was not cut:\n{played}");
        assert_eq!(played.kept.callbacks.len(), 1, "spoken: {spoken}\n{played}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_hangs_up_during_the_promise_is_called_back() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.says(7.5, 7.9, YES);
    scene.leaves(9.6);
    let played = scene.play().await;
    assert_eq!(played.kept.callbacks.len(), 1, "{played}");
    let end = played.end();
    assert!(end.callback_requested, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_yes_to_are_you_still_there_is_not_consent_to_an_offer_before_it() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    // Asked at 22.1 s.
    scene.says(24.0, 24.4, "Yes.");
    scene.leaves(30.0);
    let played = scene.play().await;
    played.hears_then(&[CALLBACK_OFFER, STILL_THERE, UNCLEAR]);
    assert!(played.kept.callbacks.is_empty(), "{played}");
}

#[tokio::test(start_paused = true)]
async fn an_offer_stands_after_a_word_that_was_not_understood() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.coughs(7.5, 8.5);
    scene.says(11.5, 12.0, YES);
    scene.leaves(18.0);
    let played = scene.play().await;
    assert_eq!(played.kept.callbacks.len(), 1, "{played}");
}

#[tokio::test(start_paused = true)]
async fn a_question_instead_of_a_yes_is_answered() {
    let mut scene = Scene::browser();
    scene.says(4.0, 5.0, WANTS_PERSON);
    scene.says(7.5, 8.5, QUESTION);
    scene.says(14.0, 14.5, NO);
    scene.leaves(18.0);
    let played = scene.play().await;
    played.goes_on(&format!(
        "2 caller: {WANTS_PERSON}
         3 agent: {CALLBACK_OFFER}
         4 caller: {QUESTION}
         5 agent: {ANSWER}
         6 caller: {NO}
         7 agent: {NOTHING_ELSE}
         ended caller_left"
    ));
}
