//! Mono or stereo, and any rate to any other.

use resampler::Resampler;

use super::sink::Format;

/// Converts blocks of one stream to a fixed output format.
pub(crate) struct Converter {
    output: Format,
    /// One resampler per output channel, for the input rate they were made for.
    resamplers: Vec<Resampler>,
    input_rate_hz: u32,
}

impl Converter {
    pub(crate) const fn new(output: Format) -> Self {
        Self {
            output,
            resamplers: Vec::new(),
            input_rate_hz: 0,
        }
    }

    pub(crate) const fn output(&self) -> Format {
        self.output
    }

    /// Converts the next block. Blocks of 10 ms give blocks of 10 ms.
    pub(crate) fn convert(&mut self, pcm: &[i16], input: Format) -> Vec<i16> {
        if input == self.output || input.channels == 0 {
            return pcm.to_vec();
        }
        if input.rate_hz == self.output.rate_hz {
            return self.remix(pcm, input.channels);
        }
        if self.input_rate_hz != input.rate_hz {
            self.input_rate_hz = input.rate_hz;
            let new = |_| Resampler::new(input.rate_hz, self.output.rate_hz);
            self.resamplers = (0..self.output.channels).map(new).collect();
        }
        let frames = pcm.chunks_exact(input.channels as usize);
        let outputs = self.resamplers.len();
        let mut interleaved = Vec::new();
        for (channel, resampler) in self.resamplers.iter_mut().enumerate() {
            let samples = frames
                .clone()
                .map(|frame| channel_of(frame, channel, outputs));
            let converted = resampler.push(samples);
            interleaved.resize(converted.len() * outputs, 0);
            for (slot, sample) in interleaved
                .iter_mut()
                .skip(channel)
                .step_by(outputs)
                .zip(converted)
            {
                *slot = to_i16(sample);
            }
        }
        interleaved
    }

    fn remix(&self, pcm: &[i16], channels: u32) -> Vec<i16> {
        let outputs = self.output.channels as usize;
        let frames = pcm.chunks_exact(channels as usize);
        frames
            .flat_map(|frame| {
                (0..outputs).map(|channel| to_i16(channel_of(frame, channel, outputs)))
            })
            .collect()
    }
}

/// One output channel of an input frame: the same channel if there is one, the mean of all for
/// mono, the first where the input has too few.
fn channel_of(frame: &[i16], channel: usize, outputs: usize) -> f32 {
    if outputs == 1 && frame.len() > 1 {
        return frame.iter().map(|sample| f32::from(*sample)).sum::<f32>() / frame.len() as f32;
    }
    f32::from(*frame.get(channel).or_else(|| frame.first()).unwrap_or(&0))
}

