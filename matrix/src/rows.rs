//! What the network does to rows of numbers, in loops that a processor runs several numbers at a time.

use crate::product::Able;

/// Each row of as many numbers as there are weights: its mean 0, its spread 1, then weighed and moved. `epsilon` keeps the
/// division by a spread of zero finite; it is of the model's configuration.
pub fn normalize(rows: &mut [f32], weights: &[f32], moved: &[f32], epsilon: f32) {
    Able::here().wide(|| normalized(rows, weights, moved, epsilon));
}

#[inline(always)]
fn normalized(rows: &mut [f32], weights: &[f32], moved: &[f32], epsilon: f32) {
    for row in rows.chunks_exact_mut(weights.len()) {
        let count = row.len() as f32;
        let mean = sum(row, |x| x) / count;
        row.iter_mut().for_each(|x| *x -= mean);
        let scale = 1.0 / (sum(row, |x| x * x) / count + epsilon).sqrt();
        for ((x, weight), moved) in row.iter_mut().zip(weights).zip(moved) {
            *x = *x * scale * weight + moved;
        }
    }
}

/// Each row of so many logarithms, multiplied by `scale`, as shares of one whole.
pub fn softmax(rows: &mut [f32], columns: usize, scale: f32) {
    Able::here().wide(|| shares(rows, columns, scale));
}

#[inline(always)]
fn shares(rows: &mut [f32], columns: usize, scale: f32) {
    for row in rows.chunks_exact_mut(columns) {
        let top = most(row);
        row.iter_mut().for_each(|x| *x = exp((*x - top) * scale));
        let share = 1.0 / sum(row, |x| x);
        row.iter_mut().for_each(|x| *x *= share);
    }
}

/// Each number times the share of a normal distribution below it. The error function after Abramowitz and Stegun 7.1.26,
/// off by 1.5e-7 at most.
pub fn gelu(numbers: &mut [f32]) {
    Able::here().wide(|| numbers.iter_mut().for_each(|x| *x *= below(*x)));
}

#[inline(always)]
fn below(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let sum = 1.061_405_4;
    let sum = sum * t - 1.453_152;
    let sum = sum * t + 1.421_413_7;
    let sum = sum * t - 0.284_496_74;
    let sum = sum * t + 0.254_829_6;
    let erf = 1.0 - sum * t * exp(-z * z);
    0.5 + 0.5 * erf.copysign(x)
}

/// Adds the numbers that stand at the same place.
pub fn add(to: &mut [f32], other: &[f32]) {
    to.iter_mut()
        .zip(other)
        .for_each(|(to, other)| *to += other);
}

/// Sums side by side, which a processor adds at once.
#[inline(always)]
fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    const SUMS: usize = 16;
    let (chunks, rest) = row.as_chunks::<SUMS>();
    let mut sums = [0.0; SUMS];
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += of(*x);
        }
    }
    sums.into_iter().chain(rest.iter().map(|x| of(*x))).sum()
}

/// The greatest number, in the same way.
#[inline(always)]
fn most(row: &[f32]) -> f32 {
    const SIDE: usize = 16;
    let greater = |a: f32, b: f32| if a > b { a } else { b };
    let (chunks, rest) = row.as_chunks::<SIDE>();
    let mut tops = [f32::MIN; SIDE];
    for chunk in chunks {
        for (top, x) in tops.iter_mut().zip(chunk) {
            *top = greater(*x, *top);
        }
    }
    tops.iter().chain(rest).copied().fold(f32::MIN, greater)
}

/// `e` to the power of `x`, off by two units of the last place at most, without a branch: a power of two times a
/// polynomial (Cephes' `expf`). Below -87 it is about 1e-38, above 88 it is that of 88.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// A sum with this has no bits behind the point, and its last ones are the whole number.
    const WHOLE: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = x.clamp(-87.0, 88.0);
    let power = x * std::f32::consts::LOG2_E + WHOLE;
    let whole = power - WHOLE;
    let rest = x - whole * LN_2[0] - whole * LN_2[1];
    let sum = 1.987_569_1e-4;
    let sum = sum * rest + 1.398_2e-3;
    let sum = sum * rest + 8.333_452e-3;
    let sum = sum * rest + 4.166_579_6e-2;
    let sum = sum * rest + 1.666_666_5e-1;
    let sum = sum * rest + 0.5;
    let sum = sum * rest * rest + rest + 1.0;
    f32::from_bits(sum.to_bits().wrapping_add(power.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::{exp, gelu, normalize, softmax};

    #[test]
    fn powers_are_those_of_the_library() {
        for step in -8700_i16..=880 {
            let x = f32::from(step) / 100.0 * if step > 0 { 10.0 } else { 1.0 };
            let (found, wanted) = (exp(x), x.exp());
            assert!(
                (found / wanted - 1.0).abs() < 4e-7,
                "exp({x}) is {found}, not {wanted}"
            );
        }
        assert!(exp(-1e9) < 1e-37 && exp(1e9).is_finite());
    }

    #[test]
    fn gelu_is_the_exact_one() {
        for (x, y) in [
            (0.0, 0.0),
            (1.0, 0.841_344_7),
            (-1.0, -0.158_655_3),
            (3.0, 2.995_950_3),
            (-10.0, 0.0),
        ] {
            let mut found = [x];
            gelu(&mut found);
            assert!((found[0] - y).abs() < 1e-5, "gelu({x}) is {}", found[0]);
        }
    }

    #[test]
    fn what_a_token_takes_sums_to_one() {
        for (mut scores, wanted) in [
            ([1000.0, 1000.0], [0.5, 0.5]),
            ([0.0, 3_f32.ln()], [0.25, 0.75]),
        ] {
            softmax(&mut scores, 2, 1.0);
            let off = scores
                .iter()
                .zip(wanted)
                .map(|(found, wanted)| (found - wanted).abs());
            assert!(off.fold(0.0, f32::max) < 1e-5, "{scores:?}");
        }
    }

    #[test]
    fn rows_are_brought_to_one_spread() {
        let mut rows = [1.0, 3.0, 5.0, 5.0];
        normalize(&mut rows, &[1.0, 2.0], &[0.0, 1.0], 1e-12);
        assert_eq!(rows, [-1.0, 3.0, 0.0, 1.0]);
    }
}
