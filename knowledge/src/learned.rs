//! What a pack's own ways of asking have in common, against what people say elsewhere: a linear model, learned when the
//! pack is loaded. Over what sentences mean where the embedding model is there, else over their words and letters.
//!
//! Learning takes some milliseconds and always gives the same weights.

use embedding::{SEED, Vector, shuffle};
use language::grams as hashed;

use crate::trained::Packed;

/// Buckets of words and pairs, and as many of letters.
const BUCKETS: u16 = 1 << 14;
/// All of them.
const ALL: usize = 2 * BUCKETS as usize;
/// How often the examples are gone through, and how far each moves the weights.
const MEANING: Pace = Pace {
    rounds: 3,
    step: 0.5,
};
const WORDS: Pace = Pace {
    rounds: 8,
    step: 0.3,
};
/// The same for the one number that every example has.
const BIAS: f32 = 0.1;
/// Weights of meaning shrink by this much of a step.
const SHRINK: f32 = 1e-4;
/// Beyond this more is not surer.
const LIMIT: f32 = 6.0;

#[derive(Clone, Copy, Debug)]
struct Pace {
    rounds: usize,
    step: f32,
}

/// The weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learned {
    weights: Vec<f32>,
    bias: f32,
}

impl Learned {
    /// From what sentences of the trade and others mean.
    pub(crate) fn from_meanings(trade: &[&Vector], elsewhere: &[&Vector]) -> Option<Self> {
        let size = trade.first()?.numbers().len();
        let mut learned = Self::new(size);
        for (vector, is_trade, weight) in rounds(trade, elsewhere, MEANING) {
            let numbers = vector.numbers();
            let step = MEANING.step * weight * learned.error(learned.of_meaning(vector), is_trade);
            for (own, number) in learned.weights.iter_mut().zip(numbers) {
                *own += step * number - MEANING.step * SHRINK * *own;
            }
            learned.bias += BIAS * step;
        }
        Some(learned)
    }

    /// From the words and letters of sentences of the trade and others.
    pub(crate) fn from_words(trade: &[&str], elsewhere: &[&str]) -> Option<Self> {
        if trade.is_empty() {
            return None;
        }
        let grams = |texts: &[&str]| texts.iter().map(|text| grams(text)).collect::<Vec<_>>();
        let (trade, elsewhere) = (grams(trade), grams(elsewhere));
        let mut learned = Self::new(ALL);
        for (grams, is_trade, weight) in rounds(&trade, &elsewhere, WORDS) {
            let error = learned.error(learned.of_grams(grams), is_trade);
            let step = WORDS.step * weight * error;
            for gram in grams {
                learned.weights[usize::from(*gram)] += step * share(grams.len());
            }
            learned.bias += BIAS * step;
        }
        Some(learned)
    }

    /// From weights that were kept.
    pub(crate) fn from_weights(weights: Vec<f32>, bias: f32) -> Self {
        Self { weights, bias }
    }

    /// For keeping.
    pub(crate) fn pack(&self) -> Packed {
        Packed::new(&self.weights, self.bias)
    }

    /// Its weights are of words and letters.
    pub(crate) fn is_of_words(&self) -> bool {
        self.weights.len() == ALL
    }

    fn new(size: usize) -> Self {
        Self {
            weights: vec![0.0; size],
            bias: 0.0,
        }
    }

    /// How much a sentence sounds like the trade: above 0 more than not, 6 at most.
    pub(crate) fn of_meaning(&self, vector: &Vector) -> f32 {
        let sum = self
            .weights
            .iter()
            .zip(vector.numbers())
            .map(|(w, x)| w * x);
        (sum.sum::<f32>() + self.bias).clamp(-LIMIT, LIMIT)
    }

    /// The same by its words and letters.
    pub(crate) fn of_text(&self, text: &str) -> f32 {
        self.of_grams(&grams(text)).clamp(-LIMIT, LIMIT)
    }

    fn of_grams(&self, grams: &[u16]) -> f32 {
        let sum: f32 = grams
            .iter()
            .map(|gram| self.weights[usize::from(*gram)])
            .sum();
        sum * share(grams.len()) + self.bias
    }

    fn error(&self, score: f32, is_trade: bool) -> f32 {
        f32::from(u8::from(is_trade)) - 1.0 / (1.0 + (-score).exp())
    }
}

fn share(n: usize) -> f32 {
    1.0 / f32::from(u16::try_from(n.max(1)).unwrap_or(u16::MAX)).sqrt()
}

/// The examples, round after round in an order that looks random and is always the same; both sorts weigh as much
/// together.
fn rounds<'a, T>(
    trade: &'a [T],
    elsewhere: &'a [T],
    pace: Pace,
) -> impl Iterator<Item = (&'a T, bool, f32)> {
    let all = trade.len() + elsewhere.len();
    let weight = move |n: usize| (all as f32) / (2.0 * n.max(1) as f32);
    let mut order: Vec<usize> = (0..all).collect();
    let mut random = SEED;
    let mut shuffled = Vec::with_capacity(all * pace.rounds);
    for _ in 0..pace.rounds {
        shuffle(&mut order, &mut random);
        shuffled.extend(order.iter().copied());
    }
    shuffled.into_iter().map(move |at| match trade.get(at) {
        Some(example) => (example, true, weight(trade.len())),
        None => (&elsewhere[at - trade.len()], false, weight(elsewhere.len())),
    })
}

/// The buckets of a text's words, pairs of words and groups of letters, each once.
fn grams(text: &str) -> Vec<u16> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '#' && c != '*')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let single = words.iter();
    let mut grams: Vec<u16> = single
        .map(|word| hashed::bucket(&["w", word], BUCKETS))
        .collect();
    let pairs = words.windows(2);
    grams.extend(pairs.map(|pair| hashed::bucket(&["p", &pair[0], " ", &pair[1]], BUCKETS)));
    for word in &words {
        grams.extend(hashed::groups(word, BUCKETS).map(|group| BUCKETS + group));
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

#[cfg(test)]
mod tests {
    use super::Learned;
    use embedding::Vector;

    #[test]
    fn what_the_trade_says_is_told_from_what_others_say() {
        let trade = [
            "when is my book due",
            "can i renew a book",
            "the book is late",
        ];
        let elsewhere = ["is it raining", "play some music", "i want a pizza"];
        let learned = Learned::from_words(&trade, &elsewhere).unwrap();
        assert!(learned.of_text("my books are due") > 0.5);
        assert!(learned.of_text("play me a pizza song") < -0.5);
        let again = Learned::from_words(&trade, &elsewhere).unwrap();
        assert_eq!(learned.weights, again.weights, "it always learns the same");
        assert!(learned.of_text("").is_finite());
    }

    #[test]
    fn meanings_are_told_apart() {
        let vector = |x, y| Vector::new(vec![x, y]);
        let (east, north) = (vector(1.0, 0.1), vector(0.1, 1.0));
        let learned = Learned::from_meanings(&[&east], &[&north]).unwrap();
        assert!(learned.of_meaning(&vector(1.0, 0.0)) > learned.of_meaning(&vector(0.0, 1.0)));
        assert!(Learned::from_meanings(&[], &[&north]).is_none());
    }
}
