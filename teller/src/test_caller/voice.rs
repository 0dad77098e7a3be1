//! The voice that a test caller speaks with.

use std::{fmt, str::FromStr, sync::Arc};

use anyhow::Context as _;
use tokio::sync::OnceCell;

use ::voice::speak::{NeuralVoice, Provider, Speech, Tts, TtsConfig};

use crate::config::{Reader, speech};

/// `flite:rms`, `kokoro`, `kokoro:am_michael`: an engine and a voice of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceName {
    engine: Engine,
    voice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Flite,
    Espeak,
    Piper,
    Kokoro,
}

impl FromStr for VoiceName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (engine, voice) = match text.split_once(':') {
            Some((engine, voice)) => (engine, Some(voice).filter(|voice| !voice.is_empty())),
            None => (text, None),
        };
        let engine = match engine {
            "flite" => Engine::Flite,
            "espeak-ng" => Engine::Espeak,
            "piper" => Engine::Piper,
            "kokoro" => Engine::Kokoro,
            _ => {
                return Err(
                    "flite, espeak-ng, piper or kokoro, with :VOICE where another than its first is wanted",
                );
            }
        };
        Ok(Self {
            engine,
            voice: voice.map(str::to_owned),
        })
    }
}

/// What says a caller's sentences. A network is loaded when the first sentence needs it that was not said before: those
/// are kept in the folder SPEECH_CACHE.
pub(super) struct CallerVoice {
    config: TtsConfig,
    tts: OnceCell<Tts>,
}

impl fmt::Debug for CallerVoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallerVoice")
            .field(&self.config.provider.name())
            .finish()
    }
}

impl CallerVoice {
    /// By its name, with what the environment says of networks.
    pub(super) fn new(name: VoiceName, env: &mut Reader) -> Self {
        let VoiceName { engine, voice } = name;
        let network = speech::Network::read(env);
        let provider = match engine {
            Engine::Flite => Provider::Flite {
                voice: Some(voice.unwrap_or_else(|| "rms".to_owned())),
            },
            Engine::Espeak => Provider::Espeak { voice },
            Engine::Piper => network.piper(voice.as_deref()),
            Engine::Kokoro => network.provider(|folder| NeuralVoice::Kokoro { folder, voice }),
        };
        // What flite says is made quicker than it is read.
        let is_network = matches!(provider, Provider::Neural(_));
        let kept = speech::kept(env).filter(|_| is_network);
        Self {
            config: TtsConfig {
                kept,
                ..TtsConfig::new(provider)
            },
            tts: OnceCell::new(),
        }
    }

    /// Says a text.
    ///
    /// # Errors
    /// When the voice cannot be used.
    pub(super) async fn say(&self, text: &str) -> anyhow::Result<Arc<Speech>> {
        let refused = |error| crate::serve::voice::refusal(&self.config.provider, &error);
        if self.tts.get().is_none()
            && let Some(speech) = Tts::kept(&self.config, text).map_err(refused)?
        {
            return Ok(speech);
        }
        let open = || async {
            let config = self.config.clone();
            let opened = tokio::task::spawn_blocking(move || Tts::open(&config)).await;
            opened.context("the voice broke off")?.map_err(refused)
        };
        let tts = self.tts.get_or_try_init(open).await?;
        let said = tts.synthesize_and_keep(text).await;
        said.with_context(|| {
            format!(
                "{} cannot speak; scripts/setup installs flite",
                self.config.provider.name()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_an_engine_and_a_name() {
        let name = |engine, voice: Option<&str>| {
            Ok(VoiceName {
                engine,
                voice: voice.map(str::to_owned),
            })
        };
        assert_eq!("kokoro".parse(), name(Engine::Kokoro, None));
        assert_eq!(
            "kokoro:af_heart".parse(),
            name(Engine::Kokoro, Some("af_heart"))
        );
        assert_eq!("flite:".parse(), name(Engine::Flite, None));
        assert_eq!(
            "piper:/a/b.onnx".parse(),
            name(Engine::Piper, Some("/a/b.onnx"))
        );
        assert!("parrot".parse::<VoiceName>().is_err());
    }
}
