//! A server that hears, and whisper.cpp in this process where it fails.

use std::{sync::Arc, time::Duration};

use outbound::SharedBreaker;
use tokio::time::{Instant, timeout};

use super::{RemoteStt, RemoteSttConfig, SttError, Transcript, Utterance, WhisperPool};

/// The server has so long: what it does not hear by then, the second recogniser hears while the caller still waits.
const PATIENCE: Duration = Duration::from_secs(3);

/// Both; cheap to clone.
#[derive(Clone)]
pub struct SttWithFallback {
    shared: Arc<Shared>,
}

struct Shared {
    first: RemoteStt,
    second: WhisperPool,
    breaker: SharedBreaker,
}

impl SttWithFallback {
    /// Nothing is sent yet.
    pub fn new(server: &RemoteSttConfig, second: WhisperPool) -> Self {
        Self {
            shared: Arc::new(Shared {
                first: RemoteStt::new(server),
                second,
                breaker: SharedBreaker::default(),
            }),
        }
    }

    pub(super) async fn transcribe(&self, utterance: Utterance) -> Result<Transcript, SttError> {
        let asked = Instant::now();
        if self.shared.breaker.may_ask() {
            let first = timeout(PATIENCE, self.shared.first.transcribe(utterance.clone())).await;
            match first.unwrap_or(Err(SttError::TimedOut(PATIENCE))) {
                Ok(transcript) => {
                    self.shared.breaker.succeeded();
                    return Ok(transcript);
                }
                Err(error) => self.failed(&error),
            }
        }
        let transcript = self.shared.second.transcribe(utterance).await?;
        Ok(Transcript {
            stt: asked.elapsed(),
            fallback: true,
            ..transcript
        })
    }

    pub(super) fn waiting(&self) -> usize {
        self.shared.second.waiting()
    }

    pub(super) fn model_name(&self) -> &str {
        self.shared.first.model_name()
    }

    fn failed(&self, error: &SttError) {
        tracing::warn!(%error, "the second recogniser hears what the first did not");
        if self.shared.breaker.failed() {
            tracing::warn!(
                "the first recogniser fails again and again: it is left alone for a while"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        listen::{ModelFile, WhisperConfig},
        test_support::{
            fake_server::{http, serve},
            sounds,
        },
    };

    fn both(base_url: String) -> SttWithFallback {
        let model = ModelFile::open(&sounds::fixtures().join("mini-whisper-q5_0.bin.gz"));
        let config = WhisperConfig {
            timeout: Duration::from_secs(60),
            ..WhisperConfig::default()
        };
        let second = WhisperPool::start(&model.expect("the fixture is valid"), &config);
        let server = RemoteSttConfig {
            base_url,
            api_key: "key".into(),
            model: "hear-1".to_owned(),
            timeout: RemoteSttConfig::TIMEOUT,
        };
        SttWithFallback::new(&server, second.expect("whisper.cpp takes it"))
    }

    fn speech() -> Utterance {
        Utterance {
            samples: sounds::floats(&sounds::sample("031-noise20.wav")),
            started_ms: 0,
            ended_ms: 2230,
        }
    }

    #[tokio::test]
    async fn what_a_server_does_not_hear_is_heard_here_and_it_is_told() {
        let refused = || http("400 Bad Request", "application/json", "{}");
        let heard = http("200 OK", "application/json", r#"{"text":"From afar."}"#);
        let (url, _server) = serve(vec![refused(), heard]).await;
        let both = both(url);
        let here = both.transcribe(speech()).await.expect("it is heard");
        assert!(here.fallback && !here.text.is_empty(), "{here:?}");
        let there = both.transcribe(speech()).await.expect("it is heard");
        assert_eq!((there.text.as_str(), there.fallback), ("From afar.", false));
    }

    #[tokio::test]
    async fn a_server_that_fails_again_and_again_is_left_alone() {
        let mut answers = vec![http("400 Bad Request", "application/json", "{}"); 5];
        answers.push(http(
            "200 OK",
            "application/json",
            r#"{"text":"Well again."}"#,
        ));
        let (url, _server) = serve(answers).await;
        let both = both(url);
        for time in 1..=6 {
            let here = both.transcribe(speech()).await.expect("it is heard");
            assert!(
                here.fallback,
                "it was asked for the {time}th time: {here:?}"
            );
        }
    }
}
