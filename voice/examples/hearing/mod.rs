//! Voices and an ear, for measurements of what is understood of what is said.

use std::path::PathBuf;

use voice::speak::{NeuralConfig, NeuralVoice, Provider, SPEECH_RATE_HZ, Speech, TtsConfig};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

const HEARD_HZ: u32 = 16_000;
const MARGIN: usize = 512;

/// Whisper, as it hears one sentence after the other.
pub(crate) struct Ear(WhisperState);

impl Ear {
    pub(crate) fn open(model: &str) -> Self {
        whisper_rs::install_logging_hooks();
        let context =
            WhisperContext::new_with_params(model, WhisperContextParameters::default()).unwrap();
        Self(context.create_state().unwrap())
    }

    pub(crate) fn transcribe(&mut self, sound: &[f32]) -> String {
        self.0.full(parameters(sound.len()), sound).unwrap();
        let segments = (0..self.0.full_n_segments()).filter_map(|at| self.0.get_segment(at));
        segments
            .filter_map(|segment| segment.to_str_lossy().ok().map(|text| text.into_owned()))
            .collect()
    }
}

pub(crate) fn config(engine: &str) -> TtsConfig {
    let models = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models"));
    let network = |voice| {
        Provider::Neural(NeuralConfig {
            library: models.join("onnxruntime/libonnxruntime.so"),
            voice,
            threads: std::num::NonZeroUsize::new(1),
        })
    };
    let provider = match engine {
        "flite" => Provider::Flite { voice: None },
        "espeak-ng" => Provider::Espeak { voice: None },
        "kokoro" => network(NeuralVoice::Kokoro {
            folder: models.join("kokoro"),
            voice: None,
        }),
        _ => network(NeuralVoice::Piper(
            models.join("piper/en_US-joe-medium.onnx"),
        )),
    };
    TtsConfig {
        timeout: std::time::Duration::from_secs(600),
        // Nothing is said twice from memory.
        cache_bytes: 0,
        ..TtsConfig::new(provider)
    }
}

/// As a line carries it.
pub(crate) fn heard(speech: &Speech) -> Vec<f32> {
    let floats: Vec<f32> = speech
        .samples
        .iter()
        .map(|s| f32::from(*s) / 32_768.0)
        .collect();
    let silence = vec![0.0; HEARD_HZ as usize / 4];
    [
        silence.clone(),
        resampler::resample(&floats, SPEECH_RATE_HZ, HEARD_HZ),
        silence,
    ]
    .concat()
}

fn parameters<'a>(samples: usize) -> FullParams<'a, 'a> {
    let mut parameters = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    parameters.set_n_threads(1);
    parameters.set_language(Some("en"));
    parameters.set_audio_ctx(i32::try_from((samples.div_ceil(320) + MARGIN).min(1_500)).unwrap());
    parameters.set_no_context(true);
    parameters.set_single_segment(true);
    parameters.set_no_timestamps(true);
    parameters.set_temperature(0.0);
    parameters.set_temperature_inc(0.0);
    parameters.set_max_tokens(i32::try_from(samples / HEARD_HZ as usize * 8 + 24).unwrap());
    parameters.set_print_progress(false);
    parameters.set_print_realtime(false);
    parameters.set_print_timestamps(false);
    parameters
}

/// Words as they are said, without marks: "24" and "twenty-four" are the same.
pub(crate) fn plain(text: &str) -> Vec<String> {
    let spoken = language::speakable(text).to_lowercase().replace('-', " ");
    let kept = |c: &char| c.is_alphanumeric() || c.is_whitespace();
    let spoken: String = spoken.chars().filter(kept).collect();
    spoken.split_whitespace().map(str::to_owned).collect()
}

pub(crate) fn distance(said: &[String], heard: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (at, word) in said.iter().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (column, other) in heard.iter().enumerate() {
            let change = before + usize::from(word != other);
            before = row[column + 1];
            row[column + 1] = change.min(before + 1).min(row[column] + 1);
        }
    }
    row[heard.len()]
}
