//! What the network sees of a turn: the logarithm of the energy in 80 bands, every 10 ms of eight seconds.
//!
//! As Whisper's features are, on which the network was trained: windows of 25 ms, bands on Slaney's mel scale from 0 to
//! 8000 Hz, each of the same area. Spectra are products with waves, in the registers in which the network's products are
//! summed: no transform is quicker for windows of 400 samples that need not be copied.

use matrix::{Panels, View};

use crate::listen::LISTEN_RATE_HZ;

/// Eight seconds.
pub(super) const SAMPLES: usize = 8 * LISTEN_RATE_HZ as usize;
/// Bands.
pub(super) const BANDS: usize = 80;
/// Times at which they are looked at.
pub(super) const TIMES: usize = SAMPLES / HOP;

const WINDOW: usize = 400;
const HOP: usize = 160;
/// Frequencies of a spectrum.
const BINS: usize = WINDOW / 2 + 1;
/// Below the loudest of a turn, powers of ten: what is quieter counts as this.
const RANGE: f32 = 8.0;

/// The waves and bands; immutable.
#[derive(Debug)]
pub(super) struct Features {
    /// Samples of a window to the cosine and sine part of each bin, the window's shape included.
    waves: Panels,
    /// Bins to bands.
    bands: Panels,
}

impl Features {
    pub(super) fn new() -> Self {
        let waves = waves();
        let bands = bands();
        Self {
            waves: Panels::of_outputs(View::all(&waves, WINDOW), &[]),
            bands: Panels::of_outputs(View::all(&bands, BINS), &[]),
        }
    }

    /// Of the last eight seconds of sound (mono, 16 kHz, any level), with silence before it where it is shorter. Rows of
    /// [`BANDS`], one for each of [`TIMES`] and one of zeros before and after them.
    pub(super) fn of(&self, sound: &[f32]) -> Vec<f32> {
        let windows = View {
            numbers: &even(sound),
            stride: HOP,
            rows: TIMES,
            columns: WINDOW,
        };
        let spectra = self.waves.product(windows);
        let mut energy = vec![0.0; TIMES * BINS];
        for (energy, spectrum) in energy
            .chunks_exact_mut(BINS)
            .zip(spectra.chunks_exact(2 * BINS))
        {
            let (real, imaginary) = spectrum.split_at(BINS);
            for ((energy, x), y) in energy.iter_mut().zip(real).zip(imaginary) {
                *energy = x * x + y * y;
            }
        }
        let mut rows = vec![0.0; (TIMES + 2) * BANDS];
        let inner = &mut rows[BANDS..(TIMES + 1) * BANDS];
        self.bands
            .product_into(View::all(&energy, BINS), inner, BANDS);
        let mut loudest = f32::MIN;
        for level in inner.iter_mut() {
            *level = level.max(1e-10).log10();
            loudest = loudest.max(*level);
        }
        for level in inner {
            *level = (level.max(loudest - RANGE) + 4.0) / 4.0;
        }
        rows
    }
}

/// Eight seconds with the mean 0 and the spread 1, the silence before a shorter sound included; half a window is mirrored
/// at both ends.
fn even(sound: &[f32]) -> Vec<f32> {
    const PAD: usize = WINDOW / 2;
    let tail = &sound[sound.len().saturating_sub(SAMPLES)..];
    let count = SAMPLES as f64;
    let mean = tail.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let silence = (SAMPLES - tail.len()) as f64 * mean * mean;
    let squares = tail.iter().map(|x| (f64::from(*x) - mean).powi(2));
    let scale = 1.0 / ((squares.sum::<f64>() + silence) / count + 1e-7).sqrt();
    let even = |x: f32| ((f64::from(x) - mean) * scale) as f32;
    let mut out = vec![even(0.0); SAMPLES + 2 * PAD];
    let end = PAD + SAMPLES;
    for (to, x) in out[end - tail.len()..end].iter_mut().zip(tail) {
        *to = even(*x);
    }
    for from_edge in 1..=PAD {
        out[PAD - from_edge] = out[PAD + from_edge];
        out[end - 1 + from_edge] = out[end - 1 - from_edge];
    }
    out
}

