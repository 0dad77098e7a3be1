//! How the caller's matter stands at the end.

use crate::Role;
use crate::summary::{EndReason, Resolution, SessionFacts, TurnText};
use language::{Break, contains_any, words};

/// The end of a call and what it rests on.
pub(super) struct Outcome {
    pub(super) resolution: Resolution,
    /// The turns of the last need, its answer, and the caller's closing.
    pub(super) evidence: Vec<i32>,
    /// The caller asked for something.
    pub(super) had_need: bool,
    /// Position in the turns of the first answer, if any.
    pub(super) first_answer: Option<usize>,
}

const CLOSING: &[&str] = &[
    "thank you",
    "thanks",
    "that is all",
    "that's all",
    "that'll be all",
    "that will be all",
    "goodbye",
    "good bye",
    "bye",
    "nothing else",
    "have a nice day",
    "have a good day",
    "perfect",
    "that helps",
    "you have been helpful",
];
const NO_CLOSING: &[&str] = &[
    "not all",
    "thanks for nothing",
    "thank you for nothing",
    "no thanks to you",
    "not perfect",
    "one more thing",
];
/// The caller comes back to what was answered before.
const REPEATS: &[&str] = &[
    "i already told you",
    "not what i asked",
    "not what i said",
    "still not working",
    "still doesn't work",
    "didn't work",
    "doesn't work",
    "did not work",
    "not helpful",
    "you are not listening",
    "doesn't help",
    "does not help",
    "that's wrong",
    "that is wrong",
];
/// About the talk itself, not about a matter.
const ABOUT_THE_TALK: &[&str] = &[
    "repeat that",
    "can you hear me",
    "are you there",
    "how are you",
    "say that again",
    "hold on",
    "one moment",
    "wait a minute",
    "are you a robot",
    "who are you",
    "what is your name",
    "speak slowly",
    "what did you say",
];
const NEEDS: &[&str] = &[
    "i want",
    "i need",
    "i would like",
    "i'd like",
    "please",
    "i lost",
    "i forgot",
    "how do i",
    "how can i",
    "can i",
    "can you",
    "could you",
    "tell me",
    "help me",
    "my card",
    "i am trying",
    "i'm trying",
];
/// Openings of turns in which the agent does not answer.
const NO_ANSWER: &[&str] = &[
    "did not catch",
    "didn't catch",
    "are you still there",
    "i don't know",
    "i do not know",
    "i'm not sure",
    "don't have that information",
    "do not have that information",
    "can't help with",
    "cannot help with",
    "unable to help",
    "could you repeat",
    "could not find",
    "couldn't find",
    "went wrong",
];

/// Judges a call; events outrank words.
/// `raised` are the topics of each turn.
pub(super) fn of_call(facts: &SessionFacts, turns: &[TurnText], raised: &[Vec<usize>]) -> Outcome {
    let needs: Vec<usize> = (0..turns.len())
        .filter(|&at| is_need(&turns[at], !raised[at].is_empty()))
        .collect();
    let first_answer = needs.first().and_then(|&need| answer_after(turns, need));
    let mut outcome = Outcome {
        resolution: Resolution::Incomplete,
        evidence: Vec::new(),
        had_need: !needs.is_empty(),
        first_answer,
    };
    if facts.transferred || facts.callback_requested {
        outcome.resolution = Resolution::Escalated;
    } else if !matches!(facts.ended, EndReason::Abandoned | EndReason::Error)
        && let Some(&need) = needs.last()
        && let Some(answer) = answer_after(turns, need)
        && let Some(closing) = (answer + 1..turns.len()).find(|&at| is_closing(&turns[at]))
    {
        outcome.resolution = Resolution::Resolved;
        outcome.evidence = [need, answer, closing].map(|at| turns[at].seq).to_vec();
    }
    outcome
}

/// The caller thanks, without turning it round.
pub(super) fn is_thanks(text: &str) -> bool {
    contains_any(
        text,
        &[
            "thank you",
            "thanks",
            "appreciate it",
            "appreciate that",
            "appreciate your",
        ],
    ) && !contains_any(text, NO_CLOSING)
        && !contains_any(text, &["don't appreciate", "do not appreciate"])
}

fn is_closing(turn: &TurnText) -> bool {
    turn.role == Role::Caller
        && contains_any(&turn.text, CLOSING)
        && !contains_any(&turn.text, NO_CLOSING)
}

fn is_need(turn: &TurnText, has_topic: bool) -> bool {
    if turn.role != Role::Caller {
        return false;
    }
    if contains_any(&turn.text, REPEATS) {
        return true;
    }
    let asks = words(&turn.text).iter().any(|w| w.after == Break::Question);
    if asks && !contains_any(&turn.text, ABOUT_THE_TALK) {
        return true;
    }
    // "Thank you, that is all about my card" closes; it does not ask again.
    if is_closing(turn) {
        return false;
    }
    has_topic || (contains_any(&turn.text, NEEDS) && !contains_any(&turn.text, ABOUT_THE_TALK))
}

/// Position of the agent's answer to the need at `need`.
fn answer_after(turns: &[TurnText], need: usize) -> Option<usize> {
    (need + 1..turns.len()).find(|&at| is_answer(&turns[at]))
}

fn is_answer(turn: &TurnText) -> bool {
    turn.role == Role::Agent
        && !turn.text.trim().is_empty()
        && (turn.has_sources || !contains_any(&turn.text, NO_ANSWER))
}
