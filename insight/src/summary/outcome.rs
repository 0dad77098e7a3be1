//! How the caller's matter stands at the end.

use language::{Break, contains_any, words};

use call::{CallEnding, Resolution, Speaker};

use crate::{english::english, summary::SessionFacts, turn::TurnText};

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

/// Judges a call; events outrank words. `raised` are the topics of each turn, `needs` phrases of the trade that state a
/// need.
pub(super) fn of_call(
    facts: &SessionFacts,
    turns: &[TurnText],
    raised: &[Vec<usize>],
    needs: &[String],
) -> Outcome {
    let needs: Vec<usize> = (0..turns.len())
        .filter(|&at| is_need(&turns[at], !raised[at].is_empty(), needs))
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
    } else if !matches!(
        facts.ended,
        CallEnding::Abandoned | CallEnding::RoomLost | CallEnding::Broken
    ) && let Some(&need) = needs.last()
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
    let lists = &english().summary;
    contains_any(text, &lists.thanks)
        && !contains_any(text, &lists.not_closing)
        && !contains_any(text, &lists.not_thanks)
}

fn is_closing(turn: &TurnText) -> bool {
    let lists = &english().summary;
    turn.speaker == Speaker::Caller
        && contains_any(&turn.text, &lists.closing)
        && !contains_any(&turn.text, &lists.not_closing)
}

fn is_need(turn: &TurnText, has_topic: bool, needs: &[String]) -> bool {
    let lists = &english().summary;
    if turn.speaker != Speaker::Caller {
        return false;
    }
    if contains_any(&turn.text, &lists.repeats) {
        return true;
    }
    let about_a_matter = !contains_any(&turn.text, &lists.about_the_talk);
    let asks = words(&turn.text).iter().any(|w| w.after == Break::Question);
    if asks && about_a_matter {
        return true;
    }
    // "Thank you, that is all about my card" closes; it does not ask again.
    if is_closing(turn) {
        return false;
    }
    let states = || contains_any(&turn.text, &lists.needs) || contains_any(&turn.text, needs);
    has_topic || (about_a_matter && states())
}

/// Position of the agent's answer to the need at `need`.
fn answer_after(turns: &[TurnText], need: usize) -> Option<usize> {
    (need + 1..turns.len()).find(|&at| is_answer(&turns[at]))
}

fn is_answer(turn: &TurnText) -> bool {
    turn.speaker == Speaker::Agent
        && !turn.text.trim().is_empty()
        && (turn.has_sources || !contains_any(&turn.text, &english().summary.no_answer))
}
