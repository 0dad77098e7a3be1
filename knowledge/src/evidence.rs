//! What speaks for a turn being a question about the trade, as numbers, and what they weigh together.

use serde::{Deserialize, Serialize};

use crate::matches::Matches;

/// The numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Weight of the best topic's phrases.
    pub topic: f32,
    /// Weight of the trade's words.
    pub words: f32,
    /// Weight of other trades' words.
    pub foreign: f32,
    /// Share of the turn that courtesy explains.
    pub courtesy: f32,
    /// Meaningful words, as a logarithm.
    pub content: f32,
    /// Share of the meaningful words that the documents know.
    pub known: f32,
    /// What the best document scores by the words.
    pub score: f32,
    /// The embedding model was there.
    pub is_by_meaning: bool,
    /// How near the nearest text of a document is; 0 without the model.
    pub nearness: f32,
    /// How much it sounds like the trade, as learned from the pack.
    pub learned: f32,
    /// What these weigh.
    pub weights: Weights,
}

/// How many numbers there are.
pub(crate) const NUMBERS: usize = 9;

/// The place of other trades' words among them.
const FOREIGN: usize = 2;
/// How far a pack's own weights go from those of all packs to what its examples say.
const LEAN: f32 = 0.4;

/// What the numbers weigh, in their order, and where the middle lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    numbers: [f32; NUMBERS],
    middle: f32,
}

/// What they weigh with the embedding model and without.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Weighing {
    pub(crate) by_meaning: Weights,
    pub(crate) by_words: Weights,
}

/// Fitted to the tests of three packs and to public sets of a bank's and of other questions; see
/// `docs/understanding.md`. A pack's `learned.toml` has its own.
impl Default for Weighing {
    fn default() -> Self {
        Self {
            by_meaning: Weights {
                numbers: [0.8, 1.8, -1.3, -0.1, 0.95, 0.1, 0.75, 4.4, 0.45],
                middle: -6.0,
            },
            by_words: Weights::default(),
        }
    }
}

/// By words.
impl Default for Weights {
    fn default() -> Self {
        Self {
            numbers: [1.28, 3.0, -2.0, 0.1, 0.7, 0.9, 0.8, 0.0, 0.3],
            middle: -4.5,
        }
    }
}

impl Weights {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "they are weighed in single precision"
    )]
    pub(crate) fn new(numbers: [f64; NUMBERS], middle: f64) -> Self {
        Self {
            numbers: numbers.map(|number| number as f32),
            middle: middle as f32,
        }
    }

    /// Between these and what holds for every pack: examples are of some speakers only. What the author says is
    /// another trade's stays so.
    pub(crate) fn leaning_on(self, standard: Self) -> Self {
        let lean = |own: f32, standard: f32| LEAN * own + (1.0 - LEAN) * standard;
        let mut numbers = standard.numbers;
        for (at, number) in numbers.iter_mut().enumerate() {
            if at != FOREIGN {
                *number = lean(self.numbers[at], *number);
            }
        }
        Self {
            numbers,
            middle: lean(self.middle, standard.middle),
        }
    }

    #[cfg(test)]
    pub(crate) fn numbers(&self) -> &[f32; NUMBERS] {
        &self.numbers
    }

    /// How likely what has these numbers is a question about the trade, 0 to 1.
    pub(crate) fn likelihood(&self, numbers: &[f32; NUMBERS]) -> f32 {
        let weighed = numbers.iter().zip(self.numbers);
        let sum: f32 = weighed.map(|(number, weight)| number * weight).sum();
        1.0 / (1.0 + (-sum - self.middle).exp())
    }
}

impl Evidence {
    /// How likely it is a question about the trade, 0 to 1.
    #[must_use]
    pub fn likelihood(&self) -> f32 {
        self.weights.likelihood(&self.numbers())
    }

    pub(crate) fn numbers(&self) -> [f32; NUMBERS] {
        [
            self.topic.min(2.0),
            self.words.min(2.0),
            self.foreign.min(4.0),
            self.courtesy,
            self.content,
            self.known,
            self.score,
            self.nearness,
            self.learned,
        ]
    }

    pub(crate) fn of(matches: &Matches) -> Self {
        let content = u16::try_from(matches.content).unwrap_or(u16::MAX);
        Self {
            topic: matches.topics.first().map_or(0.0, |(_, weight)| *weight),
            words: matches.words,
            foreign: matches.foreign,
            courtesy: matches.small_talk.first().map_or(0.0, |talk| talk.share),
            content: f32::from(content).ln_1p(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Weighing, Weights};

    fn weights(is_by_meaning: bool) -> Weights {
        let weighing = Weighing::default();
        if is_by_meaning {
            weighing.by_meaning
        } else {
            weighing.by_words
        }
    }

    #[test]
    fn what_speaks_for_the_trade_makes_it_likelier_and_what_speaks_against_it_less() {
        for is_by_meaning in [false, true] {
            let some = Evidence {
                is_by_meaning,
                weights: weights(is_by_meaning),
                words: 1.0,
                content: 1.0,
                nearness: 0.5,
                ..Evidence::default()
            };
            let more = Evidence { topic: 1.0, ..some };
            let less = Evidence {
                foreign: 2.0,
                ..some
            };
            assert!(more.likelihood() > some.likelihood());
            assert!(less.likelihood() < some.likelihood());
        }
        let near = Evidence {
            is_by_meaning: true,
            weights: weights(true),
            nearness: 0.9,
            ..Evidence::default()
        };
        let far = Evidence {
            nearness: 0.1,
            ..near
        };
        assert!(near.likelihood() > far.likelihood());
    }
}
