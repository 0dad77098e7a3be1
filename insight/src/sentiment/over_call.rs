//! The feeling over a call: that of its turns, and what happened in it.

use call::Sentiment;

use super::Feeling;

/// What the feeling over a call rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallFeeling {
    /// Of each turn of the caller, in order.
    pub turns: Vec<Feeling>,
    /// How often the caller cut the agent short.
    pub interruptions: usize,
    /// How often the agent had no answer.
    pub refusals: usize,
    /// How often the caller came back to what was answered before.
    pub repeats: usize,
    /// The caller has called about it before.
    pub called_before: bool,
    /// Something was asked for, and at the end of the call it is still open: thanks are manners then.
    pub is_open: bool,
    /// The caller speaks of somebody's death.
    pub is_bereaved: bool,
}

/// Tenths at which a call stops being neutral: more than one polite word in passing, less than a closing thanks.
const CALL_THRESHOLD: i32 = 12;
/// Tenths that each takes off, and the most that all of a kind take.
const INTERRUPTION_COST: i32 = 5;
const MAX_INTERRUPTION_COST: i32 = 15;
const REFUSAL_COST: i32 = 3;
const REPEAT_COST: i32 = 6;
const MAX_COST: i32 = 12;
const CALLED_BEFORE_COST: i32 = 6;

/// The feeling over a call: the last third of the caller's turns counts double, what went wrong lowers it. A caller whose
/// matter is open, or who mourns, is never called positive.
#[must_use]
pub fn of_call(call: &CallFeeling) -> Sentiment {
    let turns = &call.turns;
    let mut score: i32 = 0;
    for (i, feeling) in turns.iter().enumerate() {
        let weight = if (i + 1) * 3 > turns.len() * 2 { 2 } else { 1 };
        let counts = !(call.is_open || call.is_bereaved) || feeling.score < 0;
        score += if counts { feeling.score * weight } else { 0 };
    }
    score -= cost(call.interruptions, INTERRUPTION_COST, MAX_INTERRUPTION_COST);
    score -= cost(call.refusals, REFUSAL_COST, MAX_COST - REFUSAL_COST);
    score -= cost(call.repeats, REPEAT_COST, MAX_COST);
    if call.called_before {
        score -= CALLED_BEFORE_COST;
    }
    match score {
        CALL_THRESHOLD.. => Sentiment::Positive,
        ..=-12 => Sentiment::Negative,
        _ => Sentiment::Neutral,
    }
}

fn cost(times: usize, each: i32, most: i32) -> i32 {
    let times = i32::try_from(times).unwrap_or(i32::MAX);
    times.saturating_mul(each).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentiment::of_turn;

    fn turns(said: &[&str]) -> CallFeeling {
        CallFeeling {
            turns: said.iter().map(|text| of_turn(text, None)).collect(),
            ..CallFeeling::default()
        }
    }

    #[track_caller]
    fn check(call: &CallFeeling, expected: Sentiment) {
        assert_eq!(of_call(call), expected, "{call:?}");
    }

    #[test]
    fn the_end_of_a_call_counts_double() {
        for (said, expected) in [
            (&[][..], Sentiment::Neutral),
            (
                &["Hi.", "What is my balance?", "Thanks, bye."],
                Sentiment::Positive,
            ),
            (
                &["Okay, thanks.", "What is my balance?", "Bye."],
                Sentiment::Neutral,
            ),
            (
                &["I am angry.", "Okay.", "Thank you, that is great."],
                Sentiment::Positive,
            ),
            (
                &["Thank you.", "Hm.", "This is terrible."],
                Sentiment::Negative,
            ),
        ] {
            check(&turns(said), expected);
        }
    }

    #[test]
    fn many_interruptions_spoil_a_faint_thanks() {
        let call = turns(&["Hi.", "What is my balance?", "Thanks, bye."]);
        check(
            &CallFeeling {
                interruptions: 1,
                ..call.clone()
            },
            Sentiment::Positive,
        );
        check(
            &CallFeeling {
                interruptions: 3,
                ..call
            },
            Sentiment::Neutral,
        );
    }

    #[test]
    fn thanks_are_manners_where_the_matter_is_open_and_where_somebody_mourns() {
        let call = turns(&["What is my balance?", "Thank you so much, bye."]);
        check(&call, Sentiment::Positive);
        check(
            &CallFeeling {
                is_open: true,
                ..call.clone()
            },
            Sentiment::Neutral,
        );
        check(
            &CallFeeling {
                is_bereaved: true,
                ..call.clone()
            },
            Sentiment::Neutral,
        );
        let failed = CallFeeling {
            is_open: true,
            refusals: 2,
            repeats: 1,
            ..call
        };
        check(&failed, Sentiment::Negative);
    }
}
