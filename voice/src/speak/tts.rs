//! Text to speech for all calls: a bounded pool of engines, a cache, and what was voiced before.

mod ahead;

pub use ahead::Ahead;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use language::pronunciation::{Pronunciations, SpokenPart, in_letters};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::cache::SpeechCache;
use super::engine::Engine;
use super::fallback::Fallback;
use super::kept::{Kept, KeptConfig};
use super::neural::{Neural, NeuralConfig, NeuralVoice, OpenError};
use super::remote::RemoteVoice;
use super::spoken::{Rest, Spoken};
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
    /// A network on this machine: Piper or Kokoro.
    Neural(NeuralConfig),
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

    /// Engine and voice, as people are told who speaks.
    #[must_use]
    pub fn name(&self) -> String {
        let named = |engine: &str, voice: &str| format!("{engine} {voice}");
        match self {
            Self::Flite { voice } => named("flite", voice.as_deref().unwrap_or("slt")),
            Self::Espeak { voice } => named("espeak-ng", voice.as_deref().unwrap_or("en-us")),
            Self::Neural(config) => named(config.voice.engine(), &config.voice.name()),
            Self::Remote(server) => named(&server.model, &server.voice),
            #[cfg(feature = "test-support")]
            Self::Scripted(_) => "a script".to_owned(),
        }
    }

    /// What makes two voices sound differently, for sound that is kept: the names, and of files their size and time.
    fn fingerprint(&self) -> String {
        let file = match self {
            Self::Neural(config) => config.voice.file(),
            Self::Remote(server) => return format!("{} {}", server.base_url, self.name()),
            _ => return self.name(),
        };
        let about = std::fs::metadata(&file).map(|about| (about.len(), about.modified().ok()));
        format!("{} {about:?}", self.name())
    }
}

/// How the voice is made.
#[derive(Debug, Clone)]
pub struct TtsConfig {
    /// Where it comes from.
    pub provider: Provider,
    /// Who speaks where that is a server or a network and fails.
    pub fallback: Option<LocalVoice>,
    /// How words are said that a voice would read wrongly.
    pub pronunciations: Arc<Pronunciations>,
    /// Where sentences that are known beforehand are kept; `None`: nowhere.
    pub kept: Option<KeptConfig>,
    /// Children or requests at once. Further ones wait for their turn within the time limit.
    pub concurrency: usize,
    /// The longest for one sentence, or until the next part of one, waiting included.
    pub timeout: Duration,
    /// Sound kept in memory for sentences said before, bytes; a second has 48,000.
    pub cache_bytes: usize,
}

impl TtsConfig {
    /// Defaults that suit two cores: four at once, six minutes of sound; 5 s, and 30 s for Kokoro, which needs half a
    /// second of work for each second of sound.
    pub fn new(provider: Provider) -> Self {
        let is_slow = matches!(
            &provider,
            Provider::Neural(NeuralConfig {
                voice: NeuralVoice::Kokoro { .. },
                ..
            })
        );
        Self {
            provider,
            fallback: None,
            pronunciations: Arc::default(),
            kept: None,
            concurrency: 4,
            timeout: Duration::from_secs(if is_slow { 30 } else { 5 }),
            cache_bytes: 16 << 20,
        }
    }
}

impl TtsConfig {
    /// What makes two voices sound differently, lexicon included.
    fn fingerprint(&self) -> String {
        self.provider.fingerprint() + "\n" + &self.pronunciations.fingerprint()
    }
}

/// The voice of all calls; cheap to clone.
#[derive(Clone)]
pub struct Tts {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    second: Option<Fallback>,
    pronunciations: Arc<Pronunciations>,
    permits: Semaphore,
    concurrency: usize,
    timeout: Duration,
    cache: Mutex<SpeechCache>,
    kept: Option<Arc<Kept>>,
}

enum Source {
    Child(Engine),
    Neural(Arc<Neural>),
    Remote(Box<RemoteVoice>),
    #[cfg(feature = "test-support")]
    Scripted(ScriptedVoice),
}

impl Shared {
    fn new(source: Source, kept: Option<Kept>, config: &TtsConfig) -> Self {
        let may_fail = matches!(source, Source::Neural(_) | Source::Remote(_));
        let second = config.fallback.filter(|_| may_fail);
        Self {
            source,
            second: second.map(|voice| Fallback::new(voice, config.timeout / 2)),
            pronunciations: config.pronunciations.clone(),
            permits: Semaphore::new(config.concurrency.max(1)),
            concurrency: config.concurrency.max(1),
            timeout: config.timeout,
            cache: Mutex::new(SpeechCache::new(config.cache_bytes)),
            kept: kept.map(Arc::new),
        }
    }
}

impl Tts {
    /// Opens a voice. One that is a network is loaded and tried, which takes a second or two: not for a thread that
    /// others wait for.
    ///
    /// # Errors
    /// When a network's files, its library or espeak-ng cannot be used, or the folder for what is kept.
    pub fn open(config: &TtsConfig) -> Result<Self, OpenError> {
        let source = match &config.provider {
            Provider::Flite { voice } => Source::Child(Engine::flite(voice.as_deref())),
            Provider::Espeak { voice } => Source::Child(Engine::espeak(voice.as_deref())),
            Provider::Neural(neural) => Source::Neural(Arc::new(Neural::open(neural)?)),
            Provider::Remote(remote) => Source::Remote(Box::new(RemoteVoice::new(remote))),
            #[cfg(feature = "test-support")]
            Provider::Scripted(script) => Source::Scripted(script.clone()),
        };
        let kept = config.kept.as_ref();
        let kept = kept.map(|kept| Kept::open(kept, &config.fingerprint()));
        let kept = kept.transpose()?;
        Ok(Self {
            shared: Arc::new(Shared::new(source, kept, config)),
        })
    }

