//! Which of several kinds a text is of, learned from examples of each: softmax regression over meanings.
//!
//! Learning always gives the same weights for the same examples.

use crate::Vector;

/// A state that [`shuffle`] may begin with.
pub const SEED: u64 = 0x2545_f491_4f6c_dd1d;
/// How often the examples are gone through, and how far the first and the last round move the weights.
const ROUNDS: u16 = 14;
const FIRST_STEP: f32 = 6.0;
const LAST_STEP: f32 = 0.6;
/// Weights shrink in each round by this part of a step: what one example alone says counts less.
const SHRINK: f32 = 0.05;
/// An example moves kinds that are at least so likely.
const NOTICEABLE: f32 = 1e-3;

/// The weights: for each kind as many numbers as a vector has.
#[derive(Clone, Debug, PartialEq)]
pub struct Classifier {
    size: usize,
    weights: Vec<f32>,
}

impl Classifier {
    /// Learns from vectors and the number of the kind that each is of, below `kinds`. Kinds with many examples count
    /// more than others, but less than in proportion. About 1 s of CPU for 5,000 examples of 100 kinds.
    #[must_use]
    pub fn learn(examples: &[(&Vector, usize)], kinds: usize) -> Self {
        let size = examples
            .first()
            .map_or(0, |(vector, _)| vector.numbers().len());
        let mut learned = Self {
            size,
            weights: vec![0.0; kinds * size],
        };
        let of_kind = weights_of_kinds(examples, kinds);
        let mut order: Vec<usize> = (0..examples.len()).collect();
        let mut random = SEED;
        for round in 0..ROUNDS {
            shuffle(&mut order, &mut random);
            let done = f32::from(round) / f32::from(ROUNDS - 1);
            let step = FIRST_STEP + (LAST_STEP - FIRST_STEP) * done;
            for at in &order {
                let (vector, kind) = examples[*at];
                learned.move_towards(vector, kind, step * of_kind[kind]);
            }
            let kept = 1.0 - step * SHRINK;
            learned
                .weights
                .iter_mut()
                .for_each(|weight| *weight *= kept);
        }
        learned
    }

    fn move_towards(&mut self, vector: &Vector, kind: usize, step: f32) {
        if vector.numbers().len() != self.size {
            return;
        }
        let shares = self.shares(vector);
        for (at, share) in shares.into_iter().enumerate() {
            let wanted = if at == kind { 1.0 } else { 0.0 };
            let error = wanted - share;
            if error.abs() < NOTICEABLE {
                continue;
            }
            let weights = &mut self.weights[at * self.size..(at + 1) * self.size];
            for (weight, number) in weights.iter_mut().zip(vector.numbers()) {
                *weight += step * error * number;
            }
        }
    }

    /// How likely the text is of each kind; 1 together. All 0 for a vector of another network.
    #[must_use]
    pub fn shares(&self, vector: &Vector) -> Vec<f32> {
        if self.size == 0 || vector.numbers().len() != self.size {
            return vec![0.0; self.kinds()];
        }
        let kinds = self.weights.chunks_exact(self.size);
        let sums: Vec<f32> = kinds
            .map(|weights| crate::product(weights, vector.numbers()))
            .collect();
        let most = sums.iter().copied().fold(f32::MIN, f32::max);
        let shares: Vec<f32> = sums.into_iter().map(|sum| (sum - most).exp()).collect();
        let all: f32 = shares.iter().sum();
        shares.into_iter().map(|share| share / all).collect()
    }

    /// How many kinds it tells apart.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.weights
            .len()
            .checked_div(self.size)
            .unwrap_or_default()
    }

    /// The weights of each kind.
    pub fn weights(&self) -> impl Iterator<Item = &[f32]> {
        self.weights.chunks_exact(self.size.max(1))
    }

    /// From weights of each kind, all of one length; `None` where they are not.
    #[must_use]
    pub fn from_weights(weights: &[Vec<f32>]) -> Option<Self> {
        let size = weights.first()?.len();
        let is_even = size > 0 && weights.iter().all(|kind| kind.len() == size);
        is_even.then(|| Self {
            size,
            weights: weights.concat(),
        })
    }
}

/// How much one example of each kind counts: 1 on average.
fn weights_of_kinds(examples: &[(&Vector, usize)], kinds: usize) -> Vec<f32> {
    let mut counts = vec![0_u16; kinds];
    for (_, kind) in examples {
        counts[*kind] = counts[*kind].saturating_add(1);
    }
    let weight = |count: u16| 1.0 / f32::from(count.max(1)).sqrt();
    let all: f32 = counts
        .iter()
        .map(|count| weight(*count) * f32::from(*count))
        .sum();
    let examples: f32 = counts.iter().map(|count| f32::from(*count)).sum();
    let mean = if examples > 0.0 { all / examples } else { 1.0 };
    counts
        .into_iter()
        .map(|count| weight(count) / mean)
        .collect()
}

/// Puts places in an order that looks random (Xorshift) and is always the same for the same state, which it moves on.
pub fn shuffle(order: &mut [usize], random: &mut u64) {
    for at in (1..order.len()).rev() {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let below = u64::try_from(at + 1).unwrap_or(u64::MAX);
        order.swap(at, usize::try_from(*random % below).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::Classifier;
    use crate::Vector;

    fn vector(numbers: &[f32]) -> Vector {
        Vector::new(numbers.to_vec())
    }

    #[test]
    fn kinds_are_told_apart_and_always_learned_alike() {
        let (east, north, up) = (
            vector(&[1.0, 0.1, 0.0]),
            vector(&[0.1, 1.0, 0.0]),
            vector(&[0.0, 0.2, 1.0]),
        );
        let examples = [(&east, 0), (&north, 1), (&up, 2), (&up, 2)];
        let learned = Classifier::learn(&examples, 4);
        for (vector, kind) in examples {
            let shares = learned.shares(vector);
            let best = (0..4).max_by(|a, b| shares[*a].total_cmp(&shares[*b]));
            assert_eq!(best, Some(kind), "{shares:?}");
            assert!(
                (shares.iter().sum::<f32>() - 1.0).abs() < 1e-4,
                "they are shares of one whole"
            );
        }
        assert_eq!(learned, Classifier::learn(&examples, 4));
        let weights: Vec<Vec<f32>> = learned.weights().map(<[f32]>::to_vec).collect();
        assert_eq!(Classifier::from_weights(&weights), Some(learned));
    }

    #[test]
    fn nothing_is_learned_from_nothing() {
        let learned = Classifier::learn(&[], 3);
        assert!(
            learned
                .shares(&vector(&[1.0]))
                .iter()
                .all(|share| *share == 0.0)
        );
        assert_eq!(Classifier::from_weights(&[]), None);
        assert_eq!(Classifier::from_weights(&[vec![1.0], vec![1.0, 2.0]]), None);
    }
}
