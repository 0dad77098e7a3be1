//! The nearest of many vectors, exactly, though most are looked at in 8 bits alone.
//!
//! The first pass reads a byte for each number instead of four: reading is what a scan waits for. How far that may be
//! off is known for each row, so that none is passed over that could be among the nearest.

use std::fmt;

use crate::{Vector, network::SIZE};

/// Vectors up to which a scan takes 8 ms at most: `cargo bench -p embedding --bench scan`.
pub const MOST_SCANNED: usize = 100_000;
/// Rows that are compared in full at least, to know how near the nearest are.
const FIRST: usize = 20;
/// How far sums of `f32` may be off.
const ROUNDING: f32 = 1e-5;
/// How far the first pass may be off for vectors of another network's length.
const UNKNOWN: f32 = 4.0;

/// Vectors to find the nearest of. Takes 0.4 KB for each, beside the vector itself.
#[derive(Clone, Default)]
pub struct Scan {
    vectors: Vec<Vector>,
    rows: Vec<Row>,
    measures: Vec<Measure>,
}

/// A vector in 8 bits a number.
type Row = [i8; SIZE];

/// What the numbers of a row count, and how long what they leave out of the vector is.
#[derive(Clone, Copy, Debug)]
struct Measure {
    unit: f32,
    error: f32,
}

/// One of the vectors of a [`Scan`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Its place among them.
    pub at: usize,
    /// As of [`Vector::nearness`].
    pub nearness: f32,
}

impl Scan {
    /// Of these vectors, in this order.
    #[must_use]
    pub fn new(vectors: Vec<Vector>) -> Self {
        let (rows, measures) = vectors.iter().map(in_bytes).unzip();
        Self {
            vectors,
            rows,
            measures,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.vectors.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    /// The `k` nearest to a vector, nearest first, equally near ones in their order: those that are found when all are
    /// compared in full.
    #[must_use]
    pub fn nearest(&self, to: &Vector, k: usize) -> Vec<Near> {
        let k = k.min(self.len());
        let near = |at: usize| Near {
            at,
            nearness: self.vectors[at].nearness(to),
        };
        let (query, of_query) = in_bytes(to);
        let query = query.map(i16::from);
        let rows = self.rows.iter().zip(&self.measures);
        let roughly = rows.map(|(row, of)| product(row, &query) * of.unit * of_query.unit);
        let roughly: Vec<f32> = roughly.collect();
        let mut found: Vec<Near> = best(&roughly, k.max(FIRST)).into_iter().map(near).collect();
        found.sort_by(nearest_first);
        // All that may be as near as the last of these, by what rounding may have cost them.
        if let Some(last) = k.checked_sub(1).and_then(|last| found.get(last)) {
            let least = last.nearness - of_query.error - ROUNDING;
            let share = 1.0 + of_query.error;
            let roughly = roughly.iter().zip(&self.measures).enumerate();
            let may_be = roughly.filter(|(_, (near, of))| *near + of.error * share >= least);
            found = may_be.map(|(at, _)| near(at)).collect();
            found.sort_by(nearest_first);
        }
        found.truncate(k);
        found
    }
}

impl fmt::Debug for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scan({} vectors)", self.len())
    }
}

fn nearest_first(a: &Near, b: &Near) -> std::cmp::Ordering {
    b.nearness.total_cmp(&a.nearness).then(a.at.cmp(&b.at))
}

/// The places of the `k` highest, in any order.
fn best(scores: &[f32], k: usize) -> Vec<usize> {
    let mut kept: Vec<(usize, f32)> = Vec::with_capacity(2 * k);
    let mut least = f32::NEG_INFINITY;
    for (at, score) in scores.iter().enumerate() {
        if *score > least {
            kept.push((at, *score));
        }
        if kept.len() == 2 * k {
            least = highest(&mut kept, k);
        }
    }
    highest(&mut kept, k);
    kept.into_iter().map(|(at, _)| at).collect()
}

/// Keeps the `k` highest, and gives the lowest of them.
fn highest(kept: &mut Vec<(usize, f32)>, k: usize) -> f32 {
    if kept.len() <= k {
        return f32::NEG_INFINITY;
    }
    let (_, (_, least), _) = kept.select_nth_unstable_by(k - 1, |(_, a), (_, b)| b.total_cmp(a));
    let least = *least;
    kept.truncate(k);
    least
}

/// A vector in parts of its largest number.
fn in_bytes(vector: &Vector) -> (Row, Measure) {
    let mut row = [0; SIZE];
    let numbers = vector.numbers();
    if numbers.len() != SIZE {
        let (unit, error) = (0.0, UNKNOWN);
        return (row, Measure { unit, error });
    }
    let largest = numbers.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let unit = largest / f32::from(i8::MAX);
    let mut lost = 0.0;
    if unit > 0.0 {
        for (byte, number) in row.iter_mut().zip(numbers) {
            #[expect(clippy::cast_possible_truncation, reason = "at most i8::MAX")]
            let count = (number / unit).round() as i8;
            *byte = count;
            lost += (number - f32::from(count) * unit).powi(2);
        }
    }
    let error = lost.sqrt();
    (row, Measure { unit, error })
}

/// The scalar product. Two products of bytes fit into 16 bits, of which the compiler multiplies eight at once on any
/// processor; wider sums at each step take three times as long.
fn product(row: &Row, query: &[i16; SIZE]) -> f32 {
    let (row, _) = row.as_chunks::<16>();
    let (query, _) = query.as_chunks::<16>();
    let mut sums = [0; 8];
    for (a, b) in row.iter().zip(query) {
        for at in 0..8 {
            let two = i16::from(a[at]) * b[at] + i16::from(a[at + 8]) * b[at + 8];
            sums[at] += i32::from(two);
        }
    }
    let sum: i32 = sums.iter().sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "seven digits are more than 8 bits give"
    )]
    let sum = sum as f32;
    sum
}
