//! How the caller felt: a weighted lexicon with negation, per turn and over the call.

use call::Sentiment;
use language::{Break, Word, find_phrase, words};
use serde::{Deserialize, Serialize};

use crate::english::english;

/// The eight emotions kept per turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Emotion {
    Frustrated,
    Excited,
    Confused,
    Angry,
    Neutral,
    Happy,
    Satisfied,
    Worried,
}

impl From<Emotion> for Sentiment {
    fn from(emotion: Emotion) -> Self {
        match emotion {
            Emotion::Excited | Emotion::Happy | Emotion::Satisfied => Self::Positive,
            Emotion::Frustrated | Emotion::Angry | Emotion::Worried | Emotion::Confused => {
                Self::Negative
            }
            Emotion::Neutral => Self::Neutral,
        }
    }
}

/// The feeling in one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feeling {
    /// The strongest emotion; neutral when nothing shows one.
    pub emotion: Emotion,
    /// Tenths: 10 is a plain "thanks", -20 a plain "terrible". Positive is good.
    pub score: i32,
}

/// Tenths at which a call stops being neutral: more than one polite word in passing, less than a closing thanks.
const CALL_THRESHOLD: i32 = 12;
/// Tenths that each barge-in takes off, and the most that all of them take.
const INTERRUPTION_COST: i32 = 5;
const MAX_INTERRUPTION_COST: i32 = 15;
/// Words before a feeling in which a negation turns it.
const NEGATION_REACH: usize = 3;

/// The feeling in `text`.
#[must_use]
pub fn of_turn(text: &str) -> Feeling {
    let heard = words(text);
    let keys: Vec<&str> = heard.iter().map(|w| w.key.as_str()).collect();
    let mut taken = vec![false; keys.len()];
    let mut score = 0;
    let mut strengths: Vec<(Emotion, i32)> = Vec::new();
    for (parts, weight, emotion) in &english().sentiment.by_length {
        let mut from = 0;
        while let Some(at) = find_phrase(&keys[from..], parts).map(|at| at + from) {
            from = at + parts.len();
            if taken[at..from].contains(&true) {
                continue;
            }
            taken[at..from].fill(true);
            let (weight, emotion) = in_context(&heard, at, *weight, *emotion);
            score += weight;
            match strengths.iter_mut().find(|(e, _)| *e == emotion) {
                Some((_, sum)) => *sum += weight.abs(),
                None => strengths.push((emotion, weight.abs())),
            }
        }
    }
    // Ties go to the longer phrase, which comes first in the lexicon.
    let mut emotion = Emotion::Neutral;
    let mut strongest = 0;
    for (candidate, strength) in strengths {
        if strength > strongest && candidate != Emotion::Neutral && agrees(candidate, score) {
            (emotion, strongest) = (candidate, strength);
        }
    }
    Feeling { emotion, score }
}

/// The feeling over a call: the last third of the caller's turns counts double, barge-ins lower it.
#[must_use]
pub fn of_call<'a>(
    caller_turns: impl IntoIterator<Item = &'a str>,
    interruptions: usize,
) -> Sentiment {
    let turns: Vec<&str> = caller_turns.into_iter().collect();
    let mut score: i32 = 0;
    for (i, text) in turns.iter().enumerate() {
        let weight = if (i + 1) * 3 > turns.len() * 2 { 2 } else { 1 };
        score += of_turn(text).score * weight;
    }
    let interruptions = i32::try_from(interruptions).unwrap_or(i32::MAX);
    score -= interruptions
        .saturating_mul(INTERRUPTION_COST)
        .min(MAX_INTERRUPTION_COST);
    match score {
        CALL_THRESHOLD.. => Sentiment::Positive,
        ..=-12 => Sentiment::Negative,
        _ => Sentiment::Neutral,
    }
}

fn agrees(emotion: Emotion, score: i32) -> bool {
    match Sentiment::from(emotion) {
        Sentiment::Positive => score > 0,
        Sentiment::Negative => score < 0,
        Sentiment::Neutral => true,
    }
}

