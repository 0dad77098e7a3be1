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
    /// How near the nearest text of a document is.
    pub nearness: f32,
    /// How much it sounds like the trade, as learned from the pack.
    pub learned: f32,
}

impl Evidence {
    /// The numbers in order.
    #[must_use]
    pub fn numbers(&self) -> [f32; 9] {
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
        Self {
            topic: matches.topics.first().map_or(0.0, |(_, weight)| *weight),
            words: matches.words,
            foreign: matches.foreign,
            courtesy: matches.small_talk.first().map_or(0.0, |talk| talk.share),
            content: f32::from(u16::try_from(matches.content).unwrap_or(u16::MAX)).ln_1p(),
            ..Self::default()
        }
    }
}

/// What the numbers weigh, and where the middle lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    numbers: [f32; 9],
    middle: f32,
}

/// Fitted to the tests of three packs and to public sets of a bank's and of other questions; see `docs/understanding.md`.
pub(crate) const WITH_MEANING: Weights = Weights {
    numbers: [0.8, 1.8, -1.1, -0.1, 0.95, 0.1, 0.75, 4.4, 0.45],
    middle: -6.0,
};
/// The same without the embedding model.
pub(crate) const BY_WORDS: Weights = Weights {
    numbers: [1.28, 3.0, -1.7, 0.1, 0.7, 0.9, 0.8, 0.0, 0.3],
    middle: -4.5,
};

impl Weights {
    /// How likely it is a question about the trade, 0 to 1.
    pub(crate) fn judge(&self, evidence: &Evidence) -> f32 {
        let numbers = evidence.numbers();
        let weighed = numbers.iter().zip(self.numbers).map(|(number, weight)| number * weight);
        let sum = weighed.sum::<f32>() + self.middle;
        1.0 / (1.0 + (-sum).exp())
    }
}
