//! When a turn is over, and what it holds.

use super::super::{TurnAction, TurnConfig, TurnEvent, Turns};
use super::check;
use std::time::Duration;

#[test]
fn a_turn_is_answered_half_a_second_after_the_last_sound() {
    // The VAD reports the end 0.2 s after the last sound: the turn closes at 3.8 + 0.5.
    check(
        "2.0 caller starts
         4.0 caller stops
         4.1 heard how do I block my card
         5.0 agent starts
         5.1 reply ended
         8.0 agent stops
         9.0 end",
        "2.0 listening
         4.3 REPLY how do I block my card
         4.3 thinking
         5.0 speaking
         8.0 listening",
    );
}

#[test]
fn a_transcript_later_than_the_delay_closes_the_turn_at_once() {
    check(
        "2.0 caller starts
         4.0 caller stops
         5.7 heard opening hours
         6.0 end",
        "2.0 listening
         5.7 REPLY opening hours
         5.7 thinking",
    );
}

#[test]
fn speech_before_the_turn_closes_joins_it() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.2 heard how do I
         2.3 caller starts
         2.4 tick
         3.0 caller stops
         3.2 heard send money
         5.0 end",
        "1.0 listening
         3.3 REPLY how do I send money
         3.3 thinking",
    );
}

#[test]
fn a_turn_waits_for_the_transcript_of_every_utterance_in_it() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 caller starts
         3.0 caller stops
         3.5 heard my card
         4.0 heard was stolen
         5.0 end",
        "1.0 listening
         4.0 REPLY my card was stolen
         4.0 thinking",
    );
}

#[test]
fn a_dangling_word_waits_longer() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard I want to pay my
         5.0 end",
        "1.0 listening
         3.0 REPLY I want to pay my
         3.0 thinking",
    );
}

#[test]
fn dictated_digits_wait_longer_and_the_next_turn_does_not() {
    check(
        "0.5 agent asks for digits
         1.0 caller starts
         2.0 caller stops
         2.1 heard four one one
         3.1 reply ended
         3.2 agent starts
         3.3 agent stops
         4.0 caller starts
         5.0 caller stops
         5.1 heard thank you
         6.0 end",
        "1.0 listening
         3.0 REPLY four one one
         3.0 thinking
         3.2 speaking
         3.3 listening
         5.3 REPLY thank you
         5.3 thinking",
    );
}

#[test]
fn words_before_the_reply_is_heard_take_its_place_and_carry_the_question_along() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard how much is a transfer
         2.6 caller starts
         3.4 caller stops
         3.5 heard to another bank
         5.0 end",
        "1.0 listening
         2.3 REPLY how much is a transfer
         2.3 thinking
         3.5 CANCEL
         3.5 listening
         3.7 REPLY (how much is a transfer) to another bank
         3.7 thinking",
    );
}

#[test]
fn a_reply_that_was_heard_leaves_nothing_unanswered() {
    check(
        "1.0 types fees
         2.0 agent starts
         4.0 caller starts
         4.6 caller stops
         4.7 heard no limits
         5.0 end",
        "1.0 REPLY fees
         1.0 thinking
         2.0 speaking
         4.0 DUCK
         4.5 PAUSE
         4.5 listening
         4.7 CANCEL
         4.9 REPLY no limits
         4.9 thinking",
    );
}

#[test]
fn typed_text_interrupts_and_is_answered_at_once() {
    check(
        "0.5 agent starts
         0.8 types opening hours
         0.9 agent stops
         1.0 end",
        "0.5 speaking
         0.8 CANCEL
         0.8 REPLY opening hours
         0.8 thinking",
    );
    check(
        "0.5 agent declares
         0.8 types opening hours
         3.0 agent stops
         4.0 end",
        "0.5 speaking
         3.0 REPLY opening hours
         3.0 thinking",
    );
}

#[test]
fn a_message_typed_while_speaking_takes_the_words_so_far_and_leaves_the_rest() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard I want
         2.2 caller starts
         2.3 types a loan
         3.0 caller stops
         3.1 heard for a house
         4.0 end",
        "1.0 listening
         2.3 REPLY I want a loan
         2.3 thinking
         3.1 CANCEL
         3.1 listening
         3.3 REPLY (I want a loan) for a house
         3.3 thinking",
    );
}

#[test]
fn the_turn_says_when_the_caller_stopped_and_how_long_endpointing_took() {
    let mut turns = Turns::new(TurnConfig::default());
    let ms = Duration::from_millis;
    turns.on(TurnEvent::CallerStartedSpeaking, ms(1_000));
    turns.on(TurnEvent::CallerStoppedSpeaking, ms(2_000));
    turns.on(
        TurnEvent::Transcript {
            text: "  hello ".to_owned(),
        },
        ms(2_050),
    );
    assert_eq!(
        turns.deadline(),
        Some(ms(2_300)),
        "half a second after the last sound at 1.8"
    );
    let actions = turns.on(TurnEvent::Tick, ms(2_310));
    let Some(TurnAction::Reply(turn)) = actions.first() else {
        panic!("no reply in {actions:?}")
    };
    assert_eq!((turn.text.as_str(), turn.typed), ("hello", false));
    assert_eq!((turn.stopped_at, turn.endpointing), (ms(1_800), ms(510)));
}