    /// A sentence that an earlier voice of this configuration has kept; for a program that need not open one then.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn kept(config: &TtsConfig, text: &str) -> Result<Option<Arc<Speech>>, OpenError> {
        let Some(kept) = &config.kept else {
            return Ok(None);
        };
        let kept = Kept::open(kept, &config.fingerprint())?;
        let text = in_letters(&config.pronunciations.speakable(text));
        Ok(kept.now(&text))
    }

    /// With a network that is there.
    #[cfg(test)]
    pub(super) fn with_network(neural: Neural, config: &TtsConfig) -> Self {
        let source = Source::Neural(Arc::new(neural));
        Self {
            shared: Arc::new(Shared::new(source, None, config)),
        }
    }

    /// Begins to speak a text, made speakable first: its sound, or the beginning of it as soon as there is some. A text
    /// without anything to say gives an empty speech.
    ///
    /// # Errors
    /// When no engine is installed, it fails, or it takes too long.
    pub async fn begin(&self, text: &str) -> Result<Spoken, TtsError> {
        let parts = self.shared.pronunciations.speakable(text);
        let text = in_letters(&parts);
        if !text.contains(char::is_alphanumeric) {
            return Ok(Spoken::Whole(Arc::default()));
        }
        if let Some(speech) = self.cache(|cache| cache.get(&text)) {
            return Ok(Spoken::Whole(speech));
        }
        if let Some(kept) = &self.shared.kept
            && let Some(speech) = kept.get(&text).await
        {
            self.remember(&text, &speech);
            return Ok(Spoken::Whole(speech));
        }
        let timeout = self.timeout();
        let spoken = tokio::time::timeout(timeout, self.by_either(&parts, &text))
            .await
            .map_err(|_| TtsError::TimedOut(timeout))??;
        if let Spoken::Whole(speech) = &spoken {
            self.remember(&text, speech);
        }
        Ok(spoken)
    }

    /// Speaks a text, whole.
    ///
    /// # Errors
    /// As [`Tts::begin`].
    pub async fn synthesize(&self, text: &str) -> Result<Arc<Speech>, TtsError> {
        match self.begin(text).await? {
            Spoken::Whole(speech) => Ok(speech),
            Spoken::Growing(_, rest) => rest.whole().await,
        }
    }

    /// The longest wait for sound.
    pub(super) fn timeout(&self) -> Duration {
        self.shared.timeout
    }

    /// Keeps a sentence in memory. What the second voice said is not: the first one says it as soon as it can again.
    pub(super) fn remember(&self, text: &str, speech: &Arc<Speech>) {
        if !speech.fallback {
            self.cache(|cache| cache.insert(text.to_owned(), speech.clone()));
        }
    }

    /// The error of a sentence that broke off.
    pub(super) fn broke_off(&self, reason: String) -> TtsError {
        match &self.shared.source {
            Source::Neural(neural) => neural.failed(reason),
            _ => TtsError::Remote("it broke off"),
        }
    }

    /// What the first voice failed at, said by the second; the first one's error where there is none.
    pub(super) async fn second_voice(
        &self,
        text: &str,
        error: TtsError,
    ) -> Result<Speech, TtsError> {
        let Some(second) = &self.shared.second else {
            return Err(error);
        };
        second.failed(&error);
        let _permit = self.permit().await?;
        second.second(text).await
    }

    /// By the first voice, or else by the second.
    async fn by_either(&self, parts: &[SpokenPart], text: &str) -> Result<Spoken, TtsError> {
        let first = self.by_source(parts, text);
        let Some(second) = &self.shared.second else {
            return first.await;
        };
        if let Some(spoken) = second.first(first).await {
            return Ok(spoken);
        }
        let _permit = self.permit().await?;
        second
            .second(text)
            .await
            .map(|speech| Spoken::Whole(Arc::new(speech)))
    }

    async fn by_source(&self, parts: &[SpokenPart], text: &str) -> Result<Spoken, TtsError> {
        let permit = self.permit().await?;
        let speech = match &self.shared.source {
            Source::Remote(remote) => remote.speak(text).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.speak(text).await,
            Source::Child(engine) => engine.speak_or_other(text).await,
            Source::Neural(neural) => {
                let mut outlet = neural.speak(parts).await?;
                // The child that spelled it is gone; the network's own pool is bounded elsewhere.
                drop(permit);
                return match outlet.next().await {
                    Some(Ok(first)) => {
                        let rest = Rest::behind(&first, outlet, self.clone(), text.to_owned());
                        Ok(Spoken::Growing(first, Box::new(rest)))
                    }
                    Some(Err(reason)) => Err(neural.failed(reason)),
                    None => Ok(Spoken::Whole(Arc::default())),
                };
            }
        };
        speech.map(|speech| Spoken::Whole(Arc::new(speech)))
    }

    /// Bounded: the permits are the number of children, or requests, at a time.
    async fn permit(&self) -> Result<SemaphorePermit<'_>, TtsError> {
        let permit = self.shared.permits.acquire().await;
        permit.map_err(|_| TtsError::Remote("the voice has stopped"))
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
    /// The network's pool is full.
    #[error("too many sentences at once: the voice's places are all in use")]
    Busy,
    /// It took too long.
    #[error("no speech within {0:?}")]
    TimedOut(Duration),
}

#[cfg(test)]
mod tests;
