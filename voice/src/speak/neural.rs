//! Voices that are networks, Piper and Kokoro, by ONNX Runtime.
//!
//! ```text
//! text -> phonemes (espeak-ng, a child) -> breaths -> Pool: threads, each with a Network -> Shaper -> stream: 24 kHz
//! ```
//! Sound comes while the rest of the sentence is still being made; [`Outlet`] is where it is taken out.

mod graph;
mod halt;
mod kokoro;
mod phonemes;
mod piper;
mod pool;
mod runtime;
mod sentence;
mod shape;
mod stream;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use language::pronunciation::SpokenPart;

use super::TtsError;
use halt::Halt;
use kokoro::Kokoro;
use phonemes::{Phonemizer, breaths};
use piper::{Piper, PiperFile};
use pool::{Full, Kind, Pool};
use sentence::{Breath, Sentence};
pub(super) use stream::Outlet;

/// Where a network's voice comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeuralConfig {
    /// `libonnxruntime.so`.
    pub library: PathBuf,
    /// Which one.
    pub voice: NeuralVoice,
    /// Sentences made at once, each on a thread and in a network of its own; `None`: as many as there are cores, two at
    /// most.
    pub threads: Option<NonZeroUsize>,
}

/// A voice that is a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeuralVoice {
    /// A Piper voice: its `.onnx` file, with `.onnx.json` beside it.
    Piper(PathBuf),
    /// A Kokoro voice.
    Kokoro {
        /// The folder of the model, its alphabet and its voices.
        folder: PathBuf,
        /// The voice's name; `af_heart` unless given.
        voice: Option<String>,
    },
}

impl NeuralVoice {
    /// The engine's name.
    #[must_use]
    pub const fn engine(&self) -> &'static str {
        match self {
            Self::Piper(_) => "piper",
            Self::Kokoro { .. } => "kokoro",
        }
    }

    /// The file that is the voice.
    pub(super) fn file(&self) -> PathBuf {
        match self {
            Self::Piper(file) => file.clone(),
            Self::Kokoro { folder, .. } => kokoro::style_file(folder, &self.name()),
        }
    }

    /// What the engine knows the voice by: a file's name without its end, or `af_heart`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Piper(file) => file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            Self::Kokoro { voice, .. } => voice
                .clone()
                .unwrap_or_else(|| kokoro::DEFAULT_VOICE.to_owned()),
        }
    }
}

/// Why a voice cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// ONNX Runtime cannot be loaded.
    #[error("{}: {reason}", path.display())]
    Library {
        /// Its library.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A file of the voice is missing, damaged, or does not fit the others.
    #[error("{}: {reason}", path.display())]
    Voice {
        /// The file.
        path: PathBuf,
        /// The reason, with what would be accepted.
        reason: String,
    },
    /// espeak-ng, which knows how words sound, does not serve.
    #[error("espeak-ng: {reason}")]
    Espeak {
        /// The reason.
        reason: String,
    },
    /// The folder for sentences that are kept cannot be used.
    #[error("{}: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The system gave no thread.
    #[error("no thread: {0}")]
    Thread(String),
}

/// A network that speaks. Each thread has its own: a step changes it.
trait Network: Send {
    /// The rate of its sound, Hz.
    fn rate_hz(&self) -> u32;

    /// Makes the next piece of a sentence, a window or a breath; fails soon after the halt.
    fn step(&mut self, sentence: &mut Sentence, halt: &Halt) -> Result<Vec<f32>, String>;
}

/// A voice at work.
pub(super) struct Neural {
    config: NeuralConfig,
    phonemizer: Phonemizer,
    rate_hz: u32,
    gain: f32,
    live: Pool,
    /// What voices sentences ahead, while it does.
    ahead: Mutex<Option<Pool>>,
}

/// "The quick brown fox jumps over the lazy dog.", by which a voice's loudness is measured and its files are tried.
const TRIAL: &str = "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ.";

impl Neural {
    /// Loads a voice and speaks a sentence with it: what does not fit is found here and not in a call. Takes a second or
    /// two; not for a thread that others wait for.
    pub(super) fn open(config: &NeuralConfig) -> Result<Self, OpenError> {
        let threads = config.threads.unwrap_or_else(pool::default_threads).get();
        let mut first = network(config)?;
        let (rate_hz, sound) = (first.rate_hz(), trial(first.as_mut(), config)?);
        let phonemizer = Phonemizer::open(&espeak_voice(config)?)?;
        let gain = shape::gain_of(&sound);
        let mut networks = vec![first];
        for _ in 1..threads {
            networks.push(network(config)?);
        }
        Ok(Self {
            config: config.clone(),
            phonemizer,
            rate_hz,
            gain,
            live: Pool::start(networks, gain, Kind::Live)?,
            ahead: Mutex::new(None),
        })
    }

