//! The voice of all calls: opened before the first, and what is known beforehand voiced in the background.

use std::collections::BTreeSet;

use ::voice::speak::{NeuralVoice, OpenError, Provider, Tts, TtsConfig};
use anyhow::Context as _;
use knowledge::{Lines, Pack};

use crate::config::Config;

/// What is set, or else the pack's. A network is loaded here and tried.
///
/// # Errors
/// Which setting names what cannot be used, and what it should be.
pub(super) async fn open(config: &Config, pack: &Pack) -> anyhow::Result<Tts> {
    let provider = config.tts.clone().or_voice(&pack.settings.voice.name);
    if let Provider::Neural(neural) = &provider
        && matches!(neural.voice, NeuralVoice::Kokoro { .. })
    {
        tracing::warn!(
            "TTS_ENGINE is kokoro: a sentence that was not voiced beforehand takes about half as long to make as to say, seconds of silence in a call"
        );
    }
    let settings = TtsConfig {
        fallback: config.tts_fallback,
        pronunciations: pack.pronunciations.clone(),
        kept: config.speech_cache.clone(),
        ..TtsConfig::new(provider.clone())
    };
    let opening = tokio::task::spawn_blocking(move || Tts::open(&settings));
    let tts = opening.await?.map_err(|error| refusal(&provider, &error))?;
    tracing::info!(voice = provider.name(), "this voice speaks");
    Ok(tts)
}

/// The setting that is wrong, its value, what it should be, and the reason.
pub(crate) fn refusal(provider: &Provider, error: &OpenError) -> anyhow::Error {
    let engine = match provider {
        Provider::Neural(neural) => neural.voice.engine(),
        _ => "another",
    };
    let (key, value, form) = match error {
        OpenError::Library { path, .. } => (
            "ONNXRUNTIME",
            path.display().to_string(),
            "the file libonnxruntime.so of ONNX Runtime 1.17 or newer (scripts/model onnxruntime fetches it)".to_owned(),
        ),
        OpenError::Folder { path, .. } => (
            "SPEECH_CACHE",
            path.display().to_string(),
            "a folder that can be written to, or \"off\"".to_owned(),
        ),
        OpenError::Espeak { .. } | OpenError::Thread(_) => (
            "TTS_ENGINE",
            engine.to_owned(),
            format!("flite where espeak-ng, which {engine} needs, does not serve"),
        ),
        OpenError::Voice { .. } => match provider {
            Provider::Neural(neural) => match &neural.voice {
                NeuralVoice::Piper(file) => (
                    "TTS_VOICE",
                    file.display().to_string(),
                    "a Piper voice's .onnx file with its .onnx.json beside it (scripts/model piper fetches one)".to_owned(),
                ),
                NeuralVoice::Kokoro { folder, .. } => (
                    "KOKORO_MODEL",
                    folder.display().to_string(),
                    format!("the folder that scripts/model kokoro fetches, with TTS_VOICE one of its voices, not `{}`", neural.voice.name()),
                ),
            },
            _ => ("TTS_ENGINE", engine.to_owned(), "flite".to_owned()),
        },
    };
    anyhow::anyhow!("{key} is `{value}`; it should be {form}: {error}")
}

/// Fixed sentences first, the greeting first of them; then what a call may be told of the pack's documents.
pub(super) async fn voice_ahead(tts: Tts, pack: Pack) {
    let fixed = fixed(&pack.settings.lines);
    let more = tokio::task::spawn_blocking(move || known(&pack)).await;
    let more = more
        .context("listing the pack's sentences")
        .unwrap_or_else(|error| {
            tracing::error!(%error, "the pack's sentences are not voiced ahead");
            Vec::new()
        });
    let ahead = tts.voice_ahead(&fixed, &more).await;
    let (there, voiced, left) = (ahead.there, ahead.voiced, ahead.failed);
    tracing::info!(there, voiced, left, "sentences that are known are voiced");
}

fn fixed(lines: &Lines) -> Vec<String> {
    let first = [
        &lines.disclosure,
        &lines.greeting,
        &lines.welcome_back,
        &lines.still_there,
        &lines.goodbye,
    ];
    let fixed = first
        .into_iter()
        .chain(&lines.did_not_catch)
        .chain([
            &lines.technical_problem,
            &lines.silence_goodbye,
            &lines.service_goodbye,
        ])
        .chain(&lines.out_of_scope)
        .chain(&lines.unclear);
    let whole = |line: &&String| !line.contains('{');
    fixed.filter(whole).cloned().collect()
}

/// Each once, in the pack's order: answers to small talk, and the documents' sentences as answers are cut from them.
fn known(pack: &Pack) -> Vec<String> {
    let small_talk = pack
        .small_talk
        .iter()
        .flat_map(|talk| talk.answers.iter().cloned());
    let documents = pack.documents.iter().flat_map(knowledge::chunks);
    let documents = documents.flat_map(|chunk| knowledge::sentences(&chunk.text));
    let mut seen = BTreeSet::new();
    small_talk
        .chain(documents)
        .filter(|sentence| !sentence.contains('{') && seen.insert(sentence.clone()))
        .collect()
}
