//! Whisper's tiny.en, as the product hears: one thread a sentence, greedy, nothing carried over.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use crate::plan::RATE_HZ;

/// Encoder positions beyond a sentence's own, one for each 320 samples: with fewer, tiny.en falls into loops.
const MARGIN: usize = 256;
/// All the model has.
const MOST_CONTEXT: usize = 1_500;
/// Quieter than this at its loudest is silence; the model would invent words for it.
const SILENT: u16 = 200;
/// What the model says to noise when it hears no words.
const INVENTIONS: [&str; 3] = ["you", "thank you", "thanks for watching"];

/// The weights.
pub(super) struct Hearing(WhisperContext);

/// One thread's part of it.
pub(super) struct Ear {
    state: WhisperState,
    params: FullParams<'static, 'static>,
}

impl Hearing {
    /// Loads `WHISPER_MODEL`, or what `scripts/model` made.
    pub(super) fn load() -> anyhow::Result<Self> {
        whisper_rs::install_logging_hooks();
        let path = std::env::var_os("WHISPER_MODEL").map_or_else(
            || {
                let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
                root.join("models/ggml-tiny.en-q8_0.bin")
            },
            PathBuf::from,
        );
        ensure!(
            path.exists(),
            "{} is missing: scripts/model makes it",
            path.display()
        );
        let context = WhisperContext::new_with_params(&path, WhisperContextParameters::default());
        Ok(Self(
            context.with_context(|| format!("{}", path.display()))?,
        ))
    }

    pub(super) fn ear(&self) -> anyhow::Result<Ear> {
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(1);
        params.set_language(Some("en"));
        params.set_no_context(true);
        params.set_single_segment(true);
        params.set_no_timestamps(true);
        // No second try at a higher temperature: the same audio gives the same text.
        params.set_temperature(0.0);
        params.set_temperature_inc(0.0);
        params.set_suppress_blank(true);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        Ok(Ear {
            state: self.0.create_state()?,
            params,
        })
    }
}

impl Ear {
    /// What is said in a piece at [`RATE_HZ`] of at most 30 s.
    pub(super) fn transcribe(&mut self, samples: &[i16]) -> anyhow::Result<String> {
        let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
        if loudest.unwrap_or(0) < SILENT {
            return Ok(String::new());
        }
        let samples: Vec<f32> = samples.iter().map(|&s| f32::from(s) / 32_768.0).collect();
        let seconds = samples.len() / RATE_HZ as usize;
        let mut params = self.params.clone();
        let context = (samples.len().div_ceil(320) + MARGIN).min(MOST_CONTEXT);
        params.set_audio_ctx(context as i32);
        // A lost model repeats itself to the end of its memory; speech has about five tokens a second.
        params.set_max_tokens(16 + 12 * seconds as i32);
        self.state.full(params, &samples)?;
        let mut text = String::new();
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy()?);
        }
        Ok(clean(&text))
    }
}

/// Without labels of noise, inventions and loops.
fn clean(text: &str) -> String {
    let mut spoken = String::new();
    let mut rest = text;
    while let Some(open) = rest.find(['[', '(']) {
        spoken.push_str(&rest[..open]);
        spoken.push(' ');
        // A label that never closes reaches to the end.
        rest = rest[open..]
            .find([']', ')'])
            .map_or("", |close| &rest[open + close + 1..]);
    }
    spoken.push_str(rest);
    let words: Vec<&str> = spoken.split_whitespace().collect();
    let text = without_loop(&words).join(" ");
    let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
    if INVENTIONS
        .iter()
        .any(|invention| bare.eq_ignore_ascii_case(invention))
    {
        return String::new();
    }
    text
}

/// Cut after the first round of a phrase said more than three times on end; nobody in the recordings does.
fn without_loop<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    for start in 0..words.len() {
        for length in 1..=(words.len() - start) / 4 {
            let phrase = &words[start..start + length];
            let rounds = words[start..].chunks(length);
            if rounds.take_while(|round| *round == phrase).count() > 3 {
                return &words[..start + length];
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_inventions_and_loops_go_and_words_stay() {
        let round = "and then ".repeat(30);
        let cases = [
            (" Please press one.", "Please press one."),
            ("[BLANK_AUDIO]", ""),
            (" (water running)", ""),
            ("( ( ( (", ""),
            (" You", ""),
            ("Thank you.", ""),
            ("Press one [beep] now", "Press one now"),
            ("Press one (music", "Press one"),
            (
                &format!("I lost my card {round}"),
                "I lost my card and then",
            ),
            ("one one two", "one one two"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(clean(text), expected, "from {text:?}");
        }
    }
}
