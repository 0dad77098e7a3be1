//! Leaves a ticket: something that a person has to look into, by a day that the caller is told.

use std::{collections::BTreeMap, sync::Arc};

use call::AuthLevel;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    BoxFuture, Callbacks, Effect, Tool, ToolCall, ToolError, ToolSpec,
    callback::{Promise, TIMEOUT, arguments, phone_schema, urgent_schema},
};

/// Characters of a ticket's text at most.
const LONGEST_TEXT: usize = 500;

/// Leaves tickets. Its result is `{"reference": "KM482915", "due": "2026-12-14"}`.
pub struct TicketTool {
    spec: ToolSpec,
    port: Arc<dyn Callbacks>,
    /// Days that a person has for each kind.
    kinds: BTreeMap<String, u32>,
}

impl TicketTool {
    /// Its name.
    pub const NAME: &str = "ticket";
    /// The kind of tickets for deeds of which nobody knows whether they were done.
    pub const UNCONFIRMED: &str = "unconfirmed";
    /// Days that a person has for those.
    const UNCONFIRMED_DAYS: u32 = 1;

    /// Leaves tickets of these kinds, text ids, by way of `port`, and those of [`Self::UNCONFIRMED`]. A person has until
    /// the end of the day so many days from then.
    #[must_use]
    pub fn new(port: Arc<dyn Callbacks>, mut kinds: BTreeMap<String, u32>) -> Self {
        kinds
            .entry(Self::UNCONFIRMED.to_owned())
            .or_insert(Self::UNCONFIRMED_DAYS);
        let names: Vec<&String> = kinds.keys().collect();
        let spec = ToolSpec {
            name: Self::NAME.to_owned(),
            description:
                "Leaves a ticket with a person of the company, who gets back to the caller."
                    .to_owned(),
            arguments: json!({
                "type": "object",
                "properties": {
                    "kind": { "enum": names },
                    "text": {
                        "type": "string", "minLength": 1, "maxLength": LONGEST_TEXT,
                        "description": "What it is about, in the caller's words."
                    },
                    "phone": phone_schema(),
                    "urgent": urgent_schema()
                },
                "required": ["kind", "text"],
                "additionalProperties": false
            }),
            timeout: TIMEOUT,
            effect: Effect::Idempotent,
            consent: false,
        };
        Self { spec, port, kinds }
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
            let due_in_days = self.kinds.get(&asked.kind).copied();
            let promise = Promise {
                kind: &asked.kind,
                phone: asked.phone.as_deref(),
                reason: Some(&asked.text),
                wanted: None,
                urgent: asked.urgent,
                due_in_days: due_in_days.unwrap_or(Self::UNCONFIRMED_DAYS),
            };
            promise.record(&call, &*self.port).await
        })
    }
}

#[derive(Deserialize)]
struct Asked {
    kind: String,
    text: String,
    phone: Option<String>,
    #[serde(default)]
    urgent: bool,
}
