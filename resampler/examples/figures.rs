//! Delay, purity and cost of conversions between common rates:
//! `cargo run --release -p resampler --example figures`.
#![expect(clippy::disallowed_methods, reason = "a measurement has a real clock")]

use std::{f64::consts::PI, time::Instant};

use resampler::{HALF_WIDTH, Resampler};

const SECONDS: usize = 20;

fn main() {
    println!(
        "   from     to   out of 10 ms   delay ms   residue dB at 440, 2800 Hz   us per 10 ms"
    );
    for (from, to) in [
        (24_000, 16_000),
        (48_000, 16_000),
        (16_000, 48_000),
        (24_000, 48_000),
        (22_050, 24_000),
        (44_100, 48_000),
    ] {
        let delay_ms = HALF_WIDTH / f64::from(from.min(to)) * 1_000.0;
        let (low, samples, cost) = measure(440.0, from, to);
        let (high, ..) = measure(2_800.0, from, to);
        println!(
            "{from:>7} {to:>6} {samples:>14} {delay_ms:>10.2} {low:>19.1} {high:>8.1} {cost:>14.2}"
        );
    }
}

/// Residue beside a tone in dB, samples that a block of 10 ms gives, and microseconds for it.
fn measure(hz: f64, from: u32, to: u32) -> (f64, usize, f64) {
    let input: Vec<f32> = (0..from as usize * SECONDS)
        .map(|n| (0.25 * (2.0 * PI * hz * n as f64 / f64::from(from)).sin()) as f32)
        .collect();
    let mut resampler = Resampler::new(from, to);
    let mut output = Vec::new();
    let mut samples = 0;
    let began = Instant::now();
    for block in input.chunks(from as usize / 100) {
        let converted = resampler.push(block.iter().copied());
        samples = samples.max(converted.len());
        output.extend(converted);
    }
    let cost = began.elapsed().as_secs_f64() * 1e6 / (SECONDS * 100) as f64;
    (
        residue_db(&output[to as usize / 10..], hz, to),
        samples,
        cost,
    )
}

/// What is left beside the best fit of a tone, against that tone.
fn residue_db(output: &[f32], hz: f64, rate_hz: u32) -> f64 {
    let angle = |n: usize| 2.0 * PI * hz * n as f64 / f64::from(rate_hz);
    let dot = |shape: &dyn Fn(f64) -> f64| {
        let products = output.iter().enumerate();
        let sum: f64 = products.map(|(n, s)| f64::from(*s) * shape(angle(n))).sum();
        sum * 2.0 / output.len() as f64
    };
    let (sine, cosine) = (dot(&f64::sin), dot(&f64::cos));
    let rest: f64 = output
        .iter()
        .enumerate()
        .map(|(n, s)| f64::from(*s) - sine * angle(n).sin() - cosine * angle(n).cos())
        .map(|rest| rest * rest)
        .sum();
    let power = (sine * sine + cosine * cosine) / 2.0;
    10.0 * (rest / output.len() as f64 / power).log10()
}