    /// Begins to speak; sound comes as it is made.
    pub(super) async fn speak(&self, text: &[SpokenPart]) -> Result<Outlet, TtsError> {
        self.speak_by(&self.live, text).await
    }

    /// The same for a sentence that no call waits for: on a thread of low priority, while nobody is spoken to.
    pub(super) async fn speak_ahead(
        self: &Arc<Self>,
        text: &[SpokenPart],
    ) -> Result<Outlet, TtsError> {
        let voice = self.clone();
        let pool = tokio::task::spawn_blocking(move || voice.ahead_pool()).await;
        let failed = |reason: String| self.failed(reason);
        let pool = pool.map_err(|error| failed(error.to_string()))?;
        let pool = pool.map_err(|error| failed(error.to_string()))?;
        self.speak_by(&pool, text).await
    }

    /// No more sentences are voiced ahead: gives their network's memory back.
    pub(super) fn end_ahead(&self) {
        *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn failed(&self, reason: String) -> TtsError {
        TtsError::Engine {
            engine: self.config.voice.engine(),
            reason,
        }
    }

    async fn speak_by(&self, pool: &Pool, text: &[SpokenPart]) -> Result<Outlet, TtsError> {
        let clauses = self.phonemizer.clauses(text).await?;
        pool.speak(breaths(&clauses), self.rate_hz)
            .map_err(|Full| TtsError::Busy)
    }

    fn ahead_pool(&self) -> Result<Pool, OpenError> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = &*ahead {
            return Ok(pool.clone());
        }
        let own = vec![network(&self.config)?];
        let pool = Pool::start(own, self.gain, Kind::GivesWayTo(self.live.clone()))?;
        Ok(ahead.insert(pool).clone())
    }
}

#[cfg(test)]
impl Neural {
    /// A voice of one network that is there, spelled by this.
    fn of(network: Box<dyn Network>, phonemizer: Phonemizer) -> Self {
        let rate_hz = network.rate_hz();
        Self {
            config: NeuralConfig {
                library: PathBuf::new(),
                voice: NeuralVoice::Piper(PathBuf::new()),
                threads: None,
            },
            phonemizer,
            rate_hz,
            gain: 1.0,
            live: Pool::start(vec![network], 1.0, Kind::Live).expect("a thread"),
            ahead: Mutex::new(None),
        }
    }
}

fn network(config: &NeuralConfig) -> Result<Box<dyn Network>, OpenError> {
    let environment = runtime::environment(&config.library)?;
    Ok(match &config.voice {
        NeuralVoice::Piper(model) => {
            let file = PiperFile::read(&Piper::beside(model))?;
            Box::new(Piper::open(&environment, model, &file)?)
        }
        NeuralVoice::Kokoro { folder, .. } => {
            Box::new(Kokoro::open(&environment, folder, &config.voice.name())?)
        }
    })
}

/// Whose sounds the voice learnt.
fn espeak_voice(config: &NeuralConfig) -> Result<String, OpenError> {
    match &config.voice {
        NeuralVoice::Piper(model) => Ok(PiperFile::read(&Piper::beside(model))?.espeak),
        // Its first letter names the language; British English is the other that is spoken here.
        NeuralVoice::Kokoro { .. } if config.voice.name().starts_with('b') => {
            Ok("en-gb".to_owned())
        }
        NeuralVoice::Kokoro { .. } => Ok("en-us".to_owned()),
    }
}

/// A sentence's sound, in the network's own rate.
fn trial(network: &mut dyn Network, config: &NeuralConfig) -> Result<Vec<f32>, OpenError> {
    let path = match &config.voice {
        NeuralVoice::Piper(model) => model,
        NeuralVoice::Kokoro { folder, .. } => folder,
    };
    let unusable = |reason: String| OpenError::Voice {
        path: path.clone(),
        reason,
    };
    let halt = Halt::default();
    let mut sentence = Sentence::new(vec![Breath {
        phonemes: TRIAL.to_owned(),
        pause_ms: 0,
    }]);
    let mut sound = Vec::new();
    while !sentence.is_over() {
        sound.extend(network.step(&mut sentence, &halt).map_err(unusable)?);
    }
    let is_sound = sound.iter().all(|sample| sample.is_finite())
        && sound.iter().any(|sample| sample.abs() > 1e-3);
    if !is_sound {
        return Err(unusable(
            "it gives no sound: its files do not belong together".to_owned(),
        ));
    }
    Ok(sound)
}

#[cfg(test)]
mod tests;
