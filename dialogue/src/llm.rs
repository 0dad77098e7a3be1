//! A language model behind the OpenAI chat completion API, streamed, with deadlines, never retried:
//! a caller is waiting, and the documents can answer at once.

use std::time::Duration;

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    middleware::ReqwestService,
    types::chat::{
        ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage,
        ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
        ChatCompletionResponseStream, CreateChatCompletionRequest, FinishReason,
    },
};
use call::{Speaker, Turn};
use futures_util::StreamExt;
use prompts::caller_words;
use secrecy::ExposeSecret;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use crate::{
    LlmConfig,
    conversation::{Delta, ModelFailure, Prompt},
};

/// One model, shared by all calls.
#[derive(Debug)]
pub(super) struct Llm {
    client: Client<OpenAIConfig>,
    config: LlmConfig,
    /// Bounds requests under way over all calls; who waits too long gives up.
    places: Semaphore,
}

/// One answer while it arrives. Dropping it ends the request.
pub(super) struct Answer<'a> {
    config: &'a LlmConfig,
    begun: Instant,
    stream: ChatCompletionResponseStream,
    first_token: bool,
    /// The reason to finish came with the last piece of text.
    end: Option<Delta>,
    _place: SemaphorePermit<'a>,
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

    /// Begins a request.
    pub(super) async fn ask(&self, prompt: &Prompt) -> Result<Answer<'_>, ModelFailure> {
        let begun = Instant::now();
        let first_token_by = begun + self.config.first_token_timeout;
        let Ok(Ok(place)) = timeout_at(first_token_by, self.places.acquire()).await else {
            return Err(ModelFailure::Late("free place"));
        };
        let request = CreateChatCompletionRequest {
            model: self.config.model.clone(),
            messages: messages(prompt),
            stream: Some(true),
            ..CreateChatCompletionRequest::default()
        };
        let chat = self.client.chat();
        let Ok(stream) = timeout_at(first_token_by, chat.create_stream(request)).await else {
            return Err(ModelFailure::Late("response"));
        };
        Ok(Answer {
            config: &self.config,
            begun,
            stream: stream.map_err(|error| refusal(&error))?,
            first_token: false,
            end: None,
            _place: place,
        })
    }
}

impl Answer<'_> {
    /// What comes next. `has_spoken`: a sentence of it was whole.
    pub(super) async fn next(&mut self, has_spoken: bool) -> Delta {
        if let Some(end) = self.end.take() {
            return end;
        }
        loop {
            let (by, what) = self.deadline(has_spoken);
            let chunk = match timeout_at(by, self.stream.next()).await {
                Err(_elapsed) => return Delta::Failed(ModelFailure::Late(what)),
                // Without a reason to finish, the connection was cut.
                Ok(None | Some(Err(_))) => return Delta::Failed(ModelFailure::Broken),
                Ok(Some(Ok(chunk))) => chunk,
            };
            let Some(choice) = chunk.choices.into_iter().next() else {
                continue;
            };
            let end = choice.finish_reason.map(|reason| match reason {
                FinishReason::Stop => Delta::Finished,
                _ => Delta::CutOff,
            });
            if let Some(piece) = choice.delta.content.filter(|piece| !piece.is_empty()) {
                self.first_token = true;
                self.end = end;
                return Delta::Text(piece);
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn deadline(&self, has_spoken: bool) -> (Instant, &'static str) {
        let first: Duration = self.config.first_token_timeout;
        let end = self.begun + self.config.total_timeout;
        if !self.first_token {
            (end.min(self.begun + first), "first token")
        } else if !has_spoken {
            (end.min(self.begun + first * 2), "first sentence")
        } else {
            (end, "end")
        }
    }
}

fn messages(prompt: &Prompt) -> Vec<ChatCompletionRequestMessage> {
    let rules = ChatCompletionRequestSystemMessage::from(prompt.rules.as_str());
    let mut messages = vec![rules.into()];
    messages.extend(prompt.turns.iter().map(|said| turn(said)));
    messages.push(caller(&prompt.question));
    messages
}

fn turn(turn: &Turn) -> ChatCompletionRequestMessage {
    match turn.speaker {
        Speaker::Caller => caller(&turn.text),
        Speaker::Agent => ChatCompletionRequestAssistantMessage::from(turn.text.as_str()).into(),
    }
}

fn caller(text: &str) -> ChatCompletionRequestMessage {
    ChatCompletionRequestUserMessage::from(caller_words(text)).into()
}

/// The kind of an error, without the server's words: they may quote the prompt.
fn refusal(error: &OpenAIError) -> ModelFailure {
    match error {
        OpenAIError::ApiError(answer) => ModelFailure::Refused(answer.status_code.to_string()),
        OpenAIError::Reqwest(error) if error.is_connect() => {
            ModelFailure::Refused("no connection".to_owned())
        }
        _ => ModelFailure::Broken,
    }
}
