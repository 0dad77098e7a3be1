//! Where in a recording a sentence is.

use crate::{
    peer::read_wav,
    plan::{RATE_HZ, Stream},
};

/// Samples of a millisecond.
pub(super) const PER_MS: i64 = RATE_HZ as i64 / 1_000;
/// A step of an envelope, in milliseconds.
const STEP_MS: i64 = 10;
/// A recording is at most so much earlier or later than what was said.
const EARLIEST_MS: i64 = -500;
const LATEST_MS: i64 = 3_000;
/// A sentence may be so far from the recording's offset: a jitter buffer changes its delay, a reconnection too.
const SHIFT_MS: i64 = 400;
/// Envelopes less alike than this say nothing about where a sentence is.
const ALIKE: f64 = 0.6;
/// Taken along on each side of a sentence; less than half the pause between two.
const BEFORE_MS: i64 = 200;
const AFTER_MS: i64 = 400;
/// Quieter than this is silence to an envelope: the floor of 16-bit noise and comfort noise.
const FLOOR: f64 = 30.0;

/// All that is said in a room, from the run's start.
pub(super) fn timeline(stream: &Stream) -> anyhow::Result<Vec<i16>> {
    let mut said: Vec<i16> = Vec::new();
    for sentence in &stream.sentences {
        let from = sentence.start_ms as usize * PER_MS as usize;
        said.resize(from.max(said.len()), 0);
        said.extend(read_wav(sentence.wav.as_ref())?);
    }
    Ok(said)
}

/// Loudness of each 10 ms, as the logarithm of its level.
pub(super) fn envelope(samples: &[i16]) -> Vec<f64> {
    let step = (STEP_MS * PER_MS) as usize;
    let level = |piece: &[i16]| {
        let power: f64 = piece.iter().map(|&s| f64::from(s).powi(2)).sum();
        ((power / piece.len() as f64).sqrt().max(FLOOR) / FLOOR).ln()
    };
    samples.chunks_exact(step).map(level).collect()
}

/// How much later than said a recording has it all, in milliseconds: where the envelopes are most alike.
pub(super) fn offset_ms(said: &[f64], recorded: &[f64]) -> i64 {
    let lags = EARLIEST_MS / STEP_MS..=LATEST_MS / STEP_MS;
    best_lag(said, recorded, 0, lags).0 * STEP_MS
}

/// The recording's stretch that holds a sentence said at `start_ms`; silence where nothing was recorded.
pub(super) fn window(recorded: &[i16], said: &[i16], start_ms: u64, offset_ms: i64) -> Vec<i16> {
    let start_ms = start_ms as i64;
    // Only the neighbourhood, on whole steps.
    let around = SHIFT_MS + BEFORE_MS;
    let from_ms = (start_ms + offset_ms - around) / STEP_MS * STEP_MS;
    let length_ms = said.len() as i64 / PER_MS + 2 * around;
    let near = stretch(recorded, from_ms * PER_MS, length_ms * PER_MS);
    let expected = start_ms + offset_ms - from_ms;
    let lags = -SHIFT_MS / STEP_MS..=SHIFT_MS / STEP_MS;
    let at = expected / STEP_MS;
    let (lag, alike) = best_lag(&envelope(said), &envelope(&near), at, lags);
    let shift = if alike >= ALIKE { lag * STEP_MS } else { 0 };
    let from = (start_ms + offset_ms + shift - BEFORE_MS) * PER_MS;
    let length = said.len() as i64 + (BEFORE_MS + AFTER_MS) * PER_MS;
    stretch(recorded, from, length)
}

/// Samples from `from` on, which may lie outside.
pub(super) fn stretch(samples: &[i16], from: i64, length: i64) -> Vec<i16> {
    let at = |index: i64| usize::try_from(index).ok().and_then(|i| samples.get(i));
    (from..from + length)
        .map(|i| at(i).copied().unwrap_or(0))
        .collect()
}

/// The lag, beyond `base`, at which `wanted` and `heard` correlate best, and how well (-1 to 1).
fn best_lag(
    wanted: &[f64],
    heard: &[f64],
    base: i64,
    lags: std::ops::RangeInclusive<i64>,
) -> (i64, f64) {
    let alike = |lag: i64| {
        let at = |i: usize| {
            let index = usize::try_from(i as i64 + base + lag).ok();
            index
                .and_then(|index| heard.get(index))
                .copied()
                .unwrap_or(0.0)
        };
        correlation((0..wanted.len()).map(|i| (wanted[i], at(i))))
    };
    lags.map(|lag| (lag, alike(lag))).fold(
        (0, 0.0),
        |best, next| if next.1 > best.1 { next } else { best },
    )
}

/// Pearson's, 0 when one side is constant.
fn correlation(pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut n, mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (a, b) in pairs {
        n += 1.0;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    let spread = (n * xx - x * x) * (n * yy - y * y);
    if spread <= f64::EPSILON {
        0.0
    } else {
        (n * xy - x * y) / spread.sqrt()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Syllables of noise, different for each seed; mono at [`RATE_HZ`].
    pub(in crate::score) fn babble(seed: u64, ms: usize) -> Vec<i16> {
        let mut state = seed.wrapping_mul(2_654_435_769) + 1;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut samples = Vec::new();
        while samples.len() < ms * 16 {
            let (length, level) = (16 * (60 + random() % 160), 500 + random() % 8_000);
            let mut low = 0.0;
            for _ in 0..length {
                low = 0.8 * low + (random() % 2_001) as f64 / 1_000.0 - 1.0;
                samples.push((level as f64 * 0.4 * low) as i16);
            }
            samples.extend(vec![0; (16 * (20 + random() % 120)) as usize]);
        }
        samples.truncate(ms * 16);
        samples
    }

    fn later(samples: &[i16], ms: i64) -> Vec<i16> {
        stretch(samples, -ms * PER_MS, samples.len() as i64 + ms * PER_MS)
    }

    #[test]
    fn a_recordings_offset_is_found_whatever_is_missing_of_it() {
        let said = [vec![0; 32_000], babble(1, 20_000)].concat();
        for offset in [-200, 0, 70, 850, 2_400] {
            let mut recorded = later(&said, offset);
            recorded.iter_mut().for_each(|sample| *sample /= 2);
            recorded[5 * 16_000..12 * 16_000].fill(0);
            let found = offset_ms(&envelope(&said), &envelope(&recorded));
            assert!(
                (found - offset).abs() <= 10,
                "{offset} ms was taken for {found} ms"
            );
        }
    }

    #[test]
    fn a_window_follows_a_sentence_that_the_jitter_buffer_moved() {
        let (first, second) = (babble(2, 2_000), babble(3, 2_000));
        let said = [vec![0; 32_000], first, vec![0; 16_000], second.clone()].concat();
        let start_ms = 5_000;
        for moved in [-150, 0, 300] {
            let recorded = later(&said, 100 + moved);
            let window = window(&recorded, &second, start_ms, 100);
            let expected = stretch(
                &said,
                (start_ms as i64 - BEFORE_MS) * PER_MS,
                second.len() as i64 + (BEFORE_MS + AFTER_MS) * PER_MS,
            );
            assert_eq!(window, expected, "moved by {moved} ms");
        }
    }

    #[test]
    fn a_window_of_nothing_is_silence_of_the_right_length() {
        let said = babble(4, 1_500);
        let window = window(&[], &said, 9_000, 0);
        assert_eq!(window.len(), (1_500 + 600) * 16);
        assert!(window.iter().all(|&sample| sample == 0));
    }
}
