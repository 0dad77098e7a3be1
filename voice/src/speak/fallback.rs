//! A voice of this machine, for where a server or a network fails: another voice in the middle of a call, but no silence.

use std::future::Future;
use std::time::Duration;

use outbound::SharedBreaker;
use tokio::time::timeout;

use super::{LocalVoice, Speech, TtsError, engine::Engine};

/// The second voice, and whether the first is left alone.
pub(super) struct Fallback {
    engine: Engine,
    /// The first voice has so long for a sentence.
    patience: Duration,
    breaker: SharedBreaker,
}

impl Fallback {
    pub(super) fn new(voice: LocalVoice, patience: Duration) -> Self {
        Self {
            engine: match voice {
                LocalVoice::Flite => Engine::flite(None),
                LocalVoice::Espeak => Engine::espeak(None),
            },
            patience,
            breaker: SharedBreaker::default(),
        }
    }

    /// What the first voice gives; `None` when it fails, takes too long, or is left alone.
    pub(super) async fn first<T>(
        &self,
        attempt: impl Future<Output = Result<T, TtsError>>,
    ) -> Option<T> {
        if !self.breaker.may_ask() {
            return None;
        }
        let first = timeout(self.patience, attempt).await;
        match first.unwrap_or(Err(TtsError::TimedOut(self.patience))) {
            Ok(spoken) => {
                self.breaker.succeeded();
                Some(spoken)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    /// Speaks a text by the second voice.
    pub(super) async fn second(&self, text: &str) -> Result<Speech, TtsError> {
        let speech = self.engine.speak_or_other(text).await?;
        Ok(Speech {
            fallback: true,
            ..speech
        })
    }

    /// The first voice failed at a sentence.
    pub(super) fn failed(&self, error: &TtsError) {
        tracing::warn!(%error, "the second voice says what the first did not");
        // Too much at once is no fault that goes away by leaving it alone.
        if !matches!(error, TtsError::Busy) && self.breaker.failed() {
            tracing::warn!("the first voice fails again and again: it is left alone for a while");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        speak::{Provider, RemoteTtsConfig, Tts, TtsConfig},
        test_support::fake_server::{http, serve},
    };

    /// A second of sound.
    fn sound() -> Vec<u8> {
        http("200 OK", "audio/wav", vec![1; 48_000])
    }

    fn refusal() -> Vec<u8> {
        http("400 Bad Request", "application/json", "{}")
    }

    fn tts(base_url: String) -> Tts {
        let server = RemoteTtsConfig {
            base_url,
            api_key: "key".into(),
            model: "speak-1".to_owned(),
            voice: "calm".to_owned(),
        };
        Tts::open(&TtsConfig {
            fallback: Some(LocalVoice::Flite),
            timeout: Duration::from_secs(20),
            ..TtsConfig::new(Provider::Remote(server))
        })
        .expect("nothing is loaded")
    }

    #[tokio::test]
    async fn what_a_server_does_not_say_is_said_here_and_the_next_time_there() {
        let (url, _server) = serve(vec![refusal(), sound()]).await;
        let tts = tts(url);
        let here = tts.synthesize("Good morning.").await.expect("it is said");
        assert!(here.fallback && !here.samples.is_empty());
        let there = tts.synthesize("Good morning.").await.expect("it is said");
        assert!(!there.fallback, "the second voice was kept for it");
    }

    #[tokio::test]
    async fn a_server_that_fails_again_and_again_is_left_alone() {
        let mut answers = vec![refusal(); 5];
        answers.push(sound());
        let (url, _server) = serve(answers).await;
        let tts = tts(url);
        for time in 1..=6 {
            let speech = tts.synthesize("Good morning.").await.expect("it is said");
            assert!(speech.fallback, "it was asked for the {time}th time");
        }
    }
}
