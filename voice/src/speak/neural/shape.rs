//! A network's output as it comes, made ready to be played: one rate, one loudness, no silence around it.
//!
//! What [`Speech::from_pcm`](super::super::Speech::from_pcm) does with a whole sentence, piece by piece: the loudness of a
//! voice is measured once, when it is loaded, since that of a sentence is known only at its end.

use resampler::{HALF_WIDTH, Resampler};

use super::super::speech::{LEAD_BLOCKS, TRAIL_BLOCKS, gain_to_target, limited};
use super::super::{FRAME_SAMPLES, SPEECH_RATE_HZ};

/// A block of 10 ms below this is silence: 32 dB below the speech's own loudness, some 40 below its peaks.
const SILENT: f32 = 0.0025;
/// No voice is made louder or softer than by these factors: a sentence measured wrongly must not hurt.
const LEAST_GAIN: f32 = 0.05;
const MOST_GAIN: f32 = 20.0;

/// The factor that brings a voice to the loudness of all speech, from a sentence of its own at any rate.
pub(super) fn gain_of(sound: &[f32]) -> f32 {
    gain_to_target(sound).clamp(LEAST_GAIN, MOST_GAIN)
}

/// One sentence's sound on its way.
#[derive(Debug)]
pub(super) struct Shaper {
    resampler: Option<Resampler>,
    rate_hz: u32,
    gain: f32,
    /// Less than a block.
    rest: Vec<f32>,
    /// Silent blocks that nobody knows yet whether sound follows; before the first sound at most those that are kept.
    silence: Vec<i16>,
    begun: bool,
    /// Samples of silence before the first sound that were dropped, at 24 kHz.
    dropped: u64,
}

impl Shaper {
    pub(super) fn new(rate_hz: u32, gain: f32) -> Self {
        Self {
            resampler: (rate_hz != SPEECH_RATE_HZ).then(|| Resampler::new(rate_hz, SPEECH_RATE_HZ)),
            rate_hz,
            gain,
            rest: Vec::new(),
            silence: Vec::new(),
            begun: false,
            dropped: 0,
        }
    }

    /// What can be played of a piece and what came before it.
    pub(super) fn push(&mut self, sound: &[f32]) -> Vec<i16> {
        let sound = match &mut self.resampler {
            Some(resampler) => resampler.push(sound.iter().copied()),
            None => sound.to_vec(),
        };
        self.rest.extend(sound);
        let whole = self.rest.len() / FRAME_SAMPLES * FRAME_SAMPLES;
        let blocks: Vec<f32> = self.rest.drain(..whole).collect();
        let mut out = Vec::with_capacity(whole);
        for block in blocks.chunks(FRAME_SAMPLES) {
            self.block(block, &mut out);
        }
        out
    }

    /// The end of the sentence: what is left of its sound.
    pub(super) fn end(&mut self) -> Vec<i16> {
        let mut out = Vec::new();
        if self.resampler.is_some() {
            // What the filter still holds.
            let periods = f64::from(self.rate_hz) / f64::from(SPEECH_RATE_HZ.min(self.rate_hz));
            out = self.push(&vec![0.0; (HALF_WIDTH * periods).ceil() as usize]);
        }
        let rest = std::mem::take(&mut self.rest);
        self.block(&rest, &mut out);
        // Soft sounds at the edge are kept, silence is not.
        self.silence.truncate(TRAIL_BLOCKS * FRAME_SAMPLES);
        if self.begun {
            out.append(&mut self.silence);
        }
        out
    }

    /// How long the sentence will be, in samples at 24 kHz, by its length as the network gives it.
    pub(super) fn expected(&self, samples: u64) -> u64 {
        let whole = samples * u64::from(SPEECH_RATE_HZ) / u64::from(self.rate_hz.max(1));
        whole.saturating_sub(self.dropped)
    }