/// Weight and emotion of the phrase at `at` after what stands before it: "very" strengthens, "not" turns.
fn in_context(heard: &[Word<'_>], at: usize, weight: i32, emotion: Emotion) -> (i32, Emotion) {
    let mut weight = weight;
    let mut negated = false;
    for (back, word) in heard[..at].iter().rev().take(NEGATION_REACH).enumerate() {
        if matches!(
            word.after,
            Break::Sentence | Break::Question | Break::Clause
        ) {
            break;
        }
        negated |= is_negation(&word.key);
        if back == 0 && english().sentiment.intensifiers.contains(&word.key) {
            weight = weight * 3 / 2;
        }
    }
    match (negated, weight > 0) {
        (false, _) => (weight, emotion),
        // "Not happy" is a complaint; "not bad" and "not angry" say little.
        (true, true) => (-weight, Emotion::Frustrated),
        (true, false) => (0, Emotion::Neutral),
    }
}

/// Whether a word turns what follows it: "not", "never", "don't".
pub(crate) fn is_negation(key: &str) -> bool {
    key.ends_with("n't")
        || matches!(
            key,
            "not" | "no" | "never" | "hardly" | "barely" | "without" | "cannot" | "nothing"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, emotion: Emotion, sign: i32) {
        let feeling = of_turn(text);
        assert_eq!(
            (feeling.emotion, feeling.score.signum()),
            (emotion, sign),
            "{text:?} scored {}",
            feeling.score
        );
    }

    #[track_caller]
    fn check_call(turns: &[&str], interruptions: usize, expected: Sentiment) {
        assert_eq!(
            of_call(turns.iter().copied(), interruptions),
            expected,
            "{turns:?}"
        );
    }

    #[test]
    fn a_turn_has_the_emotion_of_its_strongest_words() {
        use Emotion::*;
        check("What is my balance?", Neutral, 0);
        check("", Neutral, 0);
        check("Thank you very much.", Satisfied, 1);
        check("I am so happy with that.", Happy, 1);
        check("I am very angry with your bank.", Angry, -1);
        check(
            "I called three times already, nobody is helping me.",
            Frustrated,
            -1,
        );
        check("I don't understand.", Confused, -1);
        check("Someone stole my card, I'm worried.", Worried, -1);
        check("Wow, amazing, I can't wait!", Excited, 1);
        check("This is terrible service.", Angry, -1);
    }

    #[test]
    fn a_negation_turns_praise_and_dulls_complaint() {
        use Emotion::*;
        check("I am not happy.", Frustrated, -1);
        check("That is not very helpful.", Frustrated, -1);
        check("It's not bad.", Neutral, 0);
        check("No problem, thanks.", Satisfied, 1);
        check("No, thank you.", Satisfied, 1);
        check("Thanks for nothing.", Angry, -1);
        check("No thanks to you.", Frustrated, -1);
        check("This is not acceptable.", Frustrated, -1);
        // The comma ends the reach of "not".
        check("It is not, but thank you.", Satisfied, 1);
    }

    #[test]
    fn the_end_of_a_call_counts_double() {
        check_call(&[], 0, Sentiment::Neutral);
        check_call(
            &["Hi.", "What is my balance?", "Thanks, bye."],
            0,
            Sentiment::Positive,
        );
        check_call(
            &["Thanks.", "What is my balance?", "Bye."],
            0,
            Sentiment::Neutral,
        );
        check_call(
            &["I am angry.", "Okay.", "Thank you, that is great."],
            0,
            Sentiment::Positive,
        );
        check_call(
            &["Thank you.", "Hm.", "This is terrible."],
            0,
            Sentiment::Negative,
        );
    }

    #[test]
    fn many_interruptions_spoil_a_faint_thanks() {
        let turns = ["Hi.", "What is my balance?", "Thanks, bye."];
        check_call(&turns, 1, Sentiment::Positive);
        check_call(&turns, 3, Sentiment::Neutral);
    }

    #[test]
    fn eight_emotions_map_to_three_sentiments() {
        use Emotion::*;
        for (emotion, sentiment) in [
            (Excited, Sentiment::Positive),
            (Happy, Sentiment::Positive),
            (Satisfied, Sentiment::Positive),
            (Frustrated, Sentiment::Negative),
            (Angry, Sentiment::Negative),
            (Worried, Sentiment::Negative),
            (Confused, Sentiment::Negative),
            (Neutral, Sentiment::Neutral),
        ] {
            assert_eq!(Sentiment::from(emotion), sentiment, "{emotion:?}");
        }
    }
}
