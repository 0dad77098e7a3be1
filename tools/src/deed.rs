//! Has something done by the company's systems, and asks them what can be chosen from.

mod answer;

use std::time::Duration;

use call::{AuthLevel, input::strict_line};
use outbound::{HeaderName, HeaderValue, Limits, Request, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec,
    company::{Company, failed, is_of_another_call, keyed},
};

/// How much of an answer is taken.
const MAX_ANSWER: usize = 64 * 1024;
/// The registry ends a call when its time is over; a request that nobody ended goes on for this much longer.
const GRACE: Duration = Duration::from_secs(1);
/// Longest name of a deed, in characters.
const MAX_NAME: usize = 60;

/// Where a company's systems do what callers ask for.
#[derive(Debug, Clone)]
pub struct DeedConfig {
    /// Asked as `POST {url}/{name}`.
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
    /// How long one request may take.
    pub time: Duration,
}

impl DeedConfig {
    /// What `time` is unless somebody knows better: a caller is waiting on the line.
    pub const TIME: Duration = Duration::from_secs(5);
}

/// One deed, as a pack declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredDeed {
    /// Its name: lower-case letters, digits and `_`, at most 60.
    pub name: String,
    /// What it does, in a sentence that a model could choose by.
    pub description: String,
    /// Only a caller who proved by a code who they are has it done.
    pub needs_proof: bool,
    /// The caller must have agreed to it in so many words.
    pub consent: bool,
    /// The JSON schema of its arguments, an object.
    pub arguments: Value,
    /// What the systems promise about a request that comes twice; not [`Effect::Reads`].
    pub effect: Effect,
}

/// Something that can be chosen from, such as free times, as a pack declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeclaredOptions {
    /// Its name, as a deed's.
    pub name: String,
    /// What is found, in a sentence that a model could choose by.
    pub description: String,
    /// Only a caller who proved by a code who they are is answered.
    pub needs_proof: bool,
    /// The JSON schema of its arguments, an object whose properties are text, numbers, true or false.
    pub arguments: Value,
}

/// What is wrong with a declared deed; a mistake of the pack's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongDeed {
    /// It cannot stand in an address.
    #[error(
        "deed {0:?}: accepted as its name: lower-case letters, digits and _, at most 60, such as renew_book"
    )]
    Name(String),
    /// Its arguments have no valid schema.
    #[error("deed {name}: the schema of its arguments is invalid: {reason}")]
    Arguments {
        /// The deed.
        name: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// It leaves nothing behind.
    #[error(
        "deed {0}: it only reads, so it is a look-up; accepted as its effect: idempotent, status, once"
    )]
    Reads(String),
}

/// Has things done by the company's systems. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Deeds {
    company: Company,
    time: Duration,
}

/// One deed of a pack.
///
/// ```text
/// POST {url}/renew_book             Idempotency-Key: <uuid>    Authorization: Bearer <token>
/// {"customer": "ana", "arguments": {"book": "4711"}, "session": "<uuid>"}
///
/// 200, 201  a JSON object           done; its texts and numbers are the result, and `options`
/// 404                               the customer, or the deed, is not known there
/// 409, 422  {"reason": "…"}         declined
/// ```
///
/// Another answer of the 4xx kind says that it was not done. Any other answer, a broken one, and none leave open whether
/// it was done: the registry goes on by the deed's [`Effect`]. An answer with the header `Idempotency-Key` of another
/// call is none. `GET {url}/{name}/calls/{key}` is asked for [`Effect::Status`] and answers as the request would have, or
/// 404 where that is not known.
#[derive(Debug, Clone)]
pub struct DeedTool {
    spec: ToolSpec,
    needs: AuthLevel,
    deeds: Deeds,
}

/// What can be chosen from, at the company's systems.
///
/// ```text
/// GET {url}/free_rooms?customer=ana&day=2026-12-01             Authorization: Bearer <token>
/// {"options": [{"value": "r12", "spoken": "the blue room"}, {"value": "r14"}]}
/// ```
///
/// The result is `{"options": […]}` with texts alone; 404 says that there is nothing of that kind.
#[derive(Debug, Clone)]
pub struct OptionsTool {
    spec: ToolSpec,
    needs: AuthLevel,
    deeds: Deeds,
}

impl Deeds {
    /// Asks the systems of `config`.
    ///
    /// # Errors
    /// When the URL cannot be used or no HTTP client can be made (no TLS roots).
    pub fn new(config: DeedConfig) -> Result<Self, ToolError> {
        Ok(Self {
            company: Company::new(&config.url, config.token)?,
            time: config.time,
        })
    }

    /// A deed of a pack, as a tool.
    ///
    /// # Errors
    /// [`WrongDeed`], which a pack's author can mend.
    pub fn tool(&self, declared: &DeclaredDeed) -> Result<DeedTool, WrongDeed> {
        check(&declared.name, &declared.arguments)?;
        if declared.effect == Effect::Reads {
            return Err(WrongDeed::Reads(declared.name.clone()));
        }
        Ok(DeedTool {
            spec: ToolSpec {
                name: declared.name.clone(),
                description: declared.description.clone(),
                arguments: declared.arguments.clone(),
                timeout: self.time,
                effect: declared.effect,
                consent: declared.consent,
            },
            needs: level(declared.needs_proof),
            deeds: self.clone(),
        })
    }