    fn block(&mut self, block: &[f32], out: &mut Vec<i16>) {
        let power: f32 = block
            .iter()
            .map(|sample| (sample * self.gain).powi(2))
            .sum();
        let is_silent = (power / block.len().max(1) as f32).sqrt() < SILENT;
        let samples = block
            .iter()
            .map(|sample| (limited(sample * self.gain) * 32_767.0) as i16);
        if is_silent {
            self.silence.extend(samples);
            if !self.begun {
                let surplus = self
                    .silence
                    .len()
                    .saturating_sub(LEAD_BLOCKS * FRAME_SAMPLES);
                self.silence.drain(..surplus);
                self.dropped += surplus as u64;
            }
            return;
        }
        self.begun = true;
        out.append(&mut self.silence);
        out.extend(samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speak::Speech;

    /// 0.3 s of silence, a word, a pause of 0.2 s, a word, 0.5 s of silence.
    fn sentence(rate_hz: u32) -> Vec<f32> {
        let ms = |ms: u32| (rate_hz * ms / 1_000) as usize;
        let word = |count: usize| {
            (0..count).map(move |i| {
                0.1 * (std::f32::consts::TAU * 300.0 * i as f32 / rate_hz as f32).sin()
            })
        };
        let mut all = vec![0.0; ms(300)];
        all.extend(word(ms(400)));
        all.extend(vec![0.0; ms(200)]);
        all.extend(word(ms(300)));
        all.extend(vec![0.0; ms(500)]);
        all
    }

    fn shaped(sound: &[f32], rate_hz: u32, piece: usize) -> Vec<i16> {
        let mut shaper = Shaper::new(rate_hz, gain_of(sound));
        let mut out: Vec<i16> = sound
            .chunks(piece)
            .flat_map(|piece| shaper.push(piece))
            .collect();
        out.extend(shaper.end());
        out
    }

    #[test]
    fn pieces_joined_are_the_same_however_they_were_cut() {
        for rate_hz in [16_000, 22_050, 24_000] {
            let sound = sentence(rate_hz);
            let whole = shaped(&sound, rate_hz, sound.len());
            for piece in [1, 100, 239, 5_120] {
                assert_eq!(
                    shaped(&sound, rate_hz, piece),
                    whole,
                    "{rate_hz} Hz in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn it_is_trimmed_and_as_loud_as_a_sentence_shaped_whole() {
        for rate_hz in [16_000, 22_050, 24_000] {
            let sound = sentence(rate_hz);
            let ours = shaped(&sound, rate_hz, 5_120);
            let pcm: Vec<i16> = sound.iter().map(|s| (s * 32_767.0) as i16).collect();
            let whole = Speech::from_pcm(&pcm, rate_hz).samples;
            let apart = ours.len().abs_diff(whole.len());
            assert!(
                apart <= 3 * FRAME_SAMPLES,
                "{rate_hz} Hz: {} and {} samples",
                ours.len(),
                whole.len()
            );
            let loudness = |s: &[i16]| s.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>().sqrt();
            let ratio = loudness(&ours) / loudness(&whole);
            assert!(
                (0.9..1.1).contains(&ratio),
                "{rate_hz} Hz: {ratio} times as loud"
            );
        }
    }

    #[test]
    fn the_length_is_foretold_but_for_the_silence_at_the_end() {
        let sound = sentence(22_050);
        let mut shaper = Shaper::new(22_050, gain_of(&sound));
        let mut out = shaper.push(&sound[..11_025]);
        let expected = shaper.expected(sound.len() as u64);
        out.extend(shaper.push(&sound[11_025..]));
        out.extend(shaper.end());
        let late = expected as i64 - out.len() as i64;
        assert!(
            (0..=500 * 24).contains(&late),
            "{late} samples too many were foretold"
        );
    }

    #[test]
    fn silence_alone_gives_nothing_and_noise_is_no_number() {
        assert!(shaped(&[0.0; 9_000], 22_050, 500).is_empty());
        assert!(shaped(&[], 22_050, 500).is_empty());
        let broken = [f32::NAN, f32::INFINITY, 1e30].repeat(1_000);
        let mut shaper = Shaper::new(24_000, 1.0);
        drop(shaper.push(&broken));
        assert!((LEAST_GAIN..=MOST_GAIN).contains(&gain_of(&[0.0; 100])));
    }
}
