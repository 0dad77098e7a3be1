//! Sounds for tests: the fixture's speech, and what is not speech.

use std::f32::consts::TAU;
use std::path::PathBuf;

/// The folder of fixtures.
pub(crate) fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Names of the fixture's recordings.
pub(crate) fn sample_names() -> Vec<String> {
    references().into_iter().map(|(name, _)| name).collect()
}

/// (file, words) of each recording.
pub(crate) fn references() -> Vec<(String, String)> {
    let table =
        std::fs::read_to_string(fixtures().join("samples/refs.tsv")).expect("refs.tsv is there");
    let row = |line: &str| {
        let mut cells = line.split('\t');
        (
            cells.next().unwrap().to_owned(),
            cells.nth(1).unwrap().to_owned(),
        )
    };
    table.lines().skip(1).map(row).collect()
}

/// One recording, 16 kHz mono.
pub(crate) fn sample(name: &str) -> Vec<i16> {
    let mut reader =
        hound::WavReader::open(fixtures().join("samples").join(name)).expect("the sample is there");
    assert_eq!(reader.spec().sample_rate, 16_000, "{name} is not at 16 kHz");
    reader.samples::<i16>().map(Result::unwrap).collect()
}

/// A prompt of Debian's `asterisk-core-sounds-en-wav`, 8 kHz mono.
pub(crate) fn prompt(name: &str) -> Vec<i16> {
    let file = format!("/usr/share/asterisk/sounds/en_US_f_Allison/{name}.wav");
    let mut reader =
        hound::WavReader::open(file).expect("asterisk-core-sounds-en-wav is installed");
    assert_eq!(reader.spec().sample_rate, 8_000, "{name} is not at 8 kHz");
    reader.samples::<i16>().map(Result::unwrap).collect()
}

/// (text, samples at 16 kHz) of every prompt of six words or more in Debian's `asterisk-core-sounds-en-wav`: one human
/// speaker in the telephone band.
pub(crate) fn human_sentences() -> Vec<(String, Vec<i16>)> {
    human_prompts(6..=usize::MAX)
}

/// The same of so many words.
pub(crate) fn human_prompts(words: std::ops::RangeInclusive<usize>) -> Vec<(String, Vec<i16>)> {
    let list = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz";
    let list = std::fs::File::open(list).expect("asterisk-core-sounds-en is installed");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(list), &mut text)
        .expect("the list of prompts is text");
    let prompts = text.lines().filter_map(|line| line.split_once(": "));
    let sentences = prompts.filter(|(_, text)| {
        words.contains(&text.split_whitespace().count()) && !text.contains(['[', '*', '<'])
    });
    let spoken = sentences.filter_map(|(name, text)| {
        let file = format!("/usr/share/asterisk/sounds/en_US_f_Allison/{name}.wav");
        let mut reader = hound::WavReader::open(file).ok()?;
        let samples: Vec<f32> = reader
            .samples::<i16>()
            .map(|s| f32::from(s.unwrap()))
            .collect();
        (samples.len() < 15 * 8000).then(|| (text.to_owned(), doubled(&samples)))
    });
    spoken.collect()
}

/// 8 kHz to 16 kHz.
fn doubled(samples: &[f32]) -> Vec<i16> {
    resampler::resample(samples, 8_000, 16_000)
        .into_iter()
        .map(|s| s.clamp(-32_768.0, 32_767.0) as i16)
        .collect()
}

/// As whisper wants it.
pub(crate) fn floats(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&s| f32::from(s) / 32_768.0).collect()
}

pub(crate) fn silence(seconds: f32) -> Vec<i16> {
    vec![0; (seconds * 16_000.0) as usize]
}

/// Uniform white noise of the given RMS level; the same one every time.
pub(crate) fn white_noise(level_db: f32, seconds: f32) -> Vec<i16> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let amplitude = 10_f32.powf(level_db / 20.0) * 3_f32.sqrt() * 32_767.0;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..(seconds * 16_000.0) as usize)
        .map(|_| (next() * amplitude) as i16)
        .collect()
}

/// White noise through a cascade of one-pole filters: about -3 dB an octave.
pub(crate) fn pink_noise(level_db: f32, seconds: f32) -> Vec<i16> {
    let (mut a, mut b, mut c) = (0.0_f32, 0.0_f32, 0.0_f32);
    let pink: Vec<f32> = white_noise(-20.0, seconds)
        .into_iter()
        .map(|w| {
            let w = f32::from(w);
            a = 0.997 * a + 0.029 * w;
            b = 0.963 * b + 0.075 * w;
            c = 0.570 * c + 0.380 * w;
            a + b + c + 0.18 * w
        })
        .collect();
    at_level(&pink, level_db)
}

/// Pure tones together.
pub(crate) fn tones(frequencies_hz: &[f32], level_db: f32, seconds: f32) -> Vec<i16> {
    let at = |i: usize| -> f32 {
        frequencies_hz
            .iter()
            .map(|hz| (TAU * hz * i as f32 / 16_000.0).sin())
            .sum()
    };
    at_level(
        &(0..(seconds * 16_000.0) as usize)
            .map(at)
            .collect::<Vec<_>>(),
        level_db,
    )
}

/// A slow progression of chords with overtones, as music on hold has.
pub(crate) fn chords(level_db: f32, seconds: f32) -> Vec<i16> {
    let roots = [261.6_f32, 220.0, 174.6, 196.0];
    let at = |i: usize| -> f32 {
        let t = i as f32 / 16_000.0;
        let root = roots[(t / 0.5) as usize % roots.len()];
        let decay = (-(t % 0.5) * 3.0).exp();
        let note = |ratio: f32| -> f32 {
            (1..5)
                .map(|k| (TAU * root * ratio * k as f32 * t).sin() / k as f32)
                .sum()
        };
        decay * (note(1.0) + note(1.26) + note(1.498))
    };
    at_level(
        &(0..(seconds * 16_000.0) as usize)
            .map(at)
            .collect::<Vec<_>>(),
        level_db,
    )
}

fn at_level(samples: &[f32], level_db: f32) -> Vec<i16> {
    let rms = (samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32).sqrt();
    let gain = 10_f32.powf(level_db / 20.0) * 32_767.0 / rms;
    samples
        .iter()
        .map(|s| (s * gain).clamp(-32_767.0, 32_767.0) as i16)
        .collect()
}
