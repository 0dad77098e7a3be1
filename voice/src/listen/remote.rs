//! Speech to text by a server with OpenAI's interface.

use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::types::InputSource;
use async_openai::types::audio::{AudioInput, AudioResponseFormat, CreateTranscriptionRequest};
use secrecy::{ExposeSecret as _, SecretString};

use super::{LISTEN_RATE_HZ, SttError, Transcript, Utterance, filter};

/// Where the server is.
#[derive(Debug, Clone)]
pub struct RemoteSttConfig {
    /// Up to and with `/v1`.
    pub base_url: String,
    /// Sent as a bearer token.
    pub api_key: SecretString,
    /// What the server calls the model, e.g. `whisper-1`.
    pub model: String,
    /// The longest from question to answer, a second try included.
    pub timeout: Duration,
}

impl RemoteSttConfig {
    /// A server that takes longer has lost the caller.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
}

/// A client; cheap to clone.
#[derive(Clone)]
pub struct RemoteStt {
    client: Client<OpenAIConfig>,
    model: Arc<str>,
    timeout: Duration,
}

impl RemoteStt {
    /// A client; nothing is sent yet.
    pub fn new(config: &RemoteSttConfig) -> Self {
        let server = OpenAIConfig::new()
            .with_api_base(&config.base_url)
            .with_api_key(config.api_key.expose_secret());
        Self {
            client: Client::with_config(server),
            model: config.model.as_str().into(),
            timeout: config.timeout,
        }
    }

    /// What the server calls the model.
    pub fn model_name(&self) -> &str {
        &self.model
    }

    pub(super) async fn transcribe(&self, utterance: Utterance) -> Result<Transcript, SttError> {
        let asked = now();
        let wav = wav(&utterance.samples)?;
        let voice = Duration::from_secs_f32(utterance.samples.len() as f32 / LISTEN_RATE_HZ as f32);
        let both_tries = async {
            // The client itself tries again after 429 and 5xx; a connection that broke is tried once more here.
            match self.ask(&wav).await {
                Err(OpenAIError::Reqwest(_)) => self.ask(&wav).await,
                answer => answer,
            }
        };
        let answer = tokio::time::timeout(self.timeout, both_tries)
            .await
            .map_err(|_| SttError::TimedOut(self.timeout))?;
        let text = answer.map_err(|error| SttError::Remote(describe(&error)))?;
        Ok(Transcript {
            text: filter::clean(&text, voice),
            stt: now().duration_since(asked),
            queued: Duration::ZERO,
            fallback: false,
        })
    }

    async fn ask(&self, wav: &[u8]) -> Result<String, OpenAIError> {
        /// Servers differ in what else they send, so nothing else is read.
        #[derive(serde::Deserialize)]
        struct Answer {
            text: String,
        }
        let request = CreateTranscriptionRequest {
            file: AudioInput {
                source: InputSource::VecU8 {
                    filename: "utterance.wav".to_owned(),
                    vec: wav.to_vec(),
                },
            },
            model: self.model.to_string(),
            language: Some("en".to_owned()),
            response_format: Some(AudioResponseFormat::Json),
            temperature: Some(0.0),
            ..CreateTranscriptionRequest::default()
        };
        let answer = self
            .client
            .audio()
            .transcription()
            .create_raw(request)
            .await?;
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|error| OpenAIError::JSONDeserialize(error, String::new()))?;
        Ok(answer.text)
    }
}

/// Without the server's body, which may repeat what was said.
fn describe(error: &OpenAIError) -> String {
    match error {
        OpenAIError::Reqwest(error) => error
            .status()
            .map_or_else(|| "no connection".to_owned(), |status| status.to_string()),
        OpenAIError::ApiError(_) => "it refused the request".to_owned(),
        OpenAIError::JSONDeserialize(..) => "its answer was not understood".to_owned(),
        _ => "the request could not be made".to_owned(),
    }
}

fn wav(samples: &[f32]) -> Result<Vec<u8>, SttError> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: LISTEN_RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let written = hound::WavWriter::new(&mut bytes, spec).and_then(|mut writer| {
        for sample in samples {
            writer.write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)?;
        }
        writer.finalize()
    });
    written.map_err(|error| SttError::Remote(error.to_string()))?;
    Ok(bytes.into_inner())
}

#[expect(clippy::disallowed_methods, reason = "measures the server's answer")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::fake_server::{http, serve};
    use crate::test_support::sounds;
    use tokio::net::TcpListener;

    fn remote(url: String, timeout: Duration) -> RemoteStt {
        RemoteStt::new(&RemoteSttConfig {
            base_url: url,
            api_key: "secret-key".into(),
            model: "hear-1".to_owned(),
            timeout,
        })
    }

    fn speech() -> Utterance {
        Utterance {
            samples: sounds::floats(&sounds::sample("031-noise20.wav")),
            started_ms: 0,
            ended_ms: 2230,
        }
    }

    #[tokio::test]
    async fn a_server_gets_a_wav_file_and_its_words_are_cleaned() {
        let (url, mut server) = serve(vec![http(
            "200 OK",
            "application/json",
            r#"{"text":" Hello there. [BLANK_AUDIO]"}"#,
        )])
        .await;
        let transcript = remote(url, Duration::from_secs(5))
            .transcribe(speech())
            .await
            .expect("it answers");
        assert_eq!(transcript.text, "Hello there.");
        let request = server
            .join_next()
            .await
            .expect("one task")
            .expect("it ended well")
            .remove(0);
        let has = |what: &[u8]| request.windows(what.len()).any(|window| window == what);
        assert!(
            has(b"POST /v1/audio/transcriptions "),
            "another path was asked"
        );
        assert!(has(b"Bearer secret-key"), "no key was sent");
        assert!(
            has(b"hear-1") && has(b"RIFF") && has(b"WAVEfmt "),
            "model or sound are missing"
        );
    }

    #[tokio::test]
    async fn a_server_that_fails_once_is_asked_again() {
        let (url, _server) = serve(vec![
            http("503 Service Unavailable", "application/json", "{}"),
            http("200 OK", "application/json", r#"{"text":"Yes."}"#),
        ])
        .await;
        let transcript = remote(url, Duration::from_secs(10))
            .transcribe(speech())
            .await
            .expect("the second answer counts");
        assert_eq!(transcript.text, "Yes.");
    }

    #[tokio::test]
    async fn rubbish_and_silence_from_a_server_are_errors() {
        let (url, _server) = serve(vec![http(
            "200 OK",
            "application/json",
            "<html>my PIN is four</html>",
        )])
        .await;
        let error = remote(url, Duration::from_secs(5))
            .transcribe(speech())
            .await
            .expect_err("that is no answer")
            .to_string();
        assert!(
            !error.contains("PIN"),
            "the error repeats what was said: {error}"
        );
        let silent = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let url = format!("http://{}/v1", silent.local_addr().expect("it is bound"));
        let answer = remote(url, Duration::from_millis(300))
            .transcribe(speech())
            .await;
        assert!(
            matches!(answer, Err(SttError::TimedOut(_))),
            "{answer:?} came from a server that says nothing"
        );
    }
}
