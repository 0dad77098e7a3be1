//! What the agent hears and speaks with.

use voice::{
    listen::{LocalStt, RemoteSttConfig, SttConfig},
    speak::{LocalVoice, Provider, RemoteTtsConfig},
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
    let engine = env.choice("TTS_ENGINE", "flite", &["flite", "espeak-ng", "openai"]);
    let voice = env.optional("TTS_VOICE");
    let base_url = env.url("TTS_BASE_URL", &["http", "https"]);
    let api_key = env.secret("TTS_API_KEY").unwrap_or_default();
    let model = env.text("TTS_MODEL", "tts-1");
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
