//! What a tool is, and what it is called with.

use std::{pin::Pin, time::Duration};

use call::{AuthLevel, SessionId};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a tool's call returns: async, and object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something the agent can do for a caller.
pub trait Tool: Send + Sync {
    /// Its name, arguments and limits; always the same.
    fn spec(&self) -> &ToolSpec;

    /// How well a caller must have proved who they are. The registry checks it.
    fn needs(&self) -> AuthLevel;

    /// Does it. The registry has checked everything that [`Self::spec`] and [`Self::needs`] declare,
    /// and drops the future when its time is over or the conversation ends.
    ///
    /// # Errors
    /// [`ToolError`], by what is known about its effect.
    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>>;

    /// What came of the call with this key: its result, or `None` if it is not known there, which does not say that it
    /// will not arrive. Only asked of tools with [`Effect::Status`].
    ///
    /// # Errors
    /// [`ToolError::Declined`] when it arrived and was declined, another when that cannot be found out.
    fn status(&self, _key: Uuid) -> BoxFuture<'_, Result<Option<Value>, ToolError>> {
        Box::pin(async { Err(ToolError::Unclear("it has no status".to_owned())) })
    }
}

/// What is declared about a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// For rows, logs and models: at most 100 bytes.
    pub name: String,
    /// What it does, in a sentence that a model could choose by.
    pub description: String,
    /// The JSON schema of its arguments, an object.
    pub arguments: Value,
    /// How long one call may take.
    pub timeout: Duration,
    /// What it leaves behind.
    pub effect: Effect,
    /// The caller must have agreed to it in so many words.
    pub consent: bool,
}

/// What a call leaves behind, which decides what happens when nobody saw how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may be repeated at will.
    Reads,
    /// The other side honours the idempotency key: it may be repeated under the same key.
    Idempotent,
    /// [`Tool::status`] finds out by the key.
    Status,
    /// Neither: it is never repeated, and an end that nobody saw stays unknown.
    Once,
}

/// One call of a tool.
#[derive(Debug, Clone, Copy)]
pub struct ToolCall<'a> {
    /// The conversation.
    pub session: SessionId,
    /// Number of the caller's turn that asked for it.
    pub seq: i32,
    /// They match the schema.
    pub arguments: &'a Value,
    /// Sent along, so that the other side can detect a repetition.
    pub key: Uuid,
    /// For whom.
    pub caller: &'a ToolCaller,
}

/// The caller a tool is called for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCaller {
    /// The participant's identity in the room.
    pub participant: String,
    /// The number they call from, if it is known; a hint, not proof of who they are.
    pub phone: Option<String>,
    /// The customer's name in the company's systems, if they have authenticated.
    pub customer: Option<String>,
    /// How well they have proved who they are.
    pub level: AuthLevel,
}

/// Why a tool returned no result. The texts are for log and record, and hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolError {
    /// What was asked about does not exist there, such as the customer.
    #[error("it is not known there")]
    NotFound,
    /// The other side declined. The one text that may be about a person: it is told to them, kept sealed, and not logged.
    #[error("declined: {0}")]
    Declined(String),
    /// It went wrong, without an effect that lasts.
    #[error("failed: {0}")]
    Failed(String),
    /// It broke off, and may have had its effect.
    #[error("broke off: {0}")]
    Unclear(String),
}

/// The schema of a tool that takes no arguments.
pub(crate) fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}