    /// What can be chosen from, as a tool.
    ///
    /// # Errors
    /// [`WrongDeed`], which a pack's author can mend.
    pub fn options(&self, declared: &DeclaredOptions) -> Result<OptionsTool, WrongDeed> {
        check(&declared.name, &declared.arguments)?;
        Ok(OptionsTool {
            spec: ToolSpec {
                name: declared.name.clone(),
                description: declared.description.clone(),
                arguments: declared.arguments.clone(),
                timeout: self.time,
                effect: Effect::Reads,
                consent: false,
            },
            needs: level(declared.needs_proof),
            deeds: self.clone(),
        })
    }

    fn limits(&self) -> Limits {
        Limits {
            bytes: MAX_ANSWER,
            time: self.time + GRACE,
        }
    }

    /// The request as all of a deed's are sent: on a connection of its own. One that was used before may be closed by the
    /// other side at the moment when it is used again, and then nobody knows whether the request arrived.
    fn prepared(&self, request: Request, key: Uuid) -> Result<Request, ToolError> {
        let request = self.company.authorised(keyed(request, key))?;
        let close = HeaderValue::from_static("close");
        let request = request.header(HeaderName::from_static("connection"), close);
        Ok(request.no_redirects().limits(self.limits()))
    }
}

impl DeedTool {
    async fn carry_out(&self, call: ToolCall<'_>) -> Result<Value, ToolError> {
        let customer = customer(&call, self.needs)?;
        let body = json!({
            "customer": customer,
            "arguments": call.arguments,
            "session": call.session.0,
        });
        let url = self.deeds.company.at(&[&self.spec.name]);
        let request = Request::post_json(url, body.to_string().into_bytes());
        let request = self.deeds.prepared(request, call.key)?;
        let sent = self.deeds.company.http.send(request).await;
        let answer = sent.map_err(|error| match error.is_unsent() {
            true => ToolError::Failed(error.to_string()),
            false => ToolError::Unclear(error.to_string()),
        })?;
        if is_of_another_call(&answer, call.key) {
            return Err(ToolError::Unclear(
                "it is the answer to another call".to_owned(),
            ));
        }
        answer::of_deed(answer.status, &answer.body)
    }

    async fn find_out(&self, key: Uuid) -> Result<Option<Value>, ToolError> {
        let text = key.to_string();
        let url = self.deeds.company.at(&[&self.spec.name, "calls", &text]);
        let request = self.deeds.prepared(Request::get(url), key)?;
        let sent = self.deeds.company.http.send(request).await;
        let answer = sent.map_err(|error| ToolError::Unclear(error.to_string()))?;
        if is_of_another_call(&answer, key) {
            return Err(ToolError::Unclear(
                "it is the status of another call".to_owned(),
            ));
        }
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status => answer::of_deed(status, &answer.body).map(Some),
        }
    }
}

impl OptionsTool {
    async fn find(&self, call: ToolCall<'_>) -> Result<Value, ToolError> {
        let mut url = self.deeds.company.at(&[&self.spec.name]);
        if let Some(customer) = customer(&call, self.needs)? {
            url.query_pairs_mut().append_pair("customer", customer);
        }
        for (name, value) in call.arguments.as_object().into_iter().flatten() {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => continue,
            };
            url.query_pairs_mut().append_pair(name, &text);
        }
        let request = self.deeds.prepared(Request::get(url), call.key)?;
        let answer = self
            .deeds
            .company
            .http
            .send(request)
            .await
            .map_err(failed)?;
        match answer.status {
            StatusCode::NOT_FOUND => Err(ToolError::NotFound),
            StatusCode::OK => answer::of_options(&answer.body),
            other => Err(ToolError::Failed(format!("the system answered {other}"))),
        }
    }
}

/// The customer's name there. A caller whom the systems know by no name has nothing done that needs one.
fn customer<'a>(call: &ToolCall<'a>, needs: AuthLevel) -> Result<Option<&'a str>, ToolError> {
    match call.caller.customer.as_deref() {
        None if needs > AuthLevel::Anonymous => Err(ToolError::NotFound),
        customer => Ok(customer),
    }
}

fn level(needs_proof: bool) -> AuthLevel {
    match needs_proof {
        true => AuthLevel::OneTimeCode,
        false => AuthLevel::Anonymous,
    }
}

/// The name is a part of an address, and the arguments are checked before each call.
fn check(name: &str, arguments: &Value) -> Result<(), WrongDeed> {
    let in_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if strict_line(name, MAX_NAME) != Ok(name) || !name.chars().all(in_a_name) {
        return Err(WrongDeed::Name(name.to_owned()));
    }
    match jsonschema::validator_for(arguments) {
        Ok(_) => Ok(()),
        Err(error) => Err(WrongDeed::Arguments {
            name: name.to_owned(),
            reason: error.to_string(),
        }),
    }
}

impl Tool for DeedTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        self.needs
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(self.carry_out(call))
    }

    fn status(&self, key: Uuid) -> BoxFuture<'_, Result<Option<Value>, ToolError>> {
        Box::pin(self.find_out(key))
    }
}

impl Tool for OptionsTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        self.needs
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(self.find(call))
    }
}

#[cfg(test)]
mod tests;
