//! Text to speech for all calls: a bounded pool of engines and a cache.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use language::speakable;
use tokio::sync::Semaphore;

use super::cache::SpeechCache;
use super::engine::Engine;
use super::fallback::Fallback;
use super::remote::RemoteVoice;
use super::{RemoteTtsConfig, Speech};
#[cfg(feature = "test-support")]
use crate::test_support::ScriptedVoice;

/// Where the voice comes from.
#[derive(Debug, Clone)]
pub enum Provider {
    /// flite as a child process, with a voice of `flite -lv`.
    Flite {
        /// The voice's name; `slt` unless given.
        voice: Option<String>,
    },
    /// espeak-ng as a child process, with a voice of `espeak-ng --voices`.
    Espeak {
        /// The voice's name; `en-us` unless given.
        voice: Option<String>,
    },
    /// A server with OpenAI's interface.
    Remote(RemoteTtsConfig),
    /// A script.
    #[cfg(feature = "test-support")]
    Scripted(ScriptedVoice),
}

/// An engine as a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalVoice {
    /// flite.
    Flite,
    /// espeak-ng.
    Espeak,
}

impl Provider {
    /// The same, with a flite voice of this name unless one was named.
    #[must_use]
    pub fn or_voice(self, name: &str) -> Self {
        match self {
            Self::Flite { voice: None } => Self::Flite {
                voice: Some(name.to_owned()),
            },
            named => named,
        }
    }
}

/// How the voice is made.
#[derive(Debug, Clone)]
pub struct TtsConfig {
    /// Where it comes from.
    pub provider: Provider,
    /// Who speaks where that is a server and fails.
    pub fallback: Option<LocalVoice>,
    /// Sentences synthesised at once. Further ones wait for their turn within the time limit.
    pub concurrency: usize,
    /// The longest for one sentence, waiting included.
    pub timeout: Duration,
    /// Sound kept for sentences said before, bytes; a second has 48,000.
    pub cache_bytes: usize,
}

impl TtsConfig {
    /// Defaults that suit two cores: four at once, 5 s, six minutes of sound.
    pub fn new(provider: Provider) -> Self {
        Self {
            provider,
            fallback: None,
            concurrency: 4,
            timeout: Duration::from_secs(5),
            cache_bytes: 16 << 20,
        }
    }
}

/// The voice of all calls; cheap to clone.
#[derive(Clone)]
pub struct Tts {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    permits: Semaphore,
    timeout: Duration,
    cache: Mutex<SpeechCache>,
}

enum Source {
    Child(Engine),
    Remote(Box<RemoteVoice>, Option<Fallback>),
    #[cfg(feature = "test-support")]
    Scripted(ScriptedVoice),
}

impl Tts {
    /// A voice; nothing is started yet.
    pub fn new(config: &TtsConfig) -> Self {
        let source = match &config.provider {
            Provider::Flite { voice } => Source::Child(Engine::flite(voice.as_deref())),
            Provider::Espeak { voice } => Source::Child(Engine::espeak(voice.as_deref())),
            Provider::Remote(remote) => {
                let fallback = config
                    .fallback
                    .map(|voice| Fallback::new(voice, config.timeout / 2));
                Source::Remote(Box::new(RemoteVoice::new(remote)), fallback)
            }
            #[cfg(feature = "test-support")]
            Provider::Scripted(script) => Source::Scripted(script.clone()),
        };
        let shared = Shared {
            source,
            permits: Semaphore::new(config.concurrency.max(1)),
            timeout: config.timeout,
            cache: Mutex::new(SpeechCache::new(config.cache_bytes)),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Speaks a text, made speakable first. A text without anything to say gives an empty speech.
    ///
    /// # Errors
    /// When no engine is installed, it fails, or it takes too long.
    pub async fn synthesize(&self, text: &str) -> Result<Arc<Speech>, TtsError> {
        let text = speakable(text);
        if !text.contains(char::is_alphanumeric) {
            return Ok(Arc::default());
        }
        if let Some(speech) = self.cache(|cache| cache.get(&text)) {
            return Ok(speech);
        }
        let timeout = self.shared.timeout;
        let speech = tokio::time::timeout(timeout, self.speak(&text))
            .await
            .map_err(|_| TtsError::TimedOut(timeout))??;
        let speech = Arc::new(speech);
        // The first voice says it as soon as it can again.
        if !speech.fallback {
            self.cache(|cache| cache.insert(text, speech.clone()));
        }
        Ok(speech)
    }

    /// Synthesises fixed sentences ahead of the first call. Failures are logged: the call will try again.
    pub async fn warm(&self, sentences: &[String]) {
        for sentence in sentences {
            if let Err(error) = self.synthesize(sentence).await {
                tracing::warn!(%error, "a fixed sentence could not be synthesised ahead");
            }
        }
    }

    async fn speak(&self, text: &str) -> Result<Speech, TtsError> {
        // Bounded: the permits are the number of children at a time.
        let Ok(_permit) = self.shared.permits.acquire().await else {
            return Err(TtsError::Remote("the voice has stopped"));
        };
        match &self.shared.source {
            Source::Remote(remote, None) => remote.speak(text).await,
            Source::Remote(remote, Some(fallback)) => fallback.speak(remote, text).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.speak(text).await,
            Source::Child(engine) => engine.speak_or_other(text).await,
        }
    }

    fn cache<T>(&self, with: impl FnOnce(&mut SpeechCache) -> T) -> T {
        with(
            &mut self
                .shared
                .cache
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// Why a text was not spoken. None of them repeats the text.
#[derive(Debug, thiserror::Error)]
pub enum TtsError {
    /// This engine is not installed.
    #[error("{engine} is not installed")]
    Missing {
        /// The program.
        engine: &'static str,
    },
    /// Neither engine is.
    #[error(
        "no voice: neither flite nor espeak-ng is installed (Debian: apt install flite espeak-ng)"
    )]
    NoEngine,
    /// The engine ran and failed.
    #[error("{engine} failed: {reason}")]
    Engine {
        /// The program.
        engine: &'static str,
        /// Its exit status or the system's reason.
        reason: String,
    },
    /// The server failed.
    #[error("the text-to-speech server failed: {0}")]
    Remote(&'static str),
    /// It took too long.
    #[error("no speech within {0:?}")]
    TimedOut(Duration),
}

#[cfg(test)]
mod tests;
