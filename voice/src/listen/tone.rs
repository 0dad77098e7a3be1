//! The tone veto: keypad tones, ringback, dial and busy tones and beeps are not speech.
//!
//! The voice detector calls half of all keypad frames voice. Signalling tones are one or two pure frequencies of a
//! known list, so a Goertzel filter at each of them tells what share of the signal they hold. Speech puts its
//! energy into many harmonics that move; a tone stays.

use std::f32::consts::TAU;

/// 32 ms: two VAD frames. A Hann window of it is 62 Hz wide, which tells 697 Hz from 770 Hz.
const WINDOW: usize = 512;
const CENTRE: f32 = WINDOW as f32 / 2.0;
const RATE_HZ: f32 = 16_000.0;
/// Two tones of one signal are at least this far apart.
const CLOSEST_PAIR_HZ: f32 = 40.0;
/// Share of the energy that two listed frequencies must hold.
const TONAL_SHARE: f32 = 0.80;
/// Frames in a row that must look tonal: 48 ms, longer than a vowel stands still on two listed frequencies.
const TONAL_FRAMES: u32 = 3;

/// Keypad rows and columns; ringback, dial, busy (350 to 620); information and answer tones.
const FREQUENCIES_HZ: [f32; 22] = [
    697.0, 770.0, 852.0, 941.0, 1209.0, 1336.0, 1477.0, 1633.0, 350.0, 400.0, 425.0, 440.0, 450.0,
    480.0, 620.0, 950.0, 1000.0, 1100.0, 1400.0, 1800.0, 2100.0, 300.0,
];
/// Line signals of two tones that the window does not resolve: ringback of North America and of Britain.
const CLOSE_PAIRS: [(f32, f32); 2] = [(440.0, 480.0), (400.0, 450.0)];

/// Watches for signalling tones.
#[derive(Debug)]
pub(super) struct ToneVeto {
    window: [f32; WINDOW],
    previous: [f32; WINDOW / 2],
    run: u32,
}

impl ToneVeto {
    pub(super) fn new() -> Self {
        let hann = |i: usize| 0.5 - 0.5 * (TAU * i as f32 / WINDOW as f32).cos();
        Self {
            window: std::array::from_fn(hann),
            previous: [0.0; WINDOW / 2],
            run: 0,
        }
    }

    /// Takes one 16 ms frame of 256 samples; true while a tone stands. `worth_a_look` is false for frames that
    /// nothing took for speech: the filters are then skipped.
    pub(super) fn push(&mut self, frame: &[i16], worth_a_look: bool) -> bool {
        let mut samples = [0.0; WINDOW];
        samples[..WINDOW / 2].copy_from_slice(&self.previous);
        for (slot, &sample) in samples[WINDOW / 2..].iter_mut().zip(frame) {
            *slot = f32::from(sample) / 32_768.0;
        }
        self.previous.copy_from_slice(&samples[WINDOW / 2..]);
        if worth_a_look && self.tonal_share(&samples) >= TONAL_SHARE {
            self.run += 1;
        } else {
            self.run = 0;
        }
        self.run >= TONAL_FRAMES
    }

