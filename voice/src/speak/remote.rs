//! A voice from a server with OpenAI's interface.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::audio::{CreateSpeechRequest, SpeechModel, SpeechResponseFormat, Voice};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Speech, TtsError, wav};

/// What OpenAI's servers send as `pcm`: bare 16-bit mono at this rate, Hz.
const PCM_RATE_HZ: u32 = 24_000;

/// Where the server is.
#[derive(Debug, Clone)]
pub struct RemoteTtsConfig {
    /// Up to and with `/v1`.
    pub base_url: String,
    /// Sent as a bearer token.
    pub api_key: SecretString,
    /// What the server calls the model, e.g. `tts-1`.
    pub model: String,
    /// What it calls the voice, e.g. `alloy`.
    pub voice: String,
}

/// A client.
pub(super) struct RemoteVoice {
    client: Client<OpenAIConfig>,
    model: String,
    voice: String,
}

impl RemoteVoice {
    pub(super) fn new(config: &RemoteTtsConfig) -> Self {
        let server = OpenAIConfig::new()
            .with_api_base(&config.base_url)
            .with_api_key(config.api_key.expose_secret());
        Self {
            client: Client::with_config(server),
            model: config.model.clone(),
            voice: config.voice.clone(),
        }
    }

    /// Speaks one text. The client itself tries again after 429 and 5xx.
    pub(super) async fn speak(&self, text: &str) -> Result<Speech, TtsError> {
        let request = CreateSpeechRequest {
            input: text.to_owned(),
            model: SpeechModel::Other(self.model.clone()),
            voice: Voice::Other(self.voice.clone()),
            response_format: Some(SpeechResponseFormat::Wav),
            ..CreateSpeechRequest::default()
        };
        let answer = self.client.audio().speech().create(request).await;
        // The server's own words may repeat the text: they are not passed on.
        let bytes = answer
            .map_err(|_| TtsError::Remote("no sound came from it"))?
            .bytes;
        if bytes.starts_with(b"RIFF") {
            let (samples, rate_hz) =
                wav::read(&bytes).ok_or(TtsError::Remote("its WAV file was not understood"))?;
            return Ok(Speech::from_pcm(&samples, rate_hz));
        }
        // Some servers send bare samples whatever was asked for; text is not sound.
        if bytes.len() < 480
            || bytes
                .first()
                .is_some_and(|&byte| byte == b'{' || byte == b'<')
        {
            return Err(TtsError::Remote("it sent no sound"));
        }
        let samples: Vec<i16> = bytes
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        Ok(Speech::from_pcm(&samples, PCM_RATE_HZ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::fake_server::{http, serve};

    fn voice(url: String) -> RemoteVoice {
        RemoteVoice::new(&RemoteTtsConfig {
            base_url: url,
            api_key: "secret-key".into(),
            model: "say-1".to_owned(),
            voice: "alto".to_owned(),
        })
    }

    fn second_of_sound() -> Vec<u8> {
        (0..24_000_i32)
            .flat_map(|i| ((i * 997 % 8000) as i16 - 4000).to_le_bytes())
            .collect()
    }

    #[tokio::test]
    async fn wave_files_and_bare_samples_are_both_taken() {
        let sound = second_of_sound();
        let mut wave =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\x02\0\x10\0data"
                .to_vec();
        wave.extend(u32::try_from(sound.len()).unwrap().to_le_bytes());
        wave.extend(&sound);
        for body in [wave, sound] {
            let (url, mut server) = serve(vec![http("200 OK", "audio/wav", body)]).await;
            let speech = voice(url)
                .speak("Good morning.")
                .await
                .expect("it is sound");
            assert!(
                (0.95..1.05).contains(&speech.duration().as_secs_f32()),
                "a second came out as {:?}",
                speech.duration()
            );
            let request = server
                .join_next()
                .await
                .expect("one task")
                .expect("it ended well")
                .remove(0);
            let request = String::from_utf8_lossy(&request);
            for part in [
                "POST /v1/audio/speech ",
                "Bearer secret-key",
                "say-1",
                "alto",
                "Good morning.",
            ] {
                assert!(request.contains(part), "{part} was not sent");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_sound_is_an_error_that_repeats_nothing() {
        for body in [
            "{\"error\": \"my PIN is four\"}".to_owned(),
            "<html>".repeat(200),
            String::new(),
        ] {
            let (url, _server) = serve(vec![http("200 OK", "audio/wav", body)]).await;
            let error = voice(url)
                .speak("Hello.")
                .await
                .expect_err("that is no sound")
                .to_string();
            assert!(!error.contains("PIN"), "{error}");
        }
    }
}
