//! Asks another system what it knows about a customer.

use std::time::Duration;

use call::AuthLevel;
use outbound::{
    Client, HeaderName, HeaderValue, HostList, Limits, OutboundError, Request, Settings,
    StatusCode, Url,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use uuid::Uuid;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec, tool::no_arguments};

/// A caller is waiting on the line.
const TIMEOUT: Duration = Duration::from_secs(3);
/// What a sentence can say is a few dozen bytes; more is something else.
const LIMITS: Limits = Limits {
    bytes: 4_096,
    time: TIMEOUT,
};

/// Where a company's systems answer look-ups.
#[derive(Debug, Clone)]
pub struct LookupConfig {
    /// Asked as `GET {url}/{name}?customer=…` for the look-up `name` of a pack; answers a JSON object, or 404 for a
    /// customer it does not know.
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
}

/// Asks for what is known about customers.
#[derive(Debug, Clone)]
pub struct Lookups {
    url: Url,
    token: Option<SecretString>,
    http: Client,
}

/// One look-up of a pack.
#[derive(Debug, Clone)]
pub struct LookupTool {
    spec: ToolSpec,
    lookups: Lookups,
}

impl Lookups {
    /// Asks the systems of `config`.
    ///
    /// # Errors
    /// When the URL cannot be used or no HTTP client can be made (no TLS roots).
    pub fn new(config: LookupConfig) -> Result<Self, ToolError> {
        let failed = |error: &dyn std::fmt::Display| ToolError::Failed(error.to_string());
        let url = Url::parse(&config.url).map_err(|error| failed(&error))?;
        let Some(host) = url.host_str() else {
            return Err(ToolError::Failed(
                "the look-up's URL has no host".to_owned(),
            ));
        };
        // A company's systems lie in its own network, and whoever set this URL allowed its host by name.
        let http = Client::new(Settings {
            private_hosts: HostList::new([host]).map_err(|error| failed(&error))?,
            ..Settings::default()
        });
        Ok(Self {
            http: http.map_err(|error| failed(&error))?,
            url,
            token: config.token,
        })
    }

    /// The look-up of this name, as a tool.
    #[must_use]
    pub fn tool(&self, name: &str) -> LookupTool {
        let spec = ToolSpec {
            name: name.to_owned(),
            description: "Finds what the company's systems know about the customer.".to_owned(),
            arguments: no_arguments(),
            timeout: TIMEOUT,
            effect: Effect::Reads,
            consent: false,
        };
        LookupTool {
            spec,
            lookups: self.clone(),
        }
    }

    /// The answer is an object whose fields are text: others are left out, numbers are written out.
    /// Amounts are best sent as text, which stays as it was written; a JSON number passes through a
    /// float.
    async fn find(&self, name: &str, customer: &str, key: Uuid) -> Result<Value, ToolError> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(name);
        }
        url.query_pairs_mut().append_pair("customer", customer);
        // No error of these names the customer: of a URL they show the host alone.
        let failed = |error: OutboundError| ToolError::Failed(error.to_string());
        let mut request = Request::get(url).no_redirects().limits(LIMITS);
        if let Ok(key) = HeaderValue::try_from(key.to_string()) {
            request = request.header(HeaderName::from_static("idempotency-key"), key);
        }
        if let Some(token) = &self.token {
            request = request.bearer(token.expose_secret()).map_err(failed)?;
        }
        let answer = self.http.send(request).await.map_err(failed)?;
        let body = match answer.status {
            StatusCode::NOT_FOUND => return Err(ToolError::NotFound),
            StatusCode::OK => answer.body,
            other => return Err(ToolError::Failed(format!("the system answered {other}"))),
        };
        let not_an_object = || ToolError::Failed("the system sent no JSON object".to_owned());
        record(&body).ok_or_else(not_an_object)
    }
}

impl Tool for LookupTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        AuthLevel::OneTimeCode
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        Box::pin(async move {
            // A caller whom another system knows by no name has nothing to be found.
            let customer = call.caller.customer.as_deref().ok_or(ToolError::NotFound)?;
            self.lookups.find(&self.spec.name, customer, call.key).await
        })
    }
}

fn record(body: &[u8]) -> Option<Value> {
    let object: serde_json::Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |value| match value {
        Value::String(text) => Some(Value::String(text)),
        Value::Number(number) => Some(Value::String(number.to_string())),
        _ => None,
    };
    let fields = object.into_iter();
    Some(
        fields
            .filter_map(|(key, value)| Some((key, text(value)?)))
            .collect(),
    )
}

#[cfg(test)]
mod tests;
