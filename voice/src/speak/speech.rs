//! Sound ready to be played: one rate, one loudness, no silence around it.

use std::time::Duration;

use super::SPEECH_RATE_HZ;

/// Loudness of the speech itself, pauses not counted, dB below full scale: what telephony expects.
const TARGET_DB: f32 = -20.0;
/// Peaks above this are rounded off instead of clipped: -1.9 dBFS.
const LIMIT: f32 = 0.8;
/// No peak goes above this.
const CEILING: f32 = 0.97;
/// 10 ms.
const BLOCK: usize = SPEECH_RATE_HZ as usize / 100;
/// A block this far below the loudest one is silence, as a ratio of amplitudes: 40 dB.
const SILENT_RATIO: f32 = 0.01;
/// Blocks kept before and after, so that soft sounds at the edges are not cut.
pub(super) const LEAD_BLOCKS: usize = 2;
pub(super) const TRAIL_BLOCKS: usize = 6;

/// A synthesised sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Speech {
    /// Mono, [`SPEECH_RATE_HZ`], trimmed, about -20 dBFS.
    pub samples: Vec<i16>,
    /// The first voice failed: the second one speaks.
    pub fallback: bool,
}

impl Speech {
    /// From an engine's output at its own rate. Empty for a rate that no engine has (outside 4 to 192 kHz).
    pub fn from_pcm(samples: &[i16], rate_hz: u32) -> Self {
        let floats: Vec<f32> = samples.iter().map(|&s| f32::from(s) / 32_768.0).collect();
        let resampled = resample(floats, rate_hz);
        let trimmed = trim(&resampled);
        Self {
            samples: level(trimmed),
            fallback: false,
        }
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(SPEECH_RATE_HZ))
    }
}

fn resample(samples: Vec<f32>, rate_hz: u32) -> Vec<f32> {
    if rate_hz == SPEECH_RATE_HZ || samples.is_empty() {
        return samples;
    }
    if !(4000..=192_000).contains(&rate_hz) {
        return Vec::new();
    }
    resampler::resample(&samples, rate_hz, SPEECH_RATE_HZ)
}

fn rms(block: &[f32]) -> f32 {
    (block.iter().map(|s| s * s).sum::<f32>() / block.len().max(1) as f32).sqrt()
}

fn trim(samples: &[f32]) -> &[f32] {
    let levels: Vec<f32> = samples.chunks(BLOCK).map(rms).collect();
    let bar = levels.iter().copied().fold(0.0, f32::max) * SILENT_RATIO;
    let sounds = |level: &f32| *level > bar;
    let (Some(first), Some(last)) = (
        levels.iter().position(sounds),
        levels.iter().rposition(sounds),
    ) else {
        return &[];
    };
    let end = ((last + 1 + TRAIL_BLOCKS) * BLOCK).min(samples.len());
    &samples[first.saturating_sub(LEAD_BLOCKS) * BLOCK..end]
}

fn level(samples: &[f32]) -> Vec<i16> {
    let gain = gain_to_target(samples);
    samples
        .iter()
        .map(|s| (limited(s * gain) * 32_767.0) as i16)
        .collect()
}

/// The factor that brings speech to its loudness, pauses not counted.
pub(super) fn gain_to_target(samples: &[f32]) -> f32 {
    let levels: Vec<f32> = samples.chunks(BLOCK).map(rms).collect();
    let bar = levels.iter().copied().fold(0.0, f32::max) * 0.1;
    let active: Vec<f32> = levels.into_iter().filter(|&level| level > bar).collect();
    10_f32.powf(TARGET_DB / 20.0) / rms(&active).max(1e-6)
}

/// Straight up to the limit, then bending towards the ceiling and never over it.
pub(super) fn limited(sample: f32) -> f32 {
    let over = sample.abs() - LIMIT;
    if over <= 0.0 {
        sample
    } else {
        (LIMIT + (CEILING - LIMIT) * (over / (CEILING - LIMIT)).tanh()).copysign(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate_hz: u32, amplitude: f32) -> Vec<i16> {
        let second = |i: u32| {
            (std::f32::consts::TAU * 440.0 * i as f32 / rate_hz as f32).sin() * amplitude * 32_767.0
        };
        let silence = vec![0; rate_hz as usize / 2];
        [
            silence.clone(),
            (0..rate_hz).map(|i| second(i) as i16).collect(),
            silence,
        ]
        .concat()
    }

    #[test]
    fn every_engines_rate_comes_out_trimmed_and_at_one_loudness() {
        for rate_hz in [8_000, 16_000, 22_050, 24_000, 48_000] {
            for amplitude in [0.02, 0.9] {
                let speech = Speech::from_pcm(&tone(rate_hz, amplitude), rate_hz);
                let seconds = speech.duration().as_secs_f32();
                assert!(
                    (1.0..1.12).contains(&seconds),
                    "{rate_hz} Hz: a second came out as {seconds} s"
                );
                let floats: Vec<f32> = speech
                    .samples
                    .iter()
                    .map(|&s| f32::from(s) / 32_768.0)
                    .collect();
                let middle = 20.0 * rms(&floats[4800..19_200]).log10();
                assert!(
                    (middle - TARGET_DB).abs() < 0.7,
                    "{rate_hz} Hz at {amplitude}: {middle} dBFS"
                );
            }
        }
    }

    #[test]
    fn the_pitch_is_kept() {
        let speech = Speech::from_pcm(&tone(22_050, 0.5), 22_050);
        let crossings = speech.samples[4800..19_200]
            .windows(2)
            .filter(|pair| pair[0] < 0 && pair[1] >= 0)
            .count();
        assert!(
            crossings.abs_diff(264) <= 2,
            "0.6 s of 440 Hz came out as {crossings} waves, not 264"
        );
    }

    #[test]
    fn peaks_are_rounded_and_nothing_overflows() {
        let mut spiky = tone(24_000, 0.01);
        spiky[20_000] = i16::MAX;
        let speech = Speech::from_pcm(&spiky, 24_000);
        assert!(
            speech.samples.iter().all(|s| s.unsigned_abs() <= 31_800),
            "a peak reached full scale"
        );
    }

    #[test]
    fn silence_is_empty_and_a_senseless_rate_too() {
        assert!(Speech::from_pcm(&[0; 5000], 16_000).samples.is_empty());
        assert!(Speech::from_pcm(&[], 16_000).samples.is_empty());
        assert!(Speech::from_pcm(&[100; 5000], 3).samples.is_empty());
    }
}
