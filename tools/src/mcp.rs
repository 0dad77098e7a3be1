//! Tools of MCP servers, by the operator's list: which may be called, how they are called here, and which of their arguments
//! are fixed.
//!
//! A server is believed nothing. Of its list only the structure of the listed tools' arguments is taken; it is looked at
//! again in the session of each call, and a tool whose schema changed, or that is gone, is called no more. All it answers
//! is material, within limits of size and time. Only what reads is called: what is done for a caller is a task of the pack.

mod http;
mod listed;
mod schema;
mod session;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use call::AuthLevel;
use futures_util::future::join_all;
use rmcp::model::{CallToolResult, ToolAnnotations};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use crate::{BoxFuture, Effect, Tool, ToolCall, ToolError, ToolSpec};
use listed::CUSTOMER;
pub use listed::{ListedTool, McpFile, McpProof, McpServer, TOKENS as MCP_TOKENS, WrongMcp};
use schema::{Taken, taken};
use session::Server;

/// A server that says in so long what it offers is there.
const MEETING: Duration = Duration::from_secs(5);
/// The registry ends a call when its time is over; a request that nobody ended goes on for this much longer.
const GRACE: Duration = Duration::from_secs(1);
/// Longest reason of a tool that is told, in characters.
const MAX_REASON: usize = 300;

/// The servers of a file; cheap to clone. All clones know the same of them.
#[derive(Clone)]
pub struct Mcp {
    entries: Arc<Vec<Entry>>,
}

/// A listed tool, and what is known of it.
struct Entry {
    listed: ListedTool,
    server: Arc<Server>,
    seen: Mutex<Seen>,
}

/// What is known of a listed tool.
#[derive(Clone, Default)]
struct Seen {
    /// As its server described it first.
    first: Option<Arc<Taken>>,
    /// It is as it was then.
    is_ready: bool,
    /// Why it was refused last: said once, however often it is asked after.
    reason: Option<String>,
}

/// What became of a listed tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// Its name here.
    pub tool: String,
    /// Its server's.
    pub server: String,
    /// The SHA-256 of the schema of its arguments, or why it cannot be used.
    pub schema: Result<String, String>,
}

impl Seen {
    fn learn(&mut self, taken: Arc<Taken>) {
        *self = Self {
            first: Some(taken),
            is_ready: true,
            reason: None,
        };
    }
}

impl fmt::Debug for Mcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.entries.iter().map(|entry| &entry.listed.name);
        f.debug_tuple("Mcp")
            .field(&names.collect::<Vec<_>>())
            .finish()
    }
}

impl Mcp {
    /// The servers of `file`, none of which is asked anything yet. `tokens`: by the names of their settings.
    ///
    /// # Errors
    /// The first mistake in the file, or no HTTP client can be made (no TLS roots).
    pub fn new(file: &McpFile, tokens: &BTreeMap<String, SecretString>) -> Result<Self, McpError> {
        file.check(tokens)?;
        let mut servers = BTreeMap::new();
        for declared in &file.servers {
            let token = declared
                .credential
                .as_ref()
                .and_then(|name| tokens.get(name));
            let server = Server::new(declared, token.cloned())?;
            servers.insert(&*declared.name, Arc::new(server));
        }
        let entries = file.tools.iter().filter_map(|listed| {
            Some(Entry {
                listed: listed.clone(),
                server: Arc::clone(servers.get(&*listed.server)?),
                seen: Mutex::default(),
            })
        });
        Ok(Self {
            entries: Arc::new(entries.collect()),
        })
    }

    /// Asks the servers what they offer, as far as that is not known. Says in the log what became of each tool (one that
    /// cannot be used is an error there) and returns it, in the order of the file. Takes 5 s at most.
    pub async fn meet(&self) -> Vec<Met> {
        let mut servers: Vec<&Arc<Server>> = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.seen().is_ready) {
            if servers.iter().all(|known| known.name != entry.server.name) {
                servers.push(&entry.server);
            }
        }
        let meetings = servers.iter().map(|server| self.meet_one(server));
        join_all(meetings).await.into_iter().flatten().collect()
    }

    async fn meet_one(&self, server: &Server) -> Vec<Met> {
        let asked = async {
            let session = server.open(MEETING).await?;
            session.tools().await
        };
        let late = || ToolError::Failed(format!("no answer within {} s", MEETING.as_secs()));
        let offered = timeout(MEETING, asked)
            .await
            .unwrap_or_else(|_| Err(late()));
        let own = |entry: &&Entry| entry.server.name == server.name && !entry.seen().is_ready;
        let met = self.entries.iter().filter(own).map(|entry| {
            let judged = match &offered {
                Ok(offered) => entry.judge(offered),
                Err(error) => Err(error.to_string()),
            };
            let (tool, server) = (&entry.listed.name, &server.name);
            let schema = match judged {
                Ok(taken) => {
                    let schema = taken.digest.clone();
                    tracing::info!(tool, server, schema, "a tool of an MCP server is there");
                    entry.seen().learn(taken);
                    Ok(schema)
                }
                Err(reason) => {
                    entry.refuse(&reason);
                    Err(reason)
                }
            };
            Met {
                tool: tool.clone(),
                server: server.clone(),
                schema,
            }
        });
        met.collect()
    }

    /// The tools that are as they were seen first.
    #[must_use]
    pub fn tools(&self) -> Vec<McpTool> {
        let count = self.entries.len();
        (0..count).filter_map(|place| self.tool(place)).collect()
    }

    fn tool(&self, place: usize) -> Option<McpTool> {
        let entry = &self.entries[place];
        let seen = entry.seen().clone();
        let taken = seen.first.filter(|_| seen.is_ready)?;
        let listed = &entry.listed;
        let needs = match listed.proof {
            McpProof::None => AuthLevel::Anonymous,
            McpProof::Code => AuthLevel::OneTimeCode,
        };
        Some(McpTool {
            spec: ToolSpec {
                name: listed.name.clone(),
                description: listed.does.clone(),
                arguments: taken.arguments.clone(),
                timeout: Duration::from_secs(listed.seconds),
                effect: Effect::Reads,
                consent: false,
            },
            needs,
            mcp: self.clone(),
            place,
        })
    }
}

