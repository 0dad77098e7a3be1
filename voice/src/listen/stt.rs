//! Speech to text: whisper.cpp in this process, or a server.

use std::{panic::resume_unwind, path::PathBuf, time::Duration};

use super::{
    ModelError, ModelFile, RemoteStt, RemoteSttConfig, SttWithFallback, Utterance, WhisperConfig,
    WhisperPool,
};
#[cfg(feature = "test-support")]
use crate::test_support::ScriptedStt;

/// Where words come from.
#[derive(Debug, Clone)]
pub enum SttConfig {
    /// whisper.cpp in this process.
    Whisper(LocalStt),
    /// A server: `POST {base_url}/audio/transcriptions`.
    Remote {
        /// Where it is.
        server: RemoteSttConfig,
        /// What hears where the server fails.
        fallback: Option<LocalStt>,
    },
}

/// whisper.cpp in this process.
#[derive(Debug, Clone)]
pub struct LocalStt {
    /// `ggml-*.bin`, or the same gzipped.
    pub model: PathBuf,
    /// Recognition threads, each with its own state.
    pub threads: usize,
}

/// What turns utterances into words; shared by all calls and cheap to clone.
#[derive(Clone)]
pub enum Stt {
    /// whisper.cpp on threads of this process.
    Whisper(WhisperPool),
    /// A server with OpenAI's interface.
    Remote(RemoteStt),
    /// The same, and whisper.cpp where it fails.
    WithFallback(SttWithFallback),
    /// A script.
    #[cfg(feature = "test-support")]
    Scripted(ScriptedStt),
}

/// The words of one utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// As the model writes it; empty when nothing intelligible was said.
    pub text: String,
    /// From the question to the answer, waiting included.
    pub stt: Duration,
    /// The part of `stt` spent waiting for a free thread; zero for a server.
    pub queued: Duration,
    /// The server failed: the second recogniser heard it.
    pub fallback: bool,
}

impl Stt {
    /// Loads the model, which takes a moment; of a server nothing is asked yet.
    ///
    /// # Errors
    /// When the model cannot be used.
    pub async fn open(config: SttConfig) -> Result<Self, ModelError> {
        match config {
            SttConfig::Whisper(local) => local.load().await.map(Self::Whisper),
            SttConfig::Remote { server, fallback } => Ok(match fallback {
                None => Self::Remote(RemoteStt::new(&server)),
                Some(local) => {
                    let second = local.load().await?;
                    Self::WithFallback(SttWithFallback::new(&server, second))
                }
            }),
        }
    }

    /// Turns an utterance into words; inventions on noise come back as an empty text.
    ///
    /// # Errors
    /// When no answer came in time or the recogniser failed; the call goes on without these words.
    pub async fn transcribe(&self, utterance: Utterance) -> Result<Transcript, SttError> {
        match self {
            Self::Whisper(pool) => pool.transcribe(utterance).await,
            Self::Remote(remote) => remote.transcribe(utterance).await,
            Self::WithFallback(both) => both.transcribe(utterance).await,
            #[cfg(feature = "test-support")]
            Self::Scripted(script) => script.transcribe(utterance).await,
        }
    }

    /// Utterances that wait for a free thread; of a server none that we know of.
    pub fn waiting(&self) -> usize {
        match self {
            Self::Whisper(pool) => pool.waiting(),
            Self::Remote(_) => 0,
            Self::WithFallback(both) => both.waiting(),
            #[cfg(feature = "test-support")]
            Self::Scripted(_) => 0,
        }
    }

    /// For the log and the page, e.g. `tiny.en q8_0`.
    pub fn model_name(&self) -> &str {
        match self {
            Self::Whisper(pool) => pool.model_name(),
            Self::Remote(remote) => remote.model_name(),
            Self::WithFallback(both) => both.model_name(),
            #[cfg(feature = "test-support")]
            Self::Scripted(_) => "script",
        }
    }
}

impl LocalStt {
    async fn load(self) -> Result<WhisperPool, ModelError> {
        let load = move || {
            let config = WhisperConfig {
                threads: self.threads,
                ..WhisperConfig::default()
            };
            WhisperPool::start(&ModelFile::open(&self.model)?, &config)
        };
        match tokio::task::spawn_blocking(load).await {
            Ok(pool) => pool,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime stops, and with it whoever waits here.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// Why an utterance has no transcript. None of them names what was said.
#[derive(Debug, thiserror::Error)]
pub enum SttError {
    /// Too many callers spoke at once, or the recogniser hangs.
    #[error("no transcript within {0:?}")]
    TimedOut(Duration),
    /// whisper.cpp refused or failed; its thread goes on with a fresh state.
    #[error("whisper.cpp failed: {0}")]
    Whisper(String),
    /// The threads are gone: the process is stopping.
    #[error("speech recognition has stopped")]
    Stopped,
    /// The server could not be reached, refused, or answered something else.
    #[error("the speech-to-text server failed: {0}")]
    Remote(String),
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[test]
    fn a_start_that_fails_beside_it_does_not_make_the_loading_panic() {
        let builder = tokio::runtime::Builder::new_current_thread().build();
        let runtime = builder.expect("a runtime");
        let handle = runtime.handle().clone();
        // What is begun from now on is cancelled.
        runtime.shutdown_background();
        let _inside = handle.enter();
        let model = PathBuf::from("/nowhere/model.bin");
        let mut opening = pin!(Stt::open(SttConfig::Whisper(LocalStt {
            model,
            threads: 1
        })));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(matches!(opening.as_mut().poll(&mut context), Poll::Pending));
        }
    }
}