/// `as` saturates, which is what an overdriven signal wants.
fn to_i16(sample: f32) -> i16 {
    sample.round() as i16
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    const fn mono(rate_hz: u32) -> Format {
        Format {
            rate_hz,
            channels: 1,
        }
    }

    fn sine(rate_hz: u32, hz: f64, seconds: f64) -> Vec<i16> {
        let count = (f64::from(rate_hz) * seconds) as usize;
        let sample = |n| (8_000.0 * (2.0 * PI * hz * n as f64 / f64::from(rate_hz)).sin()) as i16;
        (0..count).map(sample).collect()
    }

    fn rms(pcm: &[i16]) -> f64 {
        (pcm.iter()
            .map(|sample| f64::from(*sample).powi(2))
            .sum::<f64>()
            / pcm.len() as f64)
            .sqrt()
    }

    /// Converts one second of a sine in 10 ms blocks; the first 100 ms are the filter's delay.
    fn converted(hz: f64, from: u32, to: u32) -> Vec<i16> {
        let mut converter = Converter::new(mono(to));
        let mut output = Vec::new();
        for block in sine(from, hz, 1.0).chunks(mono(from).block_samples()) {
            let block = converter.convert(block, mono(from));
            assert_eq!(
                block.len(),
                mono(to).block_samples(),
                "10 ms of {from} Hz in samples of {to} Hz"
            );
            output.extend(block);
        }
        output.split_off(to as usize / 10)
    }

    /// The tone must come out at its level, and nothing else with it: the residue after a
    /// least-squares fit of that tone stays 50 dB below it.
    fn check_tone(hz: f64, from: u32, to: u32) {
        let output = converted(hz, from, to);
        let (mut sine_part, mut cosine_part) = (0.0, 0.0);
        let angle = |n: usize| 2.0 * PI * hz * n as f64 / f64::from(to);
        for (n, sample) in output.iter().enumerate() {
            sine_part += f64::from(*sample) * angle(n).sin();
            cosine_part += f64::from(*sample) * angle(n).cos();
        }
        let scale = 2.0 / output.len() as f64;
        let (sine_part, cosine_part) = (sine_part * scale, cosine_part * scale);
        let amplitude = sine_part.hypot(cosine_part);
        assert!(
            (7_900.0..8_100.0).contains(&amplitude),
            "{hz} Hz, {from} to {to}: amplitude {amplitude:.0}, not 8000"
        );
        let fit = |n: usize| sine_part * angle(n).sin() + cosine_part * angle(n).cos();
        let residue: Vec<i16> = output
            .iter()
            .enumerate()
            .map(|(n, s)| (f64::from(*s) - fit(n)) as i16)
            .collect();
        let noise_db = 20.0 * (rms(&residue).max(0.1) / rms(&output)).log10();
        assert!(
            noise_db < -50.0,
            "{hz} Hz, {from} to {to}: residue at {noise_db:.1} dB"
        );
    }

    #[test]
    fn speech_tones_keep_level_and_purity_between_common_rates() {
        for (from, to) in [
            (24_000, 48_000),
            (48_000, 16_000),
            (8_000, 48_000),
            (44_100, 48_000),
            (48_000, 44_100),
        ] {
            check_tone(440.0, from, to);
            check_tone(2_800.0, from, to);
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_removed() {
        let level = rms(&converted(10_000.0, 48_000, 16_000));
        assert!(
            level < 60.0,
            "10 kHz folded down into 16 kHz speech with rms {level:.0} of 5657"
        );
    }

    #[test]
    fn blocks_of_any_length_join_without_a_seam() {
        let input = sine(24_000, 300.0, 0.3);
        let whole = Converter::new(mono(16_000)).convert(&input, mono(24_000));
        let mut pieces = Vec::new();
        let mut converter = Converter::new(mono(16_000));
        for block in input.chunks(97) {
            pieces.extend(converter.convert(block, mono(24_000)));
        }
        assert_eq!(pieces, whole);
    }

    #[test]
    fn stereo_becomes_mono_by_the_mean_and_mono_becomes_stereo_by_copy() {
        let stereo = Format {
            rate_hz: 48_000,
            channels: 2,
        };
        let mut to_mono = Converter::new(mono(48_000));
        assert_eq!(to_mono.convert(&[100, 300, -50, 50], stereo), [200, 0]);
        let mut to_stereo = Converter::new(stereo);
        assert_eq!(to_stereo.convert(&[7, -9], mono(48_000)), [7, 7, -9, -9]);
    }

    #[test]
    fn stereo_resamples_each_channel_by_itself() {
        let stereo = |rate_hz| Format {
            rate_hz,
            channels: 2,
        };
        let loud_left: Vec<i16> = sine(24_000, 440.0, 0.5)
            .into_iter()
            .flat_map(|sample| [sample, 0])
            .collect();
        let output = Converter::new(stereo(48_000)).convert(&loud_left, stereo(24_000));
        let right: Vec<i16> = output.iter().skip(1).step_by(2).copied().collect();
        let left: Vec<i16> = output.iter().step_by(2).copied().collect();
        assert!(rms(&left) > 5_000.0, "the left channel was lost");
        assert!(rms(&right) < 1.0, "the left channel leaked into the right");
    }

    #[test]
    fn full_scale_is_clipped_and_does_not_wrap() {
        let square: Vec<i16> = (0..4_800)
            .map(|n| if n / 50 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let output = Converter::new(mono(16_000)).convert(&square, mono(48_000));
        // A wrapped overshoot would show as a sample of the wrong sign in the middle of a half wave.
        let middle_of_first_plateaus: Vec<i16> = (10..15)
            .map(|half| output[(half * 50 + 25 + 36) / 3])
            .collect();
        let signs: Vec<bool> = middle_of_first_plateaus
            .iter()
            .map(|sample| *sample > 0)
            .collect();
        assert_eq!(
            signs,
            [true, false, true, false, true],
            "{middle_of_first_plateaus:?}"
        );
    }
}
