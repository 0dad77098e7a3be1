//! What the nearest of 100,000 vectors cost: `cargo bench -p embedding --bench scan`. The bar is 8 ms for 99 of 100.
#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench reads the clock and prints few digits"
)]

use std::time::Instant;

use embedding::{MOST_SCANNED, Scan, Vector};

const NUMBERS: usize = 384;
const QUERIES: usize = 500;
/// How many are asked for.
const NEAREST: usize = 10;
/// Texts of a document lie together, like these.
const TOGETHER: usize = 20;

/// A small generator, so that a run repeats (xorshift64).
struct Random(u64);

impl Random {
    /// Between -1 and 1, small ones more often.
    fn number(&mut self) -> f32 {
        let mut uniform = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
        };
        uniform() + uniform()
    }

    fn vector(&mut self) -> Vector {
        Vector::new((0..NUMBERS).map(|_| self.number()).collect())
    }
}

fn main() {
    for texts in [3_000, MOST_SCANNED] {
        let mut random = Random(0x5eed_cafe);
        let mut vectors = Vec::with_capacity(texts);
        while vectors.len() < texts {
            let middle = random.vector();
            let around = (0..TOGETHER).map(|_| middle.leaning_on(&random.vector(), 1.0));
            vectors.extend(around);
        }
        let queries: Vec<Vector> = (0..QUERIES)
            .map(|at| vectors[at * texts / QUERIES].leaning_on(&random.vector(), 0.8))
            .collect();
        let scan = Scan::new(vectors.clone());
        let (mut times, mut full_times, mut found) = (Vec::new(), Vec::new(), 0);
        for query in &queries {
            let begun = Instant::now();
            let near = std::hint::black_box(scan.nearest(query, NEAREST));
            times.push(begun.elapsed());
            let begun = Instant::now();
            let full = std::hint::black_box(in_full(&vectors, query));
            full_times.push(begun.elapsed());
            found += near.iter().filter(|near| full.contains(&near.at)).count();
        }
        times.sort();
        full_times.sort();
        let at = |percent: usize| times[QUERIES * percent / 100];
        println!(
            "{texts} texts: median {:?}, 99 of 100 {:?}, in full {:?}; {:.2} % of the nearest {NEAREST} are those of all in full; {} MB beside {} MB",
            at(50),
            at(99),
            full_times[QUERIES / 2],
            100.0 * found as f32 / (QUERIES * NEAREST) as f32,
            texts * (NUMBERS + 8) / 1_000_000,
            texts * NUMBERS * 4 / 1_000_000,
        );
    }
}

/// The places of the nearest, all compared in full.
fn in_full(vectors: &[Vector], query: &Vector) -> Vec<usize> {
    let near = vectors.iter().map(|vector| vector.nearness(query));
    let mut near: Vec<(usize, f32)> = near.enumerate().collect();
    near.select_nth_unstable_by(NEAREST, |(_, a), (_, b)| b.total_cmp(a));
    near[..NEAREST].iter().map(|(at, _)| *at).collect()
}
