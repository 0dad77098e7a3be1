//! One channel of sound from any sample rate to any other.
//!
//! A windowed-sinc polyphase filter: it delays by [`HALF_WIDTH`] periods of the lower rate, 0.75 ms
//! at 16 kHz, and gives 10 ms for 10 ms. What it costs and why it is our own:
//! `docs/decisions/0006-one-resampler.md`.

#[cfg(test)]
mod tests;

use std::f64::consts::PI;

/// Half the filter's length, in periods of the lower rate. With the Hann window this keeps
/// speech clean (residue below -75 dB) and costs 5 to 20 µs per 10 ms.
pub const HALF_WIDTH: f64 = 12.0;

/// Where the filter begins to fall, as a part of the lower rate's band.
const CUTOFF: f64 = 0.92;

/// Converts a stream in blocks of any length; no state is lost between them.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// One row of taps for each of the positions an output can have between two inputs.
    phases: Vec<Vec<f32>>,
    /// Inputs per `phases.len()` outputs.
    step: usize,
    /// Where the next output lies, in units of 1 / `phases.len()` input samples from `history[0]`.
    position: usize,
    /// Inputs still needed, the oldest first.
    history: Vec<f32>,
}

impl Resampler {
    /// Rates in Hz, above 0. The sound is delayed by [`HALF_WIDTH`] periods of the lower rate: the
    /// first input gives output at once.
    pub fn new(input_hz: u32, output_hz: u32) -> Self {
        Self::with_history(input_hz, output_hz, |taps| taps - 1)
    }

    /// `history` says how many samples of silence came before, of a filter with so many taps.
    fn with_history(input_hz: u32, output_hz: u32, history: impl Fn(usize) -> usize) -> Self {
        let divisor = greatest_common_divisor(input_hz, output_hz).max(1);
        let phases = (output_hz / divisor) as usize;
        let lower = f64::from(input_hz.min(output_hz)) / f64::from(input_hz.max(1));
        let taps = taps(lower);
        let row = |phase| row(taps, phase as f64 / phases as f64, CUTOFF * lower);
        Self {
            phases: (0..phases).map(row).collect(),
            step: (input_hz / divisor) as usize,
            position: 0,
            history: vec![0.0; history(taps)],
        }
    }

    /// The outputs that these samples make possible. Any scale of amplitude.
    pub fn push(&mut self, samples: impl Iterator<Item = f32>) -> Vec<f32> {
        self.history.extend(samples);
        let count = self.phases.len();
        let mut output = Vec::with_capacity(self.history.len() * count / self.step.max(1));
        loop {
            let (first, phase) = (self.position / count, self.position % count);
            let taps = &self.phases[phase];
            let Some(window) = self.history.get(first..first + taps.len()) else {
                break;
            };
            output.push(
                taps.iter()
                    .zip(window)
                    .map(|(tap, sample)| tap * sample)
                    .sum(),
            );
            self.position += self.step;
        }
        let consumed = (self.position / count).min(self.history.len());
        self.history.drain(..consumed);
        self.position -= consumed * count;
        output
    }
}

/// A whole sound at another rate, without delay: the first output is at the time of the first
/// input, and there are as many as the time of all inputs holds. Rates in Hz, above 0.
pub fn resample(samples: &[f32], input_hz: u32, output_hz: u32) -> Vec<f32> {
    if input_hz == output_hz {
        return samples.to_vec();
    }
    let lower = f64::from(input_hz.min(output_hz)) / f64::from(input_hz.max(1));
    let half = taps(lower) / 2;
    let mut resampler = Resampler::with_history(input_hz, output_hz, |taps| taps / 2 - 1);
    let rest = std::iter::repeat_n(0.0, half);
    resampler.push(samples.iter().copied().chain(rest))
}

/// The length of a filter: `lower` is the lower rate as a part of the input's.
fn taps(lower: f64) -> usize {
    2 * (HALF_WIDTH / lower).ceil() as usize
}

/// Taps for an output that lies `fraction` of a sample after the middle of its window.
fn row(count: usize, fraction: f64, cutoff: f64) -> Vec<f32> {
    let half = count as f64 / 2.0;
    let tap = |index: usize| {
        let x = index as f64 - (half - 1.0) - fraction;
        if x.abs() >= half {
            return 0.0;
        }
        let sinc = if x.abs() < 1e-9 {
            cutoff
        } else {
            (PI * cutoff * x).sin() / (PI * x)
        };
        sinc * (0.5 + 0.5 * (PI * x / half).cos())
    };
    let taps: Vec<f64> = (0..count).map(tap).collect();
    let gain: f64 = taps.iter().sum(); // a constant must stay what it was, at every phase
    taps.into_iter().map(|tap| (tap / gain) as f32).collect()
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}
