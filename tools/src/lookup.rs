//! Asks another system what it knows about a customer.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};

use crate::{BoxFuture, Outcome, Tool, ToolCaller, ToolError};

/// A caller is waiting on the line.
const TIMEOUT: Duration = Duration::from_secs(3);
/// What a sentence can say is a few dozen bytes; more is something else.
const MAX_BODY: usize = 4_096;

/// Where a company's systems answer look-ups.
#[derive(Debug, Clone)]
pub struct LookupConfig {
    /// Asked as `GET {url}/{name}?customer=…` for the look-up `name` of a pack; answers a JSON object, or 404 for a
    /// customer it does not know.
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
}

/// What a system answered: the fields of its JSON object, as text. Fields that are neither text nor numbers are left
/// out. Amounts are best sent as text, which stays as it was written; a JSON number passes through a float.
pub type Record = BTreeMap<String, String>;

/// Asks for what is known about customers.
#[derive(Debug, Clone)]
pub struct Lookups {
    url: Url,
    token: Option<SecretString>,
    http: reqwest::Client,
}

/// One look-up of a pack.
#[derive(Debug, Clone)]
pub struct LookupTool {
    name: String,
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
        if url.cannot_be_a_base() {
            return Err(ToolError::Failed(
                "the look-up's URL has no host".to_owned(),
            ));
        }
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            url,
            token: config.token,
            http: http.build().map_err(|error| failed(&error))?,
        })
    }

    /// The look-up of this name, as a tool.
    #[must_use]
    pub fn tool(&self, name: &str) -> LookupTool {
        LookupTool {
            name: name.to_owned(),
            lookups: self.clone(),
        }
    }

    /// What the look-up `name` finds for an authenticated customer.
    ///
    /// # Errors
    /// [`ToolError::Unknown`] for a customer that the system does not know, [`ToolError::Failed`] when it
    /// does not answer, or answers with anything but a JSON object.
    pub async fn find(&self, name: &str, customer: &str) -> Result<Record, ToolError> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(name);
        }
        let mut request = self.http.get(url).query(&[("customer", customer)]);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        // `without_url`: the URL names the customer.
        let failed = |error: reqwest::Error| ToolError::Failed(error.without_url().to_string());
        let mut response = request.send().await.map_err(failed)?;
        match response.status() {
            StatusCode::NOT_FOUND => return Err(ToolError::Unknown),
            StatusCode::OK => {}
            other => return Err(ToolError::Failed(format!("the system answered {other}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(ToolError::Failed("the system sent too much".to_owned()));
            }
        }
        let not_an_object = || ToolError::Failed("the system sent no JSON object".to_owned());
        record(&body).ok_or_else(not_an_object)
    }
}

impl Tool for LookupTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &'static str {
        "Finds what the company's systems know about an authenticated customer."
    }

    fn call<'a>(&'a self, caller: &'a ToolCaller) -> BoxFuture<'a, Result<Outcome, ToolError>> {
        Box::pin(async move {
            let customer = caller
                .customer
                .as_deref()
                .ok_or(ToolError::NotAuthenticated)?;
            let found = self.lookups.find(&self.name, customer).await?;
            Ok(Outcome::Found(found))
        })
    }
}

fn record(body: &[u8]) -> Option<Record> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    let text = |value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
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
