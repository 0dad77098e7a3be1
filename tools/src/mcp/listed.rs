//! What an operator allows: the servers, and of their tools those that may be called. The file is theirs alone; a pack names
//! no server, and a model sees no tool that is not listed.

use std::collections::{BTreeMap, BTreeSet};

use call::input::strict_line;
use outbound::Url;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::{CallbackTool, TicketTool, TransferTool, WebSearchTool};

/// Servers and tools of a file at most.
const MAX_SERVERS: usize = 16;
const MAX_TOOLS: usize = 32;
/// Longest names here and there, longest sentence, and phrases for one tool.
const MAX_NAME: usize = 60;
const MAX_OFFERED: usize = 128;
const MAX_SENTENCE: usize = 300;
const MAX_PHRASES: usize = 20;
/// Begins the names of the settings that hold tokens.
pub const TOKENS: &str = "MCP_TOKEN_";
/// Stands for the name of the proven caller in the company's systems.
pub(super) const CUSTOMER: &str = "{customer}";

/// `mcp.toml`, as an operator writes it; see docs/mcp.md.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpFile {
    /// `[[server]]`
    #[serde(default, rename = "server")]
    pub servers: Vec<McpServer>,
    /// `[[tool]]`
    #[serde(default, rename = "tool")]
    pub tools: Vec<ListedTool>,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct McpServer {
    /// How `[[tool]]` and the log call it.
    pub name: String,
    /// Its address for the streamable HTTP transport.
    pub url: String,
    /// The setting with its bearer token; none: it asks for none.
    #[serde(default)]
    pub credential: Option<String>,
}

/// One tool that may be called. It only reads: what is done for callers is a task of the pack, with consent and a key.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedTool {
    /// Whose it is.
    pub server: String,
    /// How its server calls it.
    pub offered: String,
    /// How rows, the log and a model call it.
    pub name: String,
    /// What it does, in a sentence that a model can choose by: the server's own words are shown to nobody.
    pub does: String,
    /// Phrases of a caller who asks for it, in the notation of packs; in other turns it is not called.
    pub phrases: Vec<String>,
    /// What a caller must have proved.
    #[serde(default)]
    pub proof: McpProof,
    /// Arguments that are always these; a model neither sees nor changes them. `"{customer}"` is the proven caller.
    #[serde(default)]
    pub pinned: BTreeMap<String, Value>,
    /// Seconds for a call, connecting included: 1 to 30.
    #[serde(default = "seconds")]
    pub seconds: u64,
    /// Bytes of the largest result that is taken: 256 to 65536.
    #[serde(default = "bytes")]
    pub bytes: usize,
    /// The SHA-256 of the schema of its arguments, as the log says it at the start; none: that of the start.
    #[serde(default)]
    pub schema: Option<String>,
}

/// What a caller must have proved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum McpProof {
    /// Nothing.
    #[default]
    None,
    /// Who they are, by a one-time code.
    Code,
}

/// A mistake in the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} is {value:?}; accepted: {accepted}")]
pub struct WrongMcp {
    /// `tool exchange_rate: seconds`
    pub key: String,
    /// What stands there.
    pub value: String,
    /// What may.
    pub accepted: String,
}

fn seconds() -> u64 {
    5
}

fn bytes() -> usize {
    16 * 1024
}

fn wrong<T>(key: String, value: impl ToString, accepted: &str) -> Result<T, WrongMcp> {
    Err(WrongMcp {
        key,
        value: value.to_string(),
        accepted: accepted.to_owned(),
    })
}

impl McpFile {
    /// That everything in it can be used, with these tokens by the names of their settings.
    ///
    /// # Errors
    /// The first mistake.
    pub(super) fn check(&self, tokens: &BTreeMap<String, SecretString>) -> Result<(), WrongMcp> {
        for (key, count, most) in [
            ("server", self.servers.len(), MAX_SERVERS),
            ("tool", self.tools.len(), MAX_TOOLS),
        ] {
            if count > most {
                return wrong(key.to_owned(), count, &format!("{most} at most"));
            }
        }
        let mut servers = BTreeSet::new();
        for server in &self.servers {
            server.check(tokens)?;
            if !servers.insert(&*server.name) {
                return wrong("server: name".to_owned(), &server.name, "a name used once");
            }
        }
        let mut tools = BTreeSet::new();
        for tool in &self.tools {
            tool.check(&servers)?;
            if !tools.insert(&*tool.name) {
                return wrong("tool: name".to_owned(), &tool.name, "a name used once");
            }
        }
        Ok(())
    }
}

