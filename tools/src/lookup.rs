//! Asks another system what it knows about a customer, or about the day.

mod address;

use std::collections::BTreeMap;
use std::time::Duration;

use call::AuthLevel;
use outbound::{Client, HeaderName, HostList, Limits, Request, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec,
    company::{Company, authorised, client, failed, keyed, text_fields},
    tool::no_arguments,
};
use address::{Address, is_allowed};

/// A caller is waiting on the line.
const TIMEOUT: Duration = Duration::from_secs(3);
/// What a sentence can say is a few dozen bytes; more is something else.
const LIMITS: Limits = Limits {
    bytes: 4_096,
    time: TIMEOUT,
};
/// Longest value that is put into an address, in characters.
const MAX_VALUE: usize = 100;
/// The placeholder of the customer's name.
const CUSTOMER: &str = "customer";

/// Where a company's systems answer look-ups.
#[derive(Debug, Clone, Default)]
pub struct LookupConfig {
    /// Asked as `GET {url}/{name}?customer=…` for the look-up `name` of a pack; answers a JSON object, or 404 for a
    /// customer it does not know. None: only look-ups with an address of their own are connected.
    pub url: Option<String>,
    /// Sent to `url` as a bearer token.
    pub token: Option<SecretString>,
    /// Hosts that a look-up's own address may name although they have private addresses, and over http.
    pub private_hosts: HostList,
    /// What look-ups with an address of their own may name as their credential, by the setting's name.
    pub tokens: BTreeMap<String, SecretString>,
}

/// One look-up, as a pack declares it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredLookup {
    /// Its name.
    pub name: String,
    /// Only a caller who proved by a code who they are is answered.
    pub needs_proof: bool,
    /// The address's template, `https://desk.example.com/queues/{branch}`; none: the company's systems are asked.
    pub address: Option<String>,
    /// The name of the setting with the token for that address.
    pub credential: Option<String>,
    /// The header that carries it; none: it is a bearer token.
    pub header: Option<String>,
    /// What the address is filled in with, besides the customer's name.
    pub parameters: Vec<String>,
}

/// Why a look-up of a pack is not connected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConnected {
    /// It has no address of its own.
    #[error("lookup {0}: neither LOOKUP_URL nor BACKEND_URL is set")]
    NoSystem(String),
    /// Its credential is not there.
    #[error("lookup {name}: its credential {setting} is not set")]
    NoToken {
        /// The look-up.
        name: String,
        /// The setting.
        setting: String,
    },
    /// Its address may not be asked: a mistake of the pack's or of the settings.
    #[error(
        "lookup {name}: address is {address:?}; accepted: https://, or http:// and a host that LOOKUP_PRIVATE_HOSTS names"
    )]
    Address {
        /// The look-up.
        name: String,
        /// The template.
        address: String,
    },
    /// The header for its token cannot be one.
    #[error("lookup {name}: header is {header:?}; accepted: a header's name, such as x-api-key")]
    Header {
        /// The look-up.
        name: String,
        /// The header.
        header: String,
    },
}

impl NotConnected {
    /// Whether it can only be mended by changing what is there, not by setting what is missing.
    #[must_use]
    pub fn is_mistake(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::Header { .. })
    }
}

/// Asks for what other systems know.
#[derive(Debug, Clone)]
pub struct Lookups {
    /// The company's systems.
    company: Option<Company>,
    http: Client,
    private_hosts: HostList,
    tokens: BTreeMap<String, SecretString>,
}

/// One look-up of a pack.
#[derive(Debug, Clone)]
pub struct LookupTool {
    spec: ToolSpec,
    needs: AuthLevel,
    at: Place,
}

/// Who is asked.
#[derive(Debug, Clone)]
enum Place {
    Company(Company),
    Own(Client, Address),
}

impl Lookups {
    /// Asks the systems of `config`.
    ///
    /// # Errors
    /// When the URL cannot be used or no HTTP client can be made (no TLS roots).
    pub fn new(config: LookupConfig) -> Result<Self, ToolError> {
        let company = config.url.map(|url| Company::new(&url, config.token));
        Ok(Self {
            company: company.transpose()?,
            http: client(config.private_hosts.clone())?,
            private_hosts: config.private_hosts,
            tokens: config.tokens,
        })
    }

