//! Records that a person should call the caller back.

use std::{sync::Arc, time::Duration};

use call::{
    AuthLevel, Reference, SessionId,
    input::{caller_number, clean_line},
};
use chrono::{DateTime, Days, Local, NaiveTime, TimeZone, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec};

/// The record takes milliseconds, or it does not take anything.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);
/// Characters of a number at most, with what people write between its digits.
pub(crate) const LONGEST_NUMBER: usize = 40;
/// Characters of a time as it was said.
const LONGEST_TIME: usize = 100;
/// Characters of why.
const LONGEST_REASON: usize = 200;
/// Who asks to be called back waits for it: the next day at the latest.
const DUE_IN_DAYS: u32 = 1;

/// Where promises to get back to a caller go on record.
pub trait Callbacks: Send + Sync {
    /// Records the promise, and resolves once it is kept; recording the same key twice leaves one
    /// promise, the first.
    fn record(&self, request: CallbackRequest) -> BoxFuture<'_, Result<(), ToolError>>;
}

/// A promise that a person gets back to the caller: calls them back, or looks into their complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackRequest {
    /// The session it was made in; there may be several in one.
    pub session: SessionId,
    /// The idempotency key of the call that makes it; its [`Reference`] is of this key.
    pub key: Uuid,
    /// What it is: [`CallbackTool::NAME`], or a kind of the pack's.
    pub kind: String,
    /// The customer, if they have authenticated: the company knows their number.
    pub customer: Option<String>,
    /// Where to call: `+` and digits, or digits alone. The number that was asked for, else the one they
    /// called from, a hint and not proof of who they are.
    pub phone: Option<String>,
    /// What it is about, one line.
    pub reason: Option<String>,
    /// When to call, one line, as the caller said it.
    pub wanted: Option<String>,
    /// Before the others.
    pub urgent: bool,
    /// Until when it is to be kept: the end of the day that the caller was told.
    pub due_at: DateTime<Utc>,
}

/// Records a callback for the caller. Its result is `{"reference": "KM482915", "due": "2026-12-02"}`.
pub struct CallbackTool {
    spec: ToolSpec,
    port: Arc<dyn Callbacks>,
}

impl CallbackTool {
    /// Its name, and the kind of its promises.
    pub const NAME: &str = "callback";

    /// Records by way of `port`.
    #[must_use]
    pub fn new(port: Arc<dyn Callbacks>) -> Self {
        let spec = ToolSpec {
            name: Self::NAME.to_owned(),
            description: "Has a person of the company call the caller back.".to_owned(),
            arguments: json!({
                "type": "object",
                "properties": {
                    "phone": phone_schema(),
                    "time": {
                        "type": "string", "minLength": 1, "maxLength": LONGEST_TIME,
                        "description": "When to call, in the caller's own words; leave it out if they named no time."
                    },
                    "reason": {
                        "type": "string", "minLength": 1, "maxLength": LONGEST_REASON,
                        "description": "What it is about, in one line."
                    },
                    "urgent": urgent_schema()
                },
                "additionalProperties": false
            }),
            timeout: TIMEOUT,
            effect: Effect::Idempotent,
            consent: true,
        };
        Self { spec, port }
    }
}

impl Tool for CallbackTool {
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
                kind: Self::NAME,
                phone: asked.phone.as_deref(),
                reason: asked.reason.as_deref(),
                wanted: asked.time.as_deref(),
                urgent: asked.urgent,
                due_in_days: DUE_IN_DAYS,
            };
            promise.record(&call, &*self.port).await
        })
    }
}

#[derive(Deserialize)]
struct Asked {
    phone: Option<String>,
    time: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    urgent: bool,
}

/// What a tool promises.
pub(crate) struct Promise<'a> {
    pub(crate) kind: &'a str,
    pub(crate) phone: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) wanted: Option<&'a str>,
    pub(crate) urgent: bool,
    pub(crate) due_in_days: u32,
}

impl Promise<'_> {
    /// Records it; what the caller is told of it.
    pub(crate) async fn record(
        self,
        call: &ToolCall<'_>,
        port: &dyn Callbacks,
    ) -> Result<Value, ToolError> {
        let phone = match self.phone {
            Some(asked_for) => Some(number(asked_for).ok_or_else(not_a_number)?),
            None => call.caller.phone.clone(),
        };
        let (due, due_at) = due(&Local::now(), self.due_in_days);
        let request = CallbackRequest {
            session: call.session,
            key: call.key,
            kind: self.kind.to_owned(),
            customer: call.caller.customer.clone(),
            phone,
            reason: self.reason.and_then(one_line),
            wanted: self.wanted.and_then(one_line),
            urgent: self.urgent,
            due_at,
        };
        port.record(request).await?;
        Ok(json!({ "reference": Reference::of(call.key).as_str(), "due": due }))
    }
}

/// They match the tool's schema.
pub(crate) fn arguments<'a, T: Deserialize<'a>>(call: &ToolCall<'a>) -> Result<T, ToolError> {
    T::deserialize(call.arguments)
        .map_err(|_| ToolError::Failed("the arguments are not those of the schema".to_owned()))
}

/// How a number may be given; what is one, [`number`] decides.
pub(crate) fn phone_schema() -> Value {
    json!({
        "type": "string", "minLength": 1, "maxLength": LONGEST_NUMBER,
        "description": "The number to call, if it is not the one they call from: digits, with + and the country's code where they gave it."
    })
}

pub(crate) fn urgent_schema() -> Value {
    json!({ "type": "boolean", "description": "Whether it cannot wait its turn." })
}

fn one_line(text: &str) -> Option<String> {
    let line = clean_line(text);
    let words: Vec<&str> = line.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// A number as people write it, of this country too.
fn number(given: &str) -> Option<String> {
    let between = |c: &char| !(c.is_whitespace() || matches!(c, '-' | '.' | '/' | '(' | ')'));
    let national = || given.chars().filter(between).collect::<String>();
    caller_number(given).or_else(|| caller_number(&national()))
}

fn not_a_number() -> ToolError {
    ToolError::Declined("phone is no number: digits are accepted, with + and the country's code in front or without".to_owned())
}

/// The day that many days from now, and when it is over: what is promised "by Wednesday" is late on
/// Thursday.
fn due<Zone: TimeZone>(now: &DateTime<Zone>, days: u32) -> (String, DateTime<Utc>) {
    let today = now.date_naive();
    let day = today
        .checked_add_days(Days::new(days.into()))
        .unwrap_or(today);
    let last_second = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
    let end = day.and_time(last_second);
    // Where clocks skip that second, the same of UTC.
    let end = end.and_local_timezone(now.timezone()).latest();
    let end = end.map_or_else(|| day.and_time(last_second).and_utc(), |end| end.to_utc());
    (day.to_string(), end)
}

#[cfg(test)]
mod tests;