impl McpServer {
    fn check(&self, tokens: &BTreeMap<String, SecretString>) -> Result<(), WrongMcp> {
        if !is_name(&self.name) {
            return wrong("server: name".to_owned(), &self.name, NAME);
        }
        let key = |part: &str| format!("server {}: {part}", self.name);
        let url = Url::parse(&self.url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        // A password belongs into the environment.
        if url.is_none_or(|url| !url.username().is_empty() || url.password().is_some()) {
            let accepted = "http(s)://host/path without name and password";
            return wrong(key("url"), "(value hidden)", accepted);
        }
        match &self.credential {
            Some(name) if !name.starts_with(TOKENS) => {
                let accepted = "the name of a setting that begins with MCP_TOKEN_";
                wrong(key("credential"), name, accepted)
            }
            Some(name) if !tokens.contains_key(name) => {
                let accepted = "the name of a setting that is set in the environment";
                wrong(key("credential"), name, accepted)
            }
            _ => Ok(()),
        }
    }
}

const NAME: &str = "lower-case letters, digits and _, at most 60, such as exchange_rate";

impl ListedTool {
    fn check(&self, servers: &BTreeSet<&str>) -> Result<(), WrongMcp> {
        if !is_name(&self.name) {
            return wrong("tool: name".to_owned(), &self.name, NAME);
        }
        let key = |part: &str| format!("tool {}: {part}", self.name);
        let own = [
            CallbackTool::NAME,
            TicketTool::NAME,
            TransferTool::NAME,
            WebSearchTool::NAME,
        ];
        if own.contains(&&*self.name)
            || self.name.starts_with("start_")
            || self.name.starts_with("search_")
        {
            let accepted = "a name that no tool of every call has, and that does not begin with start_ or search_";
            return wrong("tool: name".to_owned(), &self.name, accepted);
        }
        if !servers.contains(&*self.server) {
            return wrong(key("server"), &self.server, "the name of a [[server]]");
        }
        if strict_line(&self.offered, MAX_OFFERED) != Ok(&*self.offered) {
            return wrong(
                key("offered"),
                &self.offered,
                "the tool's name at its server, one line of at most 128",
            );
        }
        if strict_line(&self.does, MAX_SENTENCE) != Ok(&*self.does) {
            return wrong(
                key("does"),
                &self.does,
                "a sentence of at most 300 characters",
            );
        }
        let is_phrase = |phrase: &String| strict_line(phrase, 4 * MAX_NAME).is_ok();
        if !(1..=MAX_PHRASES).contains(&self.phrases.len()) || !self.phrases.iter().all(is_phrase) {
            return wrong(
                key("phrases"),
                self.phrases.join("; "),
                "1 to 20 phrases, such as \"exchange rate\"",
            );
        }
        if !(1..=30).contains(&self.seconds) {
            return wrong(key("seconds"), self.seconds, "1 to 30");
        }
        if !(256..=65_536).contains(&self.bytes) {
            return wrong(key("bytes"), self.bytes, "256 to 65536");
        }
        let is_digest =
            |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if let Some(text) = self.schema.as_ref().filter(|text| !is_digest(text)) {
            return wrong(
                key("schema"),
                text,
                "64 hexadecimal digits, as the log says them at the start",
            );
        }
        if self.names_customer() && self.proof != McpProof::Code {
            return wrong(
                key("proof"),
                "none",
                "code, as a pinned argument is {customer}",
            );
        }
        Ok(())
    }

    fn names_customer(&self) -> bool {
        self.pinned
            .values()
            .any(|value| value.as_str() == Some(CUSTOMER))
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(letter)
}