    /// A look-up of a pack, as a tool.
    ///
    /// # Errors
    /// [`NotConnected`] where nobody can be asked.
    pub fn tool(&self, declared: &DeclaredLookup) -> Result<LookupTool, NotConnected> {
        let name = declared.name.clone();
        let at = match &declared.address {
            Some(template) => Place::Own(self.http.clone(), self.address(declared, template)?),
            None => Place::Company(self.company.clone().ok_or(NotConnected::NoSystem(name))?),
        };
        let spec = ToolSpec {
            name: declared.name.clone(),
            description: "Finds what another system knows about it.".to_owned(),
            arguments: schema(&declared.parameters),
            timeout: TIMEOUT,
            effect: Effect::Reads,
            consent: false,
        };
        let needs = if declared.needs_proof {
            AuthLevel::OneTimeCode
        } else {
            AuthLevel::Anonymous
        };
        Ok(LookupTool { spec, needs, at })
    }

    fn address(&self, declared: &DeclaredLookup, template: &str) -> Result<Address, NotConnected> {
        let name = || declared.name.clone();
        if !is_allowed(template, |host| self.private_hosts.contains(host)) {
            return Err(NotConnected::Address {
                name: name(),
                address: template.to_owned(),
            });
        }
        let token = declared.credential.as_ref().map(|setting| {
            self.tokens
                .get(setting)
                .cloned()
                .ok_or_else(|| NotConnected::NoToken {
                    name: name(),
                    setting: setting.clone(),
                })
        });
        let header = declared.header.as_ref().map(|header| {
            HeaderName::try_from(header.as_str()).map_err(|_| NotConnected::Header {
                name: name(),
                header: header.clone(),
            })
        });
        Ok(Address {
            template: template.to_owned(),
            header: header.transpose()?,
            token: token.transpose()?,
        })
    }
}

impl LookupTool {
    async fn find(&self, call: ToolCall<'_>) -> Result<Value, ToolError> {
        // A caller whom another system knows by no name has nothing to be found.
        let customer = call.caller.customer.as_deref();
        match &self.at {
            Place::Company(company) => {
                let mut url = company.at(&[&self.spec.name]);
                if self.needs > AuthLevel::Anonymous {
                    let customer = customer.ok_or(ToolError::NotFound)?;
                    url.query_pairs_mut().append_pair(CUSTOMER, customer);
                }
                let request = company.authorised(Request::get(url))?;
                ask(&company.http, request, call.key).await
            }
            Place::Own(http, address) => {
                let value = |name: &str| match name {
                    CUSTOMER => customer,
                    name => call.arguments.get(name)?.as_str(),
                };
                let url = address.with(value).ok_or(ToolError::NotFound)?;
                let header = address.header.as_ref();
                let request = authorised(Request::get(url), address.token.as_ref(), header)?;
                ask(http, request, call.key).await
            }
        }
    }
}

/// The answer is an object whose fields are text: others are left out, numbers are written out. Amounts are best sent
/// as text, which stays as it was written; a JSON number passes through a float.
async fn ask(http: &Client, request: Request, key: Uuid) -> Result<Value, ToolError> {
    let request = keyed(request, key).no_redirects().limits(LIMITS);
    let answer = http.send(request).await.map_err(failed)?;
    let body = match answer.status {
        StatusCode::NOT_FOUND => return Err(ToolError::NotFound),
        StatusCode::OK => answer.body,
        other => return Err(ToolError::Failed(format!("the system answered {other}"))),
    };
    let not_an_object = || ToolError::Failed("the system sent no JSON object".to_owned());
    record(&body).ok_or_else(not_an_object)
}

/// Text for each parameter, and nothing else.
fn schema(parameters: &[String]) -> Value {
    if parameters.is_empty() {
        return no_arguments();
    }
    let text = json!({ "type": "string", "minLength": 1, "maxLength": MAX_VALUE });
    let properties: serde_json::Map<String, Value> = parameters
        .iter()
        .map(|name| (name.clone(), text.clone()))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": parameters,
        "additionalProperties": false,
    })
}

impl Tool for LookupTool {
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

fn record(body: &[u8]) -> Option<Value> {
    let object = serde_json::from_slice(body).ok()?;
    Some(Value::Object(text_fields(object)))
}

#[cfg(test)]
mod tests;
