//! Leaves a ticket: something that a person has to look into, by a day that the caller is told.

use std::sync::Arc;

use call::AuthLevel;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    BoxFuture, Callbacks, Effect, Tool, ToolCall, ToolError, ToolSpec,
    callback::{Promise, TIMEOUT, arguments, phone_schema, urgent_schema},
};

/// Characters of a ticket's text at most.
const LONGEST_TEXT: usize = 500;

/// Leaves tickets of one kind. Its result is `{"reference": "KM482915", "due": "2026-12-14"}`.
pub struct TicketTool {
    spec: ToolSpec,
    port: Arc<dyn Callbacks>,
    kind: String,
    due_in_days: u32,
}

impl TicketTool {
    /// The kind of tickets for deeds of which nobody knows whether they were done.
    pub const UNCONFIRMED: &str = "unconfirmed";

    /// A tool of this name that leaves tickets of `kind`, a text id, by way of `port`. A person has until
    /// the end of the day `due_in_days` from then.
    #[must_use]
    pub fn new(port: Arc<dyn Callbacks>, name: &str, kind: &str, due_in_days: u32) -> Self {
        let spec = ToolSpec {
            name: name.to_owned(),
            description: format!(
                "Leaves a ticket ({kind}) with a person of the company, who gets back to the caller within {due_in_days} days."
            ),
            arguments: json!({
                "type": "object",
                "properties": {
                    "kind": { "const": kind },
                    "text": {
                        "type": "string", "minLength": 1, "maxLength": LONGEST_TEXT,
                        "description": "What it is about, in the caller's words."
                    },
                    "phone": phone_schema(),
                    "urgent": urgent_schema()
                },
                "required": ["text"],
                "additionalProperties": false
            }),
            timeout: TIMEOUT,
            effect: Effect::Idempotent,
            consent: false,
        };
        Self {
            spec,
            port,
            kind: kind.to_owned(),
            due_in_days,
        }
    }

    /// The same for callers who agreed to it in so many words.
    #[must_use]
    pub fn with_consent(mut self) -> Self {
        self.spec.consent = true;
        self
    }
}

impl Tool for TicketTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::Anonymous
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            let asked: Asked = arguments(&call)?;
            let promise = Promise {
                kind: &self.kind,
                phone: asked.phone.as_deref(),
                reason: Some(&asked.text),
                wanted: None,
                urgent: asked.urgent,
                due_in_days: self.due_in_days,
            };
            promise.record(&call, &*self.port).await
        })
    }
}

#[derive(Deserialize)]
struct Asked {
    text: String,
    phone: Option<String>,
    #[serde(default)]
    urgent: bool,
}
