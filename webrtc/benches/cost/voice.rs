//! Something an Opus encoder takes for speech.

use std::f64::consts::TAU;

/// Seconds after which a voice repeats itself.
const PERIOD_S: usize = 5;

/// How much of the time somebody talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Talk {
    /// All the time.
    Always,
    /// Two seconds of five: an agent's part of a conversation.
    TwoOfFive,
}

/// Five seconds of mono PCM: a harmonic sound with moving pitch and formants, in syllables, over
/// a little noise; digital silence where nobody talks.
pub(crate) fn voice(rate_hz: u32, talk: Talk) -> Vec<i16> {
    let mut noise = 22_695_477_u32;
    let mut phase = 0.0;
    let samples = rate_hz as usize * PERIOD_S;
    let sample = |n: usize| {
        let t = n as f64 / f64::from(rate_hz);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if talk == Talk::TwoOfFive && t >= 2.0 {
            return 0;
        }
        let pitch = 120.0 + 30.0 * (TAU * 0.7 * t).sin();
        phase = (phase + pitch / f64::from(rate_hz)) % 1.0;
        let formant = 700.0 + 400.0 * (TAU * 1.3 * t).sin();
        let harmonic = |k: u32| {
            let hz = pitch * f64::from(k);
            let weight = 1.0 / (1.0 + ((hz - formant) / 250.0).powi(2)) + 0.3 / f64::from(k);
            weight * (TAU * phase * f64::from(k)).sin()
        };
        let voiced: f64 = (1..25).map(harmonic).sum();
        let syllable = (TAU * 2.0 * t).sin().abs();
        let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
        (2_500.0 * syllable * voiced + 300.0 * hiss) as i16
    };
    (0..samples).map(sample).collect()
}
