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
         5.5 PAUSE
         5.5 listening
         6.3 CANCEL
         6.5 REPLY wait a moment
         6.5 thinking",
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
         4.2 PAUSE
         4.2 listening",
    );
}
