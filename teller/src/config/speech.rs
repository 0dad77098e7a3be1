//! What the agent hears and speaks with.

use std::{num::NonZeroUsize, path::PathBuf};

use voice::{
    listen::{LocalStt, RemoteSttConfig, SttConfig},
    speak::{KeptConfig, LocalVoice, NeuralConfig, NeuralVoice, Provider, RemoteTtsConfig},
};

use super::Reader;

pub(super) fn stt(env: &mut Reader) -> SttConfig {
    let model = env.path("WHISPER_MODEL", "models/ggml-tiny.en-q8_0.bin");
    let threads = env.number("WHISPER_THREADS", 2, 1..=64);
    let base_url = env.url("STT_BASE_URL", &["http", "https"]);
    let api_key = env.secret("STT_API_KEY").unwrap_or_default();
    let name = env.text("STT_MODEL", "whisper-1");
    let fallback = env.choice("STT_FALLBACK", "none", &["none", "whisper"]);
    let local = LocalStt { model, threads };
    match base_url {
        Some(base_url) => SttConfig::Remote {
            server: RemoteSttConfig {
                base_url,
                api_key,
                model: name,
                timeout: RemoteSttConfig::TIMEOUT,
            },
            fallback: (fallback == "whisper").then_some(local),
        },
        None => SttConfig::Whisper(local),
    }
}

pub(super) fn tts(env: &mut Reader) -> Provider {
    let engine = env.choice(
        "TTS_ENGINE",
        "flite",
        &["flite", "espeak-ng", "piper", "kokoro", "openai"],
    );
    let voice = env.optional("TTS_VOICE");
    let base_url = env.url("TTS_BASE_URL", &["http", "https"]);
    let api_key = env.secret("TTS_API_KEY").unwrap_or_default();
    let model = env.text("TTS_MODEL", "tts-1");
    let network = Network::read(env);
    match engine.as_str() {
        "openai" => Provider::Remote(RemoteTtsConfig {
            base_url: base_url.unwrap_or_else(|| {
                env.missing("TTS_BASE_URL", "http(s)://host/v1, as TTS_ENGINE is openai");
                String::new()
            }),
            api_key,
            model,
            voice: voice.unwrap_or_else(|| "alloy".into()),
        }),
        "piper" => {
            let file = voice.unwrap_or_else(|| JOE.to_owned());
            if !file.ends_with(".onnx") {
                env.refuse(
                    "TTS_VOICE",
                    &file,
                    "a Piper voice's file that ends with .onnx, as TTS_ENGINE is piper",
                );
            }
            network.provider(|_| NeuralVoice::Piper(file.into()))
        }
        "kokoro" => network.provider(|folder| NeuralVoice::Kokoro { folder, voice }),
        "espeak-ng" => Provider::Espeak { voice },
        _ => Provider::Flite { voice },
    }
}

pub(super) fn tts_fallback(env: &mut Reader) -> Option<LocalVoice> {
    let engine = env.choice("TTS_FALLBACK", "flite", &["flite", "espeak-ng", "none"]);
    match engine.as_str() {
        "flite" => Some(LocalVoice::Flite),
        "espeak-ng" => Some(LocalVoice::Espeak),
        _ => None,
    }
}

/// The voice that `scripts/model piper` fetches.
const JOE: &str = "models/piper/en_US-joe-medium.onnx";

/// What voices that are networks need beside themselves.
pub(crate) struct Network {
    library: PathBuf,
    kokoro: PathBuf,
    threads: Option<NonZeroUsize>,
}

impl Network {
    pub(crate) fn read(env: &mut Reader) -> Self {
        // 0 leaves it to the machine.
        let threads = env.number("TTS_THREADS", 0, 0..=16);
        Self {
            library: env.path("ONNXRUNTIME", "models/onnxruntime/libonnxruntime.so"),
            kokoro: env.path("KOKORO_MODEL", "models/kokoro"),
            threads: NonZeroUsize::new(threads),
        }
    }

    /// A voice, which may need Kokoro's folder.
    pub(crate) fn provider(self, voice: impl FnOnce(PathBuf) -> NeuralVoice) -> Provider {
        Provider::Neural(NeuralConfig {
            library: self.library,
            voice: voice(self.kokoro),
            threads: self.threads,
        })
    }

    /// The Piper voice in this file, or the one that is fetched.
    #[cfg(feature = "test-caller")]
    pub(crate) fn piper(self, file: Option<&str>) -> Provider {
        let file = file.unwrap_or(JOE).into();
        self.provider(|_| NeuralVoice::Piper(file))
    }
}

/// Where sentences that are known are kept; `None` for "off".
pub(crate) fn kept(env: &mut Reader) -> Option<KeptConfig> {
    let folder = env.path("SPEECH_CACHE", ".data/speech");
    let megabytes: u64 = env.number("SPEECH_CACHE_MB", 1_000, 1..=1_000_000);
    (folder.as_os_str() != "off").then_some(KeptConfig {
        folder,
        most_bytes: megabytes << 20,
    })
}