/// Cosines, then sines of every bin, under a periodic Hann window: a row of [`WINDOW`] for each.
fn waves() -> Vec<f32> {
    let turn = |at: usize| std::f64::consts::TAU * (at % WINDOW) as f64 / WINDOW as f64;
    let window = |at: usize| 0.5 - 0.5 * turn(at).cos();
    let row = |of: fn(f64) -> f64, bin: usize| {
        (0..WINDOW).map(move |at| (window(at) * of(turn(bin * at))) as f32)
    };
    let cosines = (0..BINS).flat_map(|bin| row(f64::cos, bin));
    let sines = (0..BINS).flat_map(|bin| row(f64::sin, bin));
    cosines.chain(sines).collect()
}

/// Slaney's mel bands, triangles of the same area: a row of [`BINS`] for each.
fn bands() -> Vec<f32> {
    /// Up to 1000 Hz the scale is straight, above it logarithmic: 27 bands for a factor of 6.4.
    const KNEE_HZ: f64 = 1000.0;
    const KNEE_MEL: f64 = 15.0;
    let step = 6.4_f64.ln() / 27.0;
    let highest_hz = f64::from(LISTEN_RATE_HZ) / 2.0;
    let highest_mel = KNEE_MEL + (highest_hz / KNEE_HZ).ln() / step;
    let edge = |at: usize| {
        let mel = highest_mel * at as f64 / (BANDS + 1) as f64;
        if mel < KNEE_MEL {
            KNEE_HZ * mel / KNEE_MEL
        } else {
            KNEE_HZ * (step * (mel - KNEE_MEL)).exp()
        }
    };
    let weight = |band: usize, bin: usize| {
        let (low, middle, high) = (edge(band), edge(band + 1), edge(band + 2));
        let hz = highest_hz * bin as f64 / (BINS - 1) as f64;
        let height = ((hz - low) / (middle - low)).min((high - hz) / (high - middle));
        (height.max(0.0) * 2.0 / (high - low)) as f32
    };
    (0..BANDS)
        .flat_map(|band| (0..BINS).map(move |bin| weight(band, bin)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{BANDS, Features, SAMPLES, TIMES};

    fn tone(hz: f32, samples: usize) -> Vec<f32> {
        let wave = |at: usize| (std::f32::consts::TAU * hz * at as f32 / 16_000.0).sin() * 0.1;
        (0..samples).map(wave).collect()
    }

    /// The band that is loudest at a time.
    fn loudest(rows: &[f32], time: usize) -> usize {
        let row = &rows[(time + 1) * BANDS..][..BANDS];
        let at = |band: &usize| row[*band];
        (0..BANDS)
            .max_by(|a, b| at(a).total_cmp(&at(b)))
            .unwrap_or_default()
    }

    #[test]
    fn a_tone_stands_in_its_band_and_the_silence_before_it_in_none() {
        let rows = Features::new().of(&tone(1000.0, SAMPLES / 2));
        assert_eq!(rows.len(), (TIMES + 2) * BANDS);
        // 1000 Hz is mel 15 of 45.245, in 81 steps.
        assert!((26..=27).contains(&loudest(&rows, 600)));
        let quiet = &rows[BANDS..][..300 * BANDS];
        let (low, high) = quiet.iter().fold((f32::MAX, f32::MIN), |(low, high), x| {
            (low.min(*x), high.max(*x))
        });
        assert!(high - low < 0.01, "silence is {low} to {high}");
        assert!(
            rows[..BANDS]
                .iter()
                .chain(&rows[(TIMES + 1) * BANDS..])
                .all(|x| *x == 0.0)
        );
    }

    #[test]
    fn the_level_of_a_turn_does_not_matter_and_what_lies_before_eight_seconds_neither() {
        let features = Features::new();
        let sound = tone(440.0, SAMPLES);
        let loud: Vec<f32> = [tone(3000.0, 5000), sound.iter().map(|x| x * 5.0).collect()].concat();
        let (one, other) = (features.of(&sound), features.of(&loud));
        let off = one.iter().zip(&other).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f32::max) < 2e-3);
    }
}
