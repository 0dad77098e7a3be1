//! Where one word ends and the next begins, found by machine: whisper's alignment of its words with the sound, then the
//! quietest 10 ms near that.

use std::path::Path;

use whisper_rs::{
    DtwMode, DtwModelPreset, DtwParameters, FullParams, SamplingStrategy, WhisperContext,
    WhisperContextParameters, WhisperState,
};

use crate::prompts::{Prompt, energy};

/// Around a border that the alignment found, samples.
const NEAR: usize = 1280;
const FRAME: usize = 160;
/// Words that are cut off.
const CUT_WORDS: [usize; 3] = [1, 2, 3];
/// Fewer are no beginning of a sentence.
const KEPT_WORDS: usize = 2;

/// A sentence without its last words.
pub(crate) struct Cut {
    pub(crate) samples: Vec<i16>,
    pub(crate) text: String,
}

/// Aligns words with sound.
pub(crate) struct BorderFinder {
    state: WhisperState,
}

impl BorderFinder {
    pub(crate) fn new(model: &Path) -> Self {
        whisper_rs::install_logging_hooks();
        let parameters = WhisperContextParameters {
            dtw_parameters: DtwParameters {
                mode: DtwMode::ModelPreset {
                    model_preset: DtwModelPreset::TinyEn,
                },
                ..DtwParameters::default()
            },
            ..WhisperContextParameters::default()
        };
        let context = WhisperContext::new_with_params(model, parameters).unwrap();
        let state = context.create_state().unwrap();
        Self { state }
    }

    /// Each word with the sample at which it ends.
    pub(crate) fn words(&mut self, samples: &[i16]) -> Vec<(String, usize)> {
        let mut sound: Vec<f32> = samples
            .iter()
            .map(|sample| f32::from(*sample) / 32_768.0)
            .collect();
        sound.resize(sound.len().max(16_000), 0.0);
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(1);
        // As much as the sound is long, and some more: whisper's own thirty seconds cost three times as much.
        params.set_audio_ctx(i32::try_from(sound.len() / 320 + 256).unwrap().min(1500));
        params.set_language(Some("en"));
        params.set_no_context(true);
        params.set_single_segment(true);
        params.set_no_timestamps(true);
        params.set_temperature_inc(0.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        self.state.full(params, &sound).unwrap();
        let mut words: Vec<(String, usize)> = Vec::new();
        for segment in self.state.as_iter() {
            for at in 0..segment.n_tokens() {
                let token = segment.get_token(at).unwrap();
                let text = token.to_str_lossy().unwrap().into_owned();
                // A token's time is that at which the next one begins, in 10 ms.
                let end = usize::try_from(token.token_data().t_dtw).unwrap_or(0) * FRAME;
                if text.starts_with("[_") {
                    continue;
                }
                match words.last_mut() {
                    Some((word, last)) if !text.starts_with(' ') => {
                        word.push_str(&text);
                        // Marks are silent.
                        if text.chars().any(char::is_alphanumeric) {
                            *last = end;
                        }
                    }
                    _ => words.push((text.trim().to_owned(), end)),
                }
            }
        }
        words
    }
}

/// The sentence without its last word, its last two and its last three; not where a sentence ends within it.
pub(crate) fn cuts(prompt: &Prompt, words: &[(String, usize)]) -> Vec<Cut> {
    // Where whisper heard much else, its borders are of other words.
    let written = prompt.text.split_whitespace().count();
    if words.len().abs_diff(written) > (written / 5).max(2) {
        return Vec::new();
    }
    let cut = |count: usize| {
        let kept = words.len().checked_sub(count)?;
        let kept = words.get(..kept).filter(|kept| kept.len() >= KEPT_WORDS)?;
        let (word, end) = kept.last()?;
        if word.ends_with(['.', '!', '?']) {
            return None;
        }
        let border = quietest(&prompt.samples, *end)?;
        let mut samples = prompt.samples[..border].to_vec();
        // No click.
        let fade = samples.len().saturating_sub(FRAME);
        for (at, sample) in samples[fade..].iter_mut().enumerate() {
            *sample = (f32::from(*sample) * (1.0 - at as f32 / FRAME as f32)) as i16;
        }
        let text = joined(kept);
        Some(Cut { samples, text })
    };
    CUT_WORDS.into_iter().filter_map(cut).collect()
}

/// The words as a text.
pub(crate) fn joined(words: &[(String, usize)]) -> String {
    let words: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    words.join(" ")
}

/// The middle of the quietest 10 ms near a place.
fn quietest(samples: &[i16], place: usize) -> Option<usize> {
    let last = (place + NEAR).min(samples.len()).checked_sub(FRAME)?;
    let places = (place.saturating_sub(NEAR)..last).step_by(FRAME / 2);
    let best = places.min_by(|a, b| {
        let at = |place: &usize| energy(&samples[*place..place + FRAME]);
        at(a).total_cmp(&at(b))
    })?;
    Some(best + FRAME / 2)
}