/// Why no servers can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum McpError {
    /// A mistake in the file.
    #[error(transparent)]
    Wrong(#[from] WrongMcp),
    /// No client.
    #[error(transparent)]
    Client(#[from] ToolError),
}

impl Entry {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server offers under the listed name, if that is what it was, and what the file says.
    fn judge(&self, offered: &[rmcp::model::Tool]) -> Result<Arc<Taken>, String> {
        let mut named = offered
            .iter()
            .filter(|tool| tool.name == self.listed.offered);
        let tool = named.next().ok_or("its server does not offer it")?;
        if named.next().is_some() {
            return Err("its server offers two of that name".to_owned());
        }
        if tool.annotations.as_ref().is_some_and(writes) {
            return Err(
                "its server says that it changes something: only what reads is called".to_owned(),
            );
        }
        let taken = taken(&tool.input_schema, &self.listed.pinned)?;
        let first = self.seen().first.as_ref().map(|first| first.digest.clone());
        let known = self
            .listed
            .schema
            .as_ref()
            .map(|digest| digest.to_lowercase())
            .or(first);
        if known.is_some_and(|known| known != taken.digest) {
            return Err(format!("its schema changed; it is now {}", taken.digest));
        }
        Ok(Arc::new(taken))
    }

    fn refuse(&self, reason: &str) {
        let mut seen = self.seen();
        seen.is_ready = false;
        let before = seen.reason.replace(reason.to_owned());
        drop(seen);
        if before.as_deref() != Some(reason) {
            let (tool, server) = (&self.listed.name, &self.server.name);
            tracing::error!(tool, server, reason, "a tool of an MCP server is refused");
        }
    }

    async fn ask(&self, call: &ToolCall<'_>) -> Result<Value, ToolError> {
        let arguments = self.arguments(call)?;
        let session = self
            .server
            .open(Duration::from_secs(self.listed.seconds) + GRACE)
            .await?;
        let offered = session.tools().await?;
        if let Err(reason) = self.judge(&offered) {
            self.refuse(&reason);
            return Err(ToolError::Failed(reason));
        }
        let result = session.call(&self.listed.offered, arguments).await?;
        found(result, self.listed.bytes)
    }

    /// What the model gave and what is pinned; the pinned ones last, so that nothing takes their place.
    fn arguments(&self, call: &ToolCall<'_>) -> Result<Map<String, Value>, ToolError> {
        let mut arguments = call.arguments.as_object().cloned().unwrap_or_default();
        for (name, value) in &self.listed.pinned {
            let value = if value == CUSTOMER {
                let customer = call.caller.customer.clone();
                Value::String(customer.ok_or(ToolError::NotFound)?)
            } else {
                value.clone()
            };
            arguments.insert(name.clone(), value);
        }
        Ok(arguments)
    }
}

/// The server itself says that a tool does more than read. What it does not say, the operator's list does.
fn writes(annotations: &ToolAnnotations) -> bool {
    annotations.read_only_hint == Some(false)
        || (annotations.destructive_hint == Some(true) && annotations.read_only_hint != Some(true))
}

/// What a result holds: its object, or its texts. Pictures and sounds are left out.
fn found(result: CallToolResult, limit: usize) -> Result<Value, ToolError> {
    let texts = result
        .content
        .iter()
        .filter_map(|content| content.as_text());
    let text = texts
        .map(|text| text.text.as_str())
        .collect::<Vec<_>>()
        .join("\n");
    if result.is_error == Some(true) {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        return Err(ToolError::Declined(
            words.chars().take(MAX_REASON).collect(),
        ));
    }
    let found = match result.structured_content {
        Some(object @ Value::Object(_)) => object,
        Some(other) => json!({ "value": other }),
        None if text.trim().is_empty() => {
            return Err(ToolError::Failed("the result has no text".to_owned()));
        }
        None => json!({ "text": text }),
    };
    if found.to_string().len() > limit {
        return Err(ToolError::Failed(format!(
            "the result has more than {limit} bytes"
        )));
    }
    Ok(found)
}

/// One listed tool, as a conversation has it.
#[derive(Debug, Clone)]
pub struct McpTool {
    spec: ToolSpec,
    needs: AuthLevel,
    mcp: Mcp,
    place: usize,
}

impl McpTool {
    /// Phrases of a caller who asks for it, in the notation of packs.
    #[must_use]
    pub fn phrases(&self) -> &[String] {
        &self.mcp.entries[self.place].listed.phrases
    }
}

impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn needs(&self) -> AuthLevel {
        self.needs
    }

    fn call<'a>(&'a self, call: ToolCall<'a>) -> BoxFuture<'a, Result<Value, ToolError>> {
        let entry = &self.mcp.entries[self.place];
        Box::pin(async move { entry.ask(&call).await })
    }
}

#[cfg(test)]
mod tests;
