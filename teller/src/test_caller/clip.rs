//! A piece of the caller's speech.

use std::path::Path;

use anyhow::Context as _;

use ::voice::speak::SPEECH_RATE_HZ;

use super::voice::CallerVoice;

/// The rate the caller's microphone runs at, Hz.
pub(super) const PLAYER_RATE_HZ: u32 = 16_000;
/// Quieter than this is not speech (about -46 dBFS).
const QUIET: i16 = 160;

/// Mono samples at 16 kHz, with the words they are meant to say.
#[derive(Debug, Clone)]
pub struct Clip {
    /// What is said, as far as known.
    pub words: String,
    pub(super) samples: Vec<i16>,
}

impl Clip {
    /// Says `text` with a voice.
    ///
    /// # Errors
    /// When the voice is missing or fails.
    pub(super) async fn say(voice: &CallerVoice, text: &str) -> anyhow::Result<Self> {
        let speech = voice.say(text).await?;
        Ok(Self {
            words: text.to_owned(),
            samples: resample(&speech.samples, SPEECH_RATE_HZ, PLAYER_RATE_HZ),
        })
    }

    /// Reads a WAV file of 16-bit samples, any rate, any channels.
    ///
    /// # Errors
    /// When the file is missing or of another form.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut reader =
            hound::WavReader::open(path).with_context(|| format!("reading {}", path.display()))?;
        let spec = reader.spec();
        anyhow::ensure!(
            spec.bits_per_sample == 16 && spec.sample_format == hound::SampleFormat::Int,
            "{} has {} bits a sample; 16-bit PCM is expected",
            path.display(),
            spec.bits_per_sample
        );
        let interleaved: Vec<i16> = reader.samples::<i16>().collect::<Result<_, _>>()?;
        let mono: Vec<i16> = interleaved
            .chunks(usize::from(spec.channels.max(1)))
            .map(|frame| frame[0])
            .collect();
        let words = path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self {
            words,
            samples: resample(&mono, spec.sample_rate, PLAYER_RATE_HZ),
        })
    }

    /// Telephone band: everything above 3.4 kHz and below 300 Hz is gone.
    #[must_use]
    pub fn narrow_band(mut self) -> Self {
        let mut filter = [
            Biquad::low_pass(3_300.0),
            Biquad::low_pass(3_300.0),
            Biquad::high_pass(300.0),
        ];
        for sample in &mut self.samples {
            let filtered = filter
                .iter_mut()
                .fold(f64::from(*sample), |x, stage| stage.run(x));
            *sample = filtered
                .round()
                .clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
        }
        self
    }

    /// How many samples there are up to the end of the last sound.
    pub(super) fn speech_ends(&self) -> usize {
        self.samples
            .iter()
            .rposition(|s| s.saturating_abs() > QUIET)
            .map_or(0, |last| last + 1)
    }
}

/// Linear interpolation behind a low-pass: good enough for a caller's speech.
pub(super) fn resample(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let length = samples.len() as u64 * u64::from(to) / u64::from(from);
    (0..length)
        .map(|i| {
            let position = i as f64 * f64::from(from) / f64::from(to);
            let (index, part) = (position as usize, position.fract());
            let a = f64::from(samples[index.min(samples.len() - 1)]);
            let b = f64::from(samples[(index + 1).min(samples.len() - 1)]);
            (a + (b - a) * part).round() as i16
        })
        .collect()
}

/// Second-order section, RBJ audio EQ cookbook, Q = 0.707, at 16 kHz.
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Biquad {
    fn low_pass(hz: f64) -> Self {
        Self::design(hz, |cos| [(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0])
    }

    fn high_pass(hz: f64) -> Self {
        Self::design(hz, |cos| {
            [
                f64::midpoint(1.0, cos),
                -(1.0 + cos),
                f64::midpoint(1.0, cos),
            ]
        })
    }

    fn design(hz: f64, numerator: impl Fn(f64) -> [f64; 3]) -> Self {
        let omega = std::f64::consts::TAU * hz / f64::from(PLAYER_RATE_HZ);
        let (alpha, cos) = (omega.sin() / (2.0 * 0.707), omega.cos());
        let a0 = 1.0 + alpha;
        Self {
            b: numerator(cos).map(|b| b / a0),
            a: [-2.0 * cos / a0, (1.0 - alpha) / a0],
            x: [0.0; 2],
            y: [0.0; 2],
        }
    }

    fn run(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
        y
    }
}
