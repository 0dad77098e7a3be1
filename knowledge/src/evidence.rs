//! What speaks for a turn being a question about the trade, as numbers, and what they weigh together.

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
}

/// What the numbers weigh, in their order, and where the middle lies.
#[derive(Clone, Copy, Debug)]
struct Weights {
    numbers: [f32; 9],
    middle: f32,
}

/// Fitted to the tests of three packs and to public sets of a bank's and of other questions; see `docs/understanding.md`.
const WITH_MEANING: Weights = Weights {
    numbers: [0.8, 1.8, -1.3, -0.1, 0.95, 0.1, 0.75, 4.4, 0.45],
    middle: -6.0,
};
/// The same without the embedding model.
const BY_WORDS: Weights = Weights {
    numbers: [1.28, 3.0, -2.0, 0.1, 0.7, 0.9, 0.8, 0.0, 0.3],
    middle: -4.5,
};

impl Evidence {
    /// How likely it is a question about the trade, 0 to 1.
    #[must_use]
    pub fn likelihood(&self) -> f32 {
        let weights = if self.is_by_meaning {
            WITH_MEANING
        } else {
            BY_WORDS
        };
        let weighed = self.numbers().into_iter().zip(weights.numbers);
        let sum: f32 = weighed.map(|(number, weight)| number * weight).sum();
        1.0 / (1.0 + (-sum - weights.middle).exp())
    }

    fn numbers(&self) -> [f32; 9] {
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
    use super::Evidence;

    #[test]
    fn what_speaks_for_the_trade_makes_it_likelier_and_what_speaks_against_it_less() {
        for is_by_meaning in [false, true] {
            let some = Evidence {
                is_by_meaning,
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
