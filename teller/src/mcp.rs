//! MCP servers, where an operator lists some: the file, and who asks again after servers that were away.

use std::{collections::BTreeMap, fmt::Display, path::PathBuf, time::Duration};

use secrecy::SecretString;
use tools::{MCP_TOKENS, Mcp, McpFile};

use crate::config::Reader;

/// A server that was away, and a tool that was refused, are asked after so often.
const AGAIN: Duration = Duration::from_secs(60);

/// The operator's list, and what it may name as credentials.
#[derive(Debug, Clone)]
pub struct McpSettings {
    /// `mcp.toml`; see docs/mcp.md.
    pub file: PathBuf,
    /// By the names of their settings.
    pub tokens: BTreeMap<String, SecretString>,
}

/// The settings of MCP servers; none unless a file is named.
pub fn settings(env: &mut Reader) -> Option<McpSettings> {
    let tokens = env.secrets(MCP_TOKENS);
    let file = env.optional("MCP_FILE")?.into();
    Some(McpSettings { file, tokens })
}

/// The servers of the list, none of which is asked anything yet.
///
/// # Errors
/// When the file cannot be read or has a mistake in it; names the file, the key, its value and what is accepted.
pub fn open(settings: &McpSettings) -> Result<Mcp, McpFileError> {
    let wrong = |reason: &dyn Display| {
        McpFileError(format!("MCP_FILE, {}: {reason}", settings.file.display()))
    };
    let text = std::fs::read_to_string(&settings.file).map_err(|error| wrong(&error))?;
    let file: McpFile = toml::from_str(&text).map_err(|error| wrong(&error))?;
    Mcp::new(&file, &settings.tokens).map_err(|error| wrong(&error))
}

/// The file is not there, or has a mistake in it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct McpFileError(String);

/// Asks after what is not there, again and again.
pub async fn keep(mcp: Mcp) {
    loop {
        tokio::time::sleep(AGAIN).await;
        mcp.meet().await;
    }
}

/// Says of each listed tool whether it can be used; `false` where one cannot.
///
/// # Errors
/// When no file is named, it has a mistake in it, or nothing can be written.
pub async fn check(settings: Option<McpSettings>) -> anyhow::Result<bool> {
    let unset = "MCP_FILE is not set; it should be a file such as mcp.toml (docs/mcp.md)";
    let settings = settings.ok_or_else(|| McpFileError(unset.to_owned()))?;
    let met = open(&settings)?.meet().await;
    for met in &met {
        let said = match &met.schema {
            Ok(schema) => format!("there, schema {schema}"),
            Err(reason) => format!("NOT THERE: {reason}"),
        };
        println!("{} ({}): {said}", met.tool, met.server);
    }
    Ok(met.iter().all(|met| met.schema.is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(name: &str, text: &str) -> Result<Mcp, String> {
        let file =
            std::env::temp_dir().join(format!("teller-mcp-{name}-{}.toml", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let path = file.display().to_string();
        let pairs = [("MCP_FILE", &*path), ("MCP_TOKEN_RATES", "hunter2")];
        let settings = settings(&mut Reader::from_pairs(pairs)).unwrap();
        let opened = open(&settings).map_err(|error| error.to_string());
        std::fs::remove_file(&file).unwrap();
        opened
    }

    #[test]
    fn the_file_of_the_documentation_is_one() {
        let page = include_str!("../../docs/mcp.md");
        let (_, rest) = page.split_once("```toml\n").unwrap();
        let (example, _) = rest.split_once("```").unwrap();
        let mcp = opened("example", example).unwrap();
        assert!(mcp.tools().is_empty(), "nobody was asked yet");
    }

    #[test]
    fn a_mistake_names_the_file_the_key_and_what_is_accepted() {
        for (name, text, says) in [
            (
                "key",
                "[[server]]\nname = \"a\"\nurl = \"https://a/\"\ntoken = \"x\"",
                "token",
            ),
            ("toml", "[[server", "MCP_FILE"),
            ("url", "[[server]]\nname = \"a\"\nurl = \"a\"", "http(s)://"),
            (
                "token",
                "[[server]]\nname = \"a\"\nurl = \"https://a/\"\ncredential = \"MCP_TOKEN_X\"",
                "is set",
            ),
        ] {
            let error = opened(name, text).expect_err(name);
            assert!(
                error.contains(says) && error.contains("teller-mcp-"),
                "{error}"
            );
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(settings(&mut Reader::from_pairs([("X", "y")])).is_none());
    }
}