    /// Share of the energy that the best one or two listed frequencies explain, fitted together: ringback's 440 and
    /// 480 Hz are closer than the window resolves, and their sum of two separate shares would count much twice.
    fn tonal_share(&self, samples: &[f32; WINDOW]) -> f32 {
        let weighted: [f32; WINDOW] = std::array::from_fn(|i| samples[i] * self.window[i]);
        let energy: f32 = weighted.iter().zip(samples).map(|(w, s)| w * s).sum();
        if energy < 1e-9 {
            return 0.0;
        }
        let bins = FREQUENCIES_HZ.map(|hz| (hz, Bin::at(&weighted, hz)));
        let together = |(first_hz, first): (f32, Bin), (second_hz, second): (f32, Bin)| {
            let overlap = self.overlap(first_hz - second_hz);
            (first.power() + second.power() - 2.0 * overlap * first.dot(second))
                / (1.0 - overlap * overlap)
        };
        let clear =
            |a: usize, b: usize| (FREQUENCIES_HZ[a] - FREQUENCIES_HZ[b]).abs() >= CLOSEST_PAIR_HZ;
        let best = (0..bins.len())
            .max_by(|&a, &b| bins[a].1.power().total_cmp(&bins[b].1.power()))
            .unwrap_or(0);
        let with_best = (0..bins.len())
            .filter(|&other| clear(best, other))
            .map(|other| together(bins[best], bins[other]));
        // Where two tones beat, the strongest listed frequency may be one between them.
        let close = CLOSE_PAIRS
            .iter()
            .map(|&(a, b)| together((a, Bin::at(&weighted, a)), (b, Bin::at(&weighted, b))));
        let explained = with_best.chain(close).fold(bins[best].1.power(), f32::max);
        2.0 * explained / (self.weight() * energy)
    }

    fn weight(&self) -> f32 {
        self.window.iter().sum()
    }

    /// How much two frequencies this far apart look alike through the window, -1 to 1.
    fn overlap(&self, apart_hz: f32) -> f32 {
        let alike =
            |(i, w): (usize, &f32)| w * (TAU * apart_hz * (i as f32 - CENTRE) / RATE_HZ).cos();
        self.window.iter().enumerate().map(alike).sum::<f32>() / self.weight()
    }
}

/// The spectrum at one frequency, its phase counted from the middle of the window.
#[derive(Clone, Copy)]
struct Bin {
    re: f32,
    im: f32,
}

impl Bin {
    /// Goertzel's recurrence.
    fn at(samples: &[f32], hz: f32) -> Self {
        let step = TAU * hz / RATE_HZ;
        let coefficient = 2.0 * step.cos();
        let (mut last, mut before) = (0.0_f32, 0.0_f32);
        for &sample in samples {
            (last, before) = (sample + coefficient * last - before, last);
        }
        let (re, im) = (last - before * step.cos(), before * step.sin());
        let (sin, cos) = (step * (CENTRE - (samples.len() - 1) as f32)).sin_cos();
        Self {
            re: re * cos - im * sin,
            im: re * sin + im * cos,
        }
    }

    fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    fn dot(self, other: Self) -> f32 {
        self.re * other.re + self.im * other.im
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::sounds;

    fn tonal_share_of_frames(samples: &[i16]) -> f32 {
        let mut veto = ToneVeto::new();
        let frames: Vec<_> = samples.chunks_exact(256).collect();
        let tonal = frames.iter().filter(|frame| veto.push(frame, true)).count();
        tonal as f32 / frames.len() as f32
    }

    #[test]
    fn every_key_and_the_line_tones_are_recognised() {
        for low in [697.0, 770.0, 852.0, 941.0] {
            for high in [1209.0, 1336.0, 1477.0, 1633.0] {
                let share = tonal_share_of_frames(&sounds::tones(&[low, high], -15.0, 0.5));
                assert!(
                    share > 0.85,
                    "key {low}+{high} Hz is seen in {share} of its frames"
                );
            }
        }
        for tones in [
            &[440.0, 480.0][..],
            &[350.0, 440.0],
            &[480.0, 620.0],
            &[425.0],
            &[1000.0],
            &[2100.0],
        ] {
            let share = tonal_share_of_frames(&sounds::tones(tones, -20.0, 1.0));
            assert!(share > 0.8, "{tones:?} Hz is seen in {share} of its frames");
        }
    }

    #[test]
    fn speech_and_noise_are_not_tones() {
        for name in sounds::sample_names() {
            let share = tonal_share_of_frames(&sounds::sample(&name));
            assert!(share < 0.05, "{share} of {name} is taken for a tone");
        }
        let share = tonal_share_of_frames(&sounds::white_noise(-20.0, 2.0));
        assert!(share < 0.001, "{share} of white noise is taken for a tone");
    }
}
