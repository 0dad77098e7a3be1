//! Multinomial logistic regression over sparse or dense numbers, by AdaGrad; always the same for the same examples.

use insight::sentiment::Logits;

/// How long and how fast.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    pub(crate) step: f32,
    /// Weights that an example uses shrink by this much of a step.
    pub(crate) shrink: f32,
}

/// Rows of weights, and what every example has.
pub(crate) type Learned = (Vec<Logits>, Logits);

/// One example: its numbers, the shares that it shows, how much it counts.
pub(crate) struct Seen<'a> {
    pub(crate) numbers: Vec<(u16, f32)>,
    pub(crate) shows: &'a Logits,
    pub(crate) weight: f32,
}

/// Weights over `size` numbers: the mean of those after each round of the second half.
pub(crate) fn learn(examples: &[Seen<'_>], size: usize, pace: Pace) -> Learned {
    let mut weights = vec![Logits::default(); size];
    let mut squares = vec![[1e-3_f32; 8]; size];
    let (mut bias, mut bias_squares) = (Logits::default(), [1e-3_f32; 8]);
    let mut sum: Learned = (vec![Logits::default(); size], Logits::default());
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for round in 0..pace.rounds {
        random.shuffle(&mut order);
        for &at in &order {
            let seen = &examples[at];
            let errors = errors(seen, &weights, &bias);
            for &(row, value) in &seen.numbers {
                let row = usize::from(row);
                for emotion in 0..8 {
                    let weight = &mut weights[row][emotion];
                    let slope = errors[emotion] * value + seen.weight * pace.shrink * *weight;
                    let square = &mut squares[row][emotion];
                    *square += slope * slope;
                    *weight -= pace.step * slope / square.sqrt();
                }
            }
            for emotion in 0..8 {
                bias_squares[emotion] += errors[emotion] * errors[emotion];
                bias[emotion] -= pace.step * errors[emotion] / bias_squares[emotion].sqrt();
            }
        }
        if round >= pace.rounds / 2 {
            add(&mut sum, &weights, &bias);
        }
    }
    let rounds = (pace.rounds - pace.rounds / 2) as f32;
    let mean = |numbers: Logits| numbers.map(|number| number / rounds);
    (sum.0.into_iter().map(mean).collect(), mean(sum.1))
}

fn add(sum: &mut Learned, weights: &[Logits], bias: &Logits) {
    let rows = sum.0.iter_mut().zip(weights).chain([(&mut sum.1, bias)]);
    for (sum, row) in rows {
        sum.iter_mut()
            .zip(row)
            .for_each(|(sum, number)| *sum += number);
    }
}

/// What is said minus what is shown, by weight.
fn errors(seen: &Seen<'_>, weights: &[Logits], bias: &Logits) -> Logits {
    let mut sums = *bias;
    for &(row, value) in &seen.numbers {
        let row = &weights[usize::from(row)];
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, weight)| *sum += value * weight);
    }
    let largest = sums.iter().copied().fold(f32::MIN, f32::max);
    let raised = sums.map(|sum| (sum - largest).exp());
    let total: f32 = raised.iter().sum();
    std::array::from_fn(|at| seen.weight * (raised[at] / total - seen.shows[at]))
}

/// Xorshift.
struct Random(u64);

impl Random {
    fn shuffle(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            order.swap(at, (self.0 % (at as u64 + 1)) as usize);
        }
    }
}
