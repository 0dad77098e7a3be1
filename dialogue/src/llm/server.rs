//! One model on one server: a request, and its answer as it arrives.

use std::time::Duration;

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    middleware::ReqwestService,
    types::chat::{
        ChatCompletionResponseStream, ChatCompletionStreamOptions, CreateChatCompletionRequest,
        FinishReason,
    },
};
use futures_util::StreamExt;
use secrecy::ExposeSecret;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use super::{calls::Calls, messages};
use crate::{
    LlmConfig,
    conversation::{Delta, ModelFailure, Prompt},
};

/// All places at the model are taken.
pub(super) const NO_PLACE: &str = "free place";
/// What an answer took is told right behind its end, or not at all.
const USAGE_WITHIN: Duration = Duration::from_millis(150);

/// One model, shared by all calls.
#[derive(Debug)]
pub(super) struct Server {
    client: Client<OpenAIConfig>,
    config: LlmConfig,
    /// Bounds requests under way over all calls; who waits too long gives up.
    places: Semaphore,
}

/// One answer while it arrives. Dropping it ends the request.
pub(super) struct Answer<'a> {
    config: &'a LlmConfig,
    /// When this request began, and when the reply's last token is due.
    begun: Instant,
    due: Instant,
    stream: ChatCompletionResponseStream,
    first_token: bool,
    calls: Calls,
    /// The reason to finish came with the last piece of text.
    end: Option<Delta>,
    /// Bytes that came.
    bytes: usize,
    usage: Option<u64>,
    _place: SemaphorePermit<'a>,
}

impl Server {
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

    /// The model's name.
    pub(super) fn name(&self) -> &str {
        &self.config.model
    }

    /// After this a caller is not made to wait for another model.
    pub(super) fn patience(&self) -> Duration {
        self.config
            .total_timeout
            .min(self.config.first_token_timeout * 2)
    }

    /// Begins a request for a reply whose first request began at `reply_begun`.
    pub(super) async fn ask(
        &self,
        prompt: &Prompt,
        reply_begun: Instant,
    ) -> Result<Answer<'_>, ModelFailure> {
        let begun = Instant::now();
        let due = reply_begun + self.config.total_timeout;
        let first_token_by = due.min(begun + self.config.first_token_timeout);
        let Ok(Ok(place)) = timeout_at(first_token_by, self.places.acquire()).await else {
            return Err(ModelFailure::Late(NO_PLACE));
        };
        let request = CreateChatCompletionRequest {
            model: self.config.model.clone(),
            messages: messages::messages(prompt),
            tools: messages::functions(prompt),
            stream: Some(true),
            stream_options: Some(ChatCompletionStreamOptions {
                include_usage: Some(true),
                include_obfuscation: None,
            }),
            ..CreateChatCompletionRequest::default()
        };
        let chat = self.client.chat();
        let Ok(stream) = timeout_at(first_token_by, chat.create_stream(request)).await else {
            return Err(ModelFailure::Late("response"));
        };
        Ok(Answer {
            config: &self.config,
            begun,
            due,
            stream: stream.map_err(|error| refusal(&error))?,
            first_token: false,
            calls: Calls::default(),
            end: None,
            bytes: 0,
            usage: None,
            _place: place,
        })
    }
}

impl Answer<'_> {
    /// What comes next. `has_spoken`: a sentence of it was whole. Thoughts in fields of their own are passed over.
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
            for piece in choice.delta.tool_calls.into_iter().flatten() {
                // A call is a sign of life as good as a word.
                self.first_token = true;
                if !self.calls.push(piece) {
                    return Delta::Failed(ModelFailure::Broken);
                }
            }
            let end = choice.finish_reason.map(|reason| self.finished(reason));
            if let Some(piece) = choice.delta.content.filter(|piece| !piece.is_empty()) {
                self.first_token = true;
                self.bytes += piece.len();
                self.end = end;
                return Delta::Text(piece);
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn finished(&mut self, reason: FinishReason) -> Delta {
        match (reason, self.calls.take()) {
            (FinishReason::Stop | FinishReason::ToolCalls, Some(calls)) => Delta::Calls(calls),
            (FinishReason::Stop, None) => Delta::Finished,
            _ => Delta::CutOff,
        }
    }

    /// Tokens that came, about.
    pub(super) fn estimated_tokens(&self) -> u64 {
        messages::tokens(self.bytes)
    }

    /// Tokens that the whole request took, if the server says so behind its end.
    pub(super) async fn usage(&mut self) -> Option<u64> {
        let by = Instant::now() + USAGE_WITHIN;
        while self.usage.is_none() {
            match timeout_at(by, self.stream.next()).await {
                Ok(Some(Ok(chunk))) => {
                    self.usage = chunk.usage.map(|usage| u64::from(usage.total_tokens));
                }
                _ => break,
            }
        }
        self.usage
    }

    fn deadline(&self, has_spoken: bool) -> (Instant, &'static str) {
        let first: Duration = self.config.first_token_timeout;
        if !self.first_token {
            (self.due.min(self.begun + first), "first token")
        } else if !has_spoken {
            (self.due.min(self.begun + first * 2), "first sentence")
        } else {
            (self.due, "end")
        }
    }
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
