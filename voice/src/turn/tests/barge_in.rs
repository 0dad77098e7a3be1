//! The caller speaks while the agent does.

use super::super::TurnConfig;
use super::{check, check_with};
use std::time::Duration;

#[test]
fn speech_during_a_reply_pauses_it_and_words_cancel_it() {
    check(
        "0.5 agent starts
         5.0 caller starts
         6.2 caller stops
         6.3 heard wait a moment
         6.4 agent stops
         7.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 PAUSE
         5.5 listening
         6.3 CANCEL
         6.5 REPLY wait a moment
         6.5 thinking",
    );
}

#[test]
fn a_sound_that_is_over_soon_is_spoken_under_and_then_spoken_on() {
    check(
        "0.5 agent starts
         5.0 caller starts
         5.3 caller stops
         5.5 heard
         6.0 caller starts
         6.3 caller stops
         6.5 heard Thank you, that makes sense.
         8.0 agent stops
         9.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 RESUME
         6.0 DUCK
         6.5 RESUME
         8.0 listening",
    );
}

#[test]
fn a_speech_that_ends_while_it_is_quiet_is_loud_when_it_comes_next() {
    check(
        "0.5 agent starts
         5.0 caller starts
         5.2 agent stops
         5.3 caller stops
         5.5 heard uh-huh
         6.0 agent starts
         7.0 end",
        "0.5 speaking
         5.0 DUCK
         5.2 RESUME
         5.2 listening
         6.0 speaking",
    );
}

#[test]
fn our_own_voice_coming_back_is_neither_a_turn_nor_a_silent_one() {
    check(
        "0.5 agent starts
         4.0 caller starts
         5.0 agent stops
         5.2 caller stops
         5.4 own voice
         7.0 caller starts
         8.0 caller stops
         8.1 heard
         9.0 end",
        "0.5 speaking
         4.0 DUCK
         4.5 PAUSE
         4.5 listening
         5.0 RESUME
         8.3 DID NOT CATCH",
    );
}

#[test]
fn on_a_line_that_echoes_a_sound_is_spoken_over_and_words_are_not() {
    check(
        "0.5 agent starts
         4.0 caller starts
         4.4 caller stops
         4.6 own voice
         5.0 caller starts
         6.0 caller stops
         6.2 own voice
         6.5 caller starts
         9.9 caller stops
         10.0 own voice
         11.0 caller starts
         11.6 caller stops
         11.8 heard what about Sunday
         13.0 end",
        "0.5 speaking
         4.0 DUCK
         4.6 RESUME
         9.0 DUCK
         9.5 PAUSE
         9.5 listening
         10.0 RESUME
         10.0 speaking
         11.8 CANCEL
         11.8 listening
         11.9 REPLY what about Sunday
         11.9 thinking",
    );
}

#[test]
fn a_caller_who_types_on_before_much_was_heard_is_answered_on_all_of_it() {
    check(
        "1.0 types what are your fees
         1.1 agent starts
         1.3 types and your hours
         1.4 agent stops
         1.5 agent starts
         3.0 types and the price
         4.0 end",
        "1.0 REPLY what are your fees
         1.0 thinking
         1.1 speaking
         1.3 CANCEL
         1.3 REPLY (what are your fees) and your hours
         1.3 thinking
         1.5 speaking
         3.0 CANCEL
         3.0 REPLY and the price
         3.0 thinking",
    );
}

#[test]
fn a_short_word_cancels_without_a_pause() {
    check(
        "0.5 agent starts
         5.0 caller starts
         5.4 caller stops
         5.5 heard stop
         6.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 CANCEL
         5.5 listening
         5.7 REPLY stop
         5.7 thinking",
    );
}

#[test]
fn a_cough_resumes_as_soon_as_it_proves_wordless() {
    check(
        "0.5 agent starts
         5.0 caller starts
         6.0 caller stops
         6.2 heard
         8.0 agent stops
         9.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 PAUSE
         5.5 listening
         6.2 RESUME
         6.2 speaking
         8.0 listening",
    );
}

#[test]
fn speech_without_a_transcript_resumes_after_two_seconds_and_late_words_still_cancel() {
    check(
        "0.5 agent starts
         5.0 caller starts
         6.0 caller stops
         8.5 heard hold on
         9.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 PAUSE
         5.5 listening
         8.0 RESUME
         8.0 speaking
         8.5 CANCEL
         8.5 REPLY hold on
         8.5 thinking",
    );
}

#[test]
fn a_listeners_noise_resumes_and_is_no_turn() {
    check(
        "0.5 agent starts
         5.0 caller starts
         5.9 caller stops
         6.0 heard Mm, okay.
         8.0 agent stops
         12.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 PAUSE
         5.5 listening
         6.0 RESUME
         6.0 speaking
         8.0 listening",
    );
}

#[test]
fn yeah_is_an_answer_where_the_agent_asked() {
    check(
        "0.5 agent starts
         3.0 agent asks
         5.0 caller starts
         5.4 caller stops
         5.5 heard Yeah.
         6.0 end",
        "0.5 speaking
         5.0 DUCK
         5.5 CANCEL
         5.5 listening
         5.7 REPLY Yeah.
         5.7 thinking",
    );
}

#[test]
fn a_disclosure_is_never_paused_and_what_was_said_over_it_is_answered_after_it() {
    check(
        "0.5 agent declares
         2.0 caller starts
         4.0 caller stops
         4.1 heard I lost my card
         7.0 agent stops
         8.0 end",
        "0.5 speaking
         7.0 REPLY I lost my card
         7.0 thinking",
    );
}

#[test]
fn a_listeners_noise_over_a_disclosure_is_dropped() {
    check(
        "0.5 agent declares
         2.0 caller starts
         2.5 caller stops
         2.6 heard okay
         4.0 caller starts
         6.9 caller stops
         7.0 agent stops
         7.2 heard uh-huh
         9.0 end",
        "0.5 speaking
         7.0 listening",
    );
}

#[test]
fn the_first_second_of_the_first_speech_cannot_be_interrupted() {
    // Speech that goes on is real: it pauses half a second after the warm-up. Words that may be
    // the echo of the agent itself wait for the end.
    check(
        "1.0 agent starts
         1.1 caller starts
         4.0 end",
        "1.0 speaking
         2.0 DUCK
         2.5 PAUSE
         2.5 listening",
    );
    check(
        "1.0 agent starts
         1.1 caller starts
         1.6 caller stops
         1.7 heard hello there
         4.0 agent stops
         4.1 end",
        "1.0 speaking
         4.0 REPLY hello there
         4.0 thinking",
    );
    let phone = TurnConfig {
        aec_warmup: Duration::ZERO,
        ..TurnConfig::default()
    };
    check_with(
        &phone,
        "1.0 agent starts
         1.1 caller starts
         2.0 end",
        "1.0 speaking
         1.1 DUCK
         1.6 PAUSE
         1.6 listening",
    );
}

#[test]
fn speech_that_began_before_the_agents_pauses_it_too() {
    check(
        "1.0 caller starts
         2.0 caller stops
         2.1 heard what are your fees
         2.6 caller starts
         2.7 agent starts
         4.6 end",
        "1.0 listening
         2.3 REPLY what are your fees
         2.3 thinking
         2.7 speaking
         3.7 DUCK
         4.2 PAUSE
         4.2 listening",
    );
}
