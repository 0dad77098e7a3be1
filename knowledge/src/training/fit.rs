//! Logistic regression over a few numbers.

use crate::evidence::Weights;

/// How often all rows are gone through, and how far a round moves the weights.
const ROUNDS: usize = 600;
const STEP: f64 = 2.0;
/// Numbers that vary less than this say nothing.
const LEAST: f64 = 1e-6;
const NUMBERS: usize = 9;

/// What was weighed of one example.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) numbers: [f32; NUMBERS],
    pub(super) is_trade: bool,
}

/// The weights that tell the rows apart best; `None` where all are of one kind. Both kinds count as much together.
pub(super) fn logistic(rows: &[Row]) -> Option<Weights> {
    let trade = rows.iter().filter(|row| row.is_trade).count();
    if trade == 0 || trade == rows.len() {
        return None;
    }
    let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let (all, mut mean, mut spread) = (count(rows.len()), [0.0; NUMBERS], [0.0; NUMBERS]);
    for row in rows {
        for (mean, number) in mean.iter_mut().zip(row.numbers) {
            *mean += f64::from(number) / all;
        }
    }
    for row in rows {
        for at in 0..NUMBERS {
            spread[at] += (f64::from(row.numbers[at]) - mean[at]).powi(2) / all;
        }
    }
    let spread = spread.map(|variance: f64| variance.sqrt());
    let scaled = |row: &Row, at: usize| {
        if spread[at] < LEAST {
            0.0
        } else {
            (f64::from(row.numbers[at]) - mean[at]) / spread[at]
        }
    };
    let weight =
        |is_trade: bool| all / (2.0 * count(if is_trade { trade } else { rows.len() - trade }));
    let (mut weights, mut middle) = ([0.0; NUMBERS], 0.0);
    for _ in 0..ROUNDS {
        let (mut moves, mut shift) = ([0.0; NUMBERS], 0.0);
        for row in rows {
            let sum: f64 = (0..NUMBERS).map(|at| weights[at] * scaled(row, at)).sum();
            let wanted = if row.is_trade { 1.0 } else { 0.0 };
            let error = weight(row.is_trade) * (wanted - 1.0 / (1.0 + (-sum - middle).exp())) / all;
            for (at, moved) in moves.iter_mut().enumerate() {
                *moved += error * scaled(row, at);
            }
            shift += error;
        }
        for at in 0..NUMBERS {
            weights[at] += STEP * moves[at];
        }
        middle += STEP * shift;
    }
    let mut numbers = [0.0; NUMBERS];
    for at in (0..NUMBERS).filter(|at| spread[*at] >= LEAST) {
        numbers[at] = weights[at] / spread[at];
        middle -= numbers[at] * mean[at];
    }
    Some(Weights::new(numbers, middle))
}

#[cfg(test)]
mod tests {
    use super::{Row, logistic};

    #[test]
    fn what_tells_the_kinds_apart_weighs_and_what_does_not_does_not() {
        let row = |tells: f32, noise: f32, is_trade| {
            let mut numbers = [0.0; 9];
            (numbers[0], numbers[1], numbers[2]) = (tells, noise, 7.0);
            Row { numbers, is_trade }
        };
        let rows = [
            row(1.0, 0.0, true),
            row(0.9, 1.0, true),
            row(0.1, 0.0, false),
            row(0.0, 1.0, false),
        ];
        let weights = logistic(&rows).unwrap();
        for row in rows {
            assert_eq!(
                weights.likelihood(&row.numbers) > 0.5,
                row.is_trade,
                "{row:?}"
            );
        }
        assert!(weights.numbers()[0] > 10.0 * weights.numbers()[1].abs());
        assert_eq!(weights.numbers()[2], 0.0, "it is always the same");
        assert!(
            logistic(&rows[..2]).is_none(),
            "there is nothing to tell apart"
        );
    }
}
