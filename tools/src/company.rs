//! The company's own systems: where they are, and how they are asked.

use outbound::{Answer, Client, HeaderName, HeaderValue, HostList, OutboundError, Settings, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::ToolError;

/// Names a call in a request; an answer that names one is an answer to that call.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Systems at one address.
#[derive(Debug, Clone)]
pub(crate) struct Company {
    url: Url,
    token: Option<SecretString>,
    pub(crate) http: Client,
}

impl Company {
    /// The systems at `url`, whose host may have a private address.
    ///
    /// # Errors
    /// When the URL cannot be used or no HTTP client can be made (no TLS roots).
    pub(crate) fn new(url: &str, token: Option<SecretString>) -> Result<Self, ToolError> {
        let failed = |error: &dyn std::fmt::Display| ToolError::Failed(error.to_string());
        let url = Url::parse(url).map_err(|error| failed(&error))?;
        let host = url.host_str().ok_or_else(|| {
            ToolError::Failed("the address of the systems has no host".to_owned())
        })?;
        // A company's systems lie in its own network, and whoever set this URL allowed its host by name: for this URL,
        // not for what a pack names.
        let own = HostList::new([host]).map_err(|error| failed(&error))?;
        Ok(Self {
            http: client(own)?,
            token,
            url,
        })
    }

    /// The address below the systems' own with these parts, each of them one segment whatever it holds.
    pub(crate) fn at(&self, parts: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    /// The request with the systems' token, if they have one.
    pub(crate) fn authorised(
        &self,
        request: outbound::Request,
    ) -> Result<outbound::Request, ToolError> {
        authorised(request, self.token.as_ref(), None)
    }
}

/// A client that may ask these hosts at private addresses.
pub(crate) fn client(private_hosts: HostList) -> Result<Client, ToolError> {
    let settings = Settings {
        private_hosts,
        ..Settings::default()
    };
    Client::new(settings).map_err(|error| ToolError::Failed(error.to_string()))
}

/// With the token, where there is one.
pub(crate) fn authorised(
    request: outbound::Request,
    token: Option<&SecretString>,
    header: Option<&HeaderName>,
) -> Result<outbound::Request, ToolError> {
    let Some(token) = token else {
        return Ok(request);
    };
    match header {
        None => request.bearer(token.expose_secret()).map_err(failed),
        Some(header) => {
            let mut value = HeaderValue::try_from(token.expose_secret())
                .map_err(|_| ToolError::Failed("the token fits into no header".to_owned()))?;
            value.set_sensitive(true);
            Ok(request.header(header.clone(), value))
        }
    }
}

/// With the key of its call.
pub(crate) fn keyed(request: outbound::Request, key: Uuid) -> outbound::Request {
    match HeaderValue::try_from(key.to_string()) {
        Ok(value) => request.header(IDEMPOTENCY_KEY, value),
        Err(_) => request,
    }
}

/// Whether an answer says itself that it belongs to another call.
pub(crate) fn is_of_another_call(answer: &Answer, key: Uuid) -> bool {
    let named = answer.header(IDEMPOTENCY_KEY);
    named.is_some_and(|named| Uuid::try_parse(named) != Ok(key))
}

/// A JSON object whose fields are text: numbers are written out, other fields are left out.
pub(crate) fn text_fields(object: Map<String, Value>) -> Map<String, Value> {
    let text = |value| match value {
        Value::String(text) => Some(Value::String(text)),
        Value::Number(number) => Some(Value::String(number.to_string())),
        _ => None,
    };
    let fields = object.into_iter();
    fields
        .filter_map(|(key, value)| Some((key, text(value)?)))
        .collect()
}

/// No error of these names the customer or what was asked: of a URL they show the host alone.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub(crate) fn failed(error: OutboundError) -> ToolError {
    ToolError::Failed(error.to_string())
}
