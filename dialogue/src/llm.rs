//! A language model behind the OpenAI chat completion API, streamed, with deadlines, never retried:
//! a caller is waiting, and the documents can answer at once.

use super::conversation::sentences::{Rubbish, SentenceStream};
use super::{LlmConfig, ReplyEvent};
use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use async_openai::types::chat::{
    ChatCompletionRequestMessage, ChatCompletionResponseStream, CreateChatCompletionRequest,
    FinishReason,
};
use futures_util::StreamExt;
use secrecy::ExposeSecret;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

/// One model, shared by all calls.
#[derive(Debug)]
pub(super) struct Llm {
    client: Client<OpenAIConfig>,
    config: LlmConfig,
    /// Bounds requests under way over all calls; who waits too long gives up.
    places: Semaphore,
}

/// Why a model's answer ended before its end. Carries none of its text.
#[derive(Debug, thiserror::Error)]
pub(super) enum LlmFailure {
    #[error("no {0} in time")]
    Late(&'static str),
    #[error("the server answered {0}")]
    Refused(String),
    #[error("the stream was malformed or broke off")]
    Broken,
    #[error("the text was unusable: {0}")]
    Rubbish(#[from] Rubbish),
    #[error("the text was empty")]
    Empty,
    #[error("the caller's session is gone")]
    Abandoned,
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Told {
    /// Sentences sent.
    pub(super) sentences: usize,
    /// The last of them.
    pub(super) last: String,
    /// From the request to the first token.
    pub(super) first_token: Option<Duration>,
    /// How it ended.
    pub(super) end: Result<(), LlmFailure>,
}

impl Llm {
    pub(super) fn new(config: LlmConfig) -> Self {
        let api = OpenAIConfig::new()
            .with_api_base(config.base_url.trim_end_matches('/'))
            .with_api_key(config.api_key.expose_secret());
        Self {
            // The plain service: the default one tries again three times behind our back.
            client: Client::with_config(api).with_http_service(ReqwestService::default()),
            places: Semaphore::new(config.max_concurrent.max(1)),
            config,
        }
    }

    pub(super) fn model(&self) -> &str {
        &self.config.model
    }

    /// Asks, and sends sentences to `out` as they become whole. `text` vets them.
    pub(super) async fn tell(
        &self,
        messages: Vec<ChatCompletionRequestMessage>,
        text: SentenceStream,
        out: &mpsc::Sender<ReplyEvent>,
    ) -> Told {
        let mut telling = Telling {
            text,
            out,
            begun: Instant::now(),
            told: Told {
                sentences: 0,
                last: String::new(),
                first_token: None,
                end: Ok(()),
            },
        };
        let end = self.run(&mut telling, messages).await;
        let mut told = telling.told;
        told.end = match end {
            Ok(()) if told.sentences == 0 => Err(LlmFailure::Empty),
            end => end,
        };
        told
    }

    async fn run(
        &self,
        telling: &mut Telling<'_>,
        messages: Vec<ChatCompletionRequestMessage>,
    ) -> Result<(), LlmFailure> {
        let first_token_by = telling.begun + self.config.first_token_timeout;
        let Ok(place) = timeout_at(first_token_by, self.places.acquire()).await else {
            return Err(LlmFailure::Late("free place"));
        };
        let _place = place.map_err(|_closed| LlmFailure::Abandoned)?;
        let request = CreateChatCompletionRequest {
            model: self.config.model.clone(),
            messages,
            stream: Some(true),
            ..CreateChatCompletionRequest::default()
        };
        let chat = self.client.chat();
        let Ok(stream) = timeout_at(first_token_by, chat.create_stream(request)).await else {
            return Err(LlmFailure::Late("response"));
        };
        self.read(telling, stream.map_err(|error| refusal(&error))?)
            .await
    }

    async fn read(
        &self,
        telling: &mut Telling<'_>,
        mut stream: ChatCompletionResponseStream,
    ) -> Result<(), LlmFailure> {
        loop {
            let (by, what) = self.deadline(telling);
            let chunk = match timeout_at(by, stream.next()).await {
                Err(_elapsed) => return Err(LlmFailure::Late(what)),
                // Without a reason to finish, the connection was cut.
                Ok(None) => return Err(LlmFailure::Broken),
                Ok(Some(Err(_malformed))) => return Err(LlmFailure::Broken),
                Ok(Some(Ok(chunk))) => chunk,
            };
            let Some(choice) = chunk.choices.into_iter().next() else {
                continue;
            };
            if let Some(piece) = choice.delta.content.filter(|piece| !piece.is_empty()) {
                telling.hear(&piece).await?;
            }
            match choice.finish_reason {
                None => {}
                Some(FinishReason::Stop) => return telling.finish().await,
                // Cut at a limit of the server's: a last half sentence is not spoken.
                Some(_) => return Ok(()),
            }
        }
    }

    fn deadline(&self, telling: &Telling<'_>) -> (Instant, &'static str) {
        let first = self.config.first_token_timeout;
        let end = telling.begun + self.config.total_timeout;
        if telling.told.first_token.is_none() {
            (end.min(telling.begun + first), "first token")
        } else if telling.told.sentences == 0 {
            (end.min(telling.begun + first * 2), "first sentence")
        } else {
            (end, "end")
        }
    }
}

/// One answer while it arrives.
struct Telling<'a> {
    text: SentenceStream,
    out: &'a mpsc::Sender<ReplyEvent>,
    begun: Instant,
    told: Told,
}

impl Telling<'_> {
    async fn hear(&mut self, piece: &str) -> Result<(), LlmFailure> {
        let since = self.begun;
        self.told.first_token.get_or_insert_with(|| since.elapsed());
        for sentence in self.text.push(piece)? {
            self.say(sentence).await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), LlmFailure> {
        match self.text.rest() {
            Some(sentence) => self.say(sentence).await,
            None => Ok(()),
        }
    }

    async fn say(&mut self, sentence: String) -> Result<(), LlmFailure> {
        self.told.last.clone_from(&sentence);
        let sent = self.out.send(ReplyEvent::Sentence(sentence)).await;
        sent.map_err(|_closed| LlmFailure::Abandoned)?;
        self.told.sentences += 1;
        Ok(())
    }
}

/// The kind of an error, without the server's words: they may quote the prompt.
fn refusal(error: &OpenAIError) -> LlmFailure {
    match error {
        OpenAIError::ApiError(answer) => LlmFailure::Refused(answer.status_code.to_string()),
        OpenAIError::Reqwest(error) if error.is_connect() => {
            LlmFailure::Refused("no connection".to_owned())
        }
        _ => LlmFailure::Broken,
    }
}
