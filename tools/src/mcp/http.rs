//! The streamable HTTP transport over the product's own client: every address is judged before it is connected to, and an
//! answer has its limits of size and time. Nothing is received that was not asked for: a server has no stream of its own.

use std::{collections::HashMap, sync::Arc};

use futures_util::stream::BoxStream;
use outbound::{
    Answer, Client, HeaderName, HeaderValue, Limits, OutboundError, Request, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE},
};
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_client::{
        HttpStatusError, SseError, StreamableHttpClient, StreamableHttpError,
        StreamableHttpPostResponse,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use sse_stream::Sse;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const EVENTS: &str = "text/event-stream";

/// Asks one server.
#[derive(Debug, Clone)]
pub(super) struct Http {
    pub(super) client: Client,
    pub(super) url: Url,
    pub(super) token: Option<SecretString>,
    pub(super) limits: Limits,
}

type Failed = StreamableHttpError<OutboundError>;

impl Http {
    async fn send(
        &self,
        request: Request,
        session: Option<&str>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<Answer, Failed> {
        let both = HeaderValue::from_static("application/json, text/event-stream");
        let mut request = request.header(ACCEPT, both).limits(self.limits);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(session) = session {
            let unusable = || StreamableHttpError::UnexpectedServerResponse("its session".into());
            let value = HeaderValue::try_from(session).map_err(|_| unusable())?;
            request = request.header(SESSION, value);
        }
        if let Some(token) = &self.token {
            request = request
                .bearer(token.expose_secret())
                .map_err(Failed::Client)?;
        }
        self.client.send(request).await.map_err(Failed::Client)
    }
}

impl StreamableHttpClient for Http {
    type Error = OutboundError;

    async fn post_message(
        &self,
        _: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        _: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let body = serde_json::to_vec(&message)?;
        let is_request = matches!(message, ClientJsonRpcMessage::Request(_));
        let request = Request::post_json(self.url.clone(), body).until(is_answered);
        let answer = self.send(request, session.as_deref(), headers).await?;
        match answer.status {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => {
                return Ok(StreamableHttpPostResponse::Accepted);
            }
            StatusCode::OK if !is_request => return Ok(StreamableHttpPostResponse::Accepted),
            StatusCode::OK => {}
            StatusCode::NOT_FOUND if session.is_some() => return Err(Failed::SessionExpired),
            status => return Err(HttpStatusError::new(status.as_u16(), None).into()),
        }
        let session = answer.header(SESSION).map(str::to_owned);
        let none = || StreamableHttpError::UnexpectedServerResponse("it is no answer".into());
        let answered = message_of(&answer).ok_or_else(none)?;
        Ok(StreamableHttpPostResponse::Json(answered, session))
    }

    async fn delete_session(
        &self,
        _: Arc<str>,
        session: Arc<str>,
        _: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failed> {
        let request = Request::delete(self.url.clone());
        self.send(request, Some(&session), headers).await.map(drop)
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

/// The message that answers: the body, or the first event that is an answer.
fn message_of(answer: &Answer) -> Option<ServerJsonRpcMessage> {
    let kind = answer
        .header(CONTENT_TYPE)
        .unwrap_or_default()
        .to_lowercase();
    if !kind.starts_with(EVENTS) {
        return serde_json::from_slice(&answer.body).ok();
    }
    let event = events(&answer.body).find(|data| is_answer(data))?;
    serde_json::from_str(&event).ok()
}

/// Ends of an event.
const BLANKS: [&[u8]; 3] = [b"\n\n", b"\r\n\r\n", b"\r\r"];

/// Whether a body that is still arriving has the event that was waited for, in what is not `seen` yet. There is one request
/// to a body. Each event is looked at once, when it is whole.
fn is_answered(body: &[u8], seen: usize) -> bool {
    let ends_at = |end: usize| BLANKS.iter().any(|blank| body[..end].ends_with(blank));
    if body.starts_with(b"{") || !ends_at(body.len()) {
        return false;
    }
    let from = (0..=seen).rev().find(|end| ends_at(*end));
    events(&body[from.unwrap_or_default()..]).any(|data| is_answer(&data))
}

fn is_answer(data: &str) -> bool {
    let message: Option<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(data).ok();
    message.is_some_and(|message| message.contains_key("result") || message.contains_key("error"))
}

/// The data of each event of a stream.
fn events(body: &[u8]) -> impl Iterator<Item = String> {
    let text = String::from_utf8_lossy(body)
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    let events: Vec<String> = text
        .split("\n\n")
        .map(|event| {
            let data = event.lines().filter_map(|line| line.strip_prefix("data:"));
            let data: Vec<&str> = data
                .map(|data| data.strip_prefix(' ').unwrap_or(data))
                .collect();
            data.join("\n")
        })
        .filter(|data| !data.is_empty())
        .collect();
    events.into_iter()
}
