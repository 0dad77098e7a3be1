//! The words that show a feeling, and what stands before them.

use language::{Break, Word, find_phrase, words};

use super::{Emotion, is_negation};
use crate::english::english;

/// Words before a feeling in which a negation turns it.
const NEGATION_REACH: usize = 3;

/// What the words of a text show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Tenths: 10 is a plain "thanks", -20 a plain "terrible". Positive is good.
    pub score: i32,
    /// Tenths of each emotion, in the order of [`Emotion::ALL`]; below 0 where a negation takes it back.
    pub strengths: [i32; Emotion::ALL.len()],
}

/// What the phrases of `[sentiment]` in `packs/languages/en.toml` find in `text`.
#[must_use]
pub fn shown(text: &str) -> Shown {
    let heard = words(text);
    let keys: Vec<&str> = heard.iter().map(|w| w.key.as_str()).collect();
    let mut taken = vec![false; keys.len()];
    let mut shown = Shown {
        score: 0,
        strengths: Default::default(),
    };
    for (parts, weight, emotion) in &english().sentiment.by_length {
        let mut from = 0;
        while let Some(at) = find_phrase(&keys[from..], parts).map(|at| at + from) {
            from = at + parts.len();
            if taken[at..from].contains(&true) {
                continue;
            }
            taken[at..from].fill(true);
            let (strength, is_turned) = in_context(&heard, at, *weight);
            let (here, there) = (*emotion as usize, Emotion::Frustrated as usize);
            match (is_turned, *weight > 0) {
                _ if *emotion == Emotion::Neutral => shown.strengths[here] += strength.abs(),
                (false, _) => {
                    shown.score += strength;
                    shown.strengths[here] += strength.abs();
                }
                // "Not happy" is a complaint, and what other evidence sees in "happy" does not count.
                (true, true) => {
                    shown.score -= strength;
                    shown.strengths[here] -= strength;
                    shown.strengths[there] += strength;
                }
                // "Not bad" and "not angry" say little.
                (true, false) => shown.strengths[here] -= strength.abs(),
            }
        }
    }
    shown
}

/// The weight of the phrase at `at` after what stands before it ("very" strengthens), and whether a "not" turns it.
fn in_context(heard: &[Word<'_>], at: usize, weight: i32) -> (i32, bool) {
    let mut weight = weight;
    let mut is_turned = false;
    for (back, word) in heard[..at].iter().rev().take(NEGATION_REACH).enumerate() {
        if matches!(
            word.after,
            Break::Sentence | Break::Question | Break::Clause
        ) {
            break;
        }
        is_turned |= is_negation(&word.key);
        if back == 0 && english().sentiment.intensifiers.contains(&word.key) {
            weight = weight * 3 / 2;
        }
    }
    (weight, is_turned)
}
