//! What a file says, whatever its kind: headings and paragraphs, a title, a date. Runs in the child process only
//! ([`crate::child`]): the bytes may have been made to break whoever reads them.

mod block;
mod docx;
mod html;
mod markdown;
mod menus;
mod pdf;
mod reader;

use call::input::clean_line;
use serde::{Deserialize, Serialize};

pub(crate) use block::{Block, render};

/// Of a title or a question, in characters.
const LONGEST_LINE: usize = 300;
/// Questions that a document names.
const MOST_ASKS: usize = 100;

/// The kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FileKind {
    Markdown,
    Html,
    Pdf,
    Docx,
}

impl FileKind {
    /// By the ending of a file's name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        Some(match &*ending.to_ascii_lowercase() {
            "md" | "markdown" | "txt" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "pdf" => Self::Pdf,
            "docx" => Self::Docx,
            _ => return None,
        })
    }

    /// By what a server says of it; the ending decides where that says nothing.
    pub(crate) fn of_media_type(media_type: &str, path: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        Some(match &*essence.to_ascii_lowercase() {
            "text/html" | "application/xhtml+xml" => Self::Html,
            "application/pdf" => Self::Pdf,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Self::Docx,
            "text/markdown" | "text/plain" => Self::Markdown,
            "" | "application/octet-stream" => return Self::of_name(path),
            _ => return None,
        })
    }
}

/// What is to be parsed, beside the bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) kind: FileKind,
    /// The character set that a server named.
    pub(crate) charset: Option<String>,
    /// What a page's links are relative to; without it none are looked for.
    pub(crate) base: Option<String>,
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parsed {
    /// Its own title.
    pub(crate) title: Option<String>,
    /// When it was last changed, `2026-01-31`, by its own word.
    pub(crate) date: Option<String>,
    /// The topic, where the file names one itself.
    pub(crate) topic: Option<String>,
    /// Questions that it answers by its own word.
    pub(crate) asks: Vec<String>,
    /// The text in order.
    pub(crate) blocks: Vec<Block>,
    /// Addresses that it links to.
    pub(crate) links: Vec<String>,
}

/// Parses one file.
pub(crate) fn parse(task: &Task, bytes: &[u8]) -> Result<Parsed, String> {
    let mut parsed = match task.kind {
        FileKind::Markdown => markdown::parse(&text(bytes, task.charset.as_deref(), false))?,
        FileKind::Html => html::parse(
            &text(bytes, task.charset.as_deref(), true),
            task.base.as_deref(),
        ),
        FileKind::Pdf => pdf::parse(bytes)?,
        FileKind::Docx => docx::parse(bytes)?,
    };
    parsed.clean()?;
    Ok(parsed)
}

impl Parsed {
    /// Brings everything into the form in which it is kept, and refuses what says nothing. Done in the child and again
    /// by who started it, since a hostile file may have become the child.
    pub(crate) fn clean(&mut self) -> Result<(), String> {
        block::tidy(&mut self.blocks);
        let says_something = |block: &Block| matches!(block, Block::Text(_));
        if !self.blocks.iter().any(says_something) {
            return Err("there is no text in it".to_owned());
        }
        let line = |text: String| {
            let line = clean_line(&text.chars().take(LONGEST_LINE).collect::<String>());
            Some(line).filter(|line| !line.is_empty())
        };
        self.title = self.title.take().and_then(line);
        self.topic = self.topic.take().and_then(line);
        self.date = self.date.as_deref().and_then(date);
        let asks = std::mem::take(&mut self.asks);
        self.asks = asks.into_iter().take(MOST_ASKS).filter_map(line).collect();
        Ok(())
    }
}

/// Text by the mark at its beginning, the server's word, a page's own word, or as UTF-8.
fn text(bytes: &[u8], charset: Option<&str>, is_page: bool) -> String {
    let own = || is_page.then(|| own_charset(bytes)).flatten();
    let named = charset.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
    let encoding = named.or_else(own).unwrap_or(encoding_rs::UTF_8);
    // A byte order mark wins over both.
    let (text, _, _) = encoding.decode(bytes);
    text.into_owned()
}

/// `charset=` in the first kilobyte of a page.
fn own_charset(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    // What names it is ASCII, whatever the rest is.
    let (start, _, _) = encoding_rs::WINDOWS_1252.decode(&bytes[..bytes.len().min(1_024)]);
    let start = start.to_ascii_lowercase();
    let (_, rest) = start.split_once("charset=")?;
    let label = rest.trim_start_matches(['"', '\'']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
    encoding_rs::Encoding::for_label(&label.as_bytes()[..end.unwrap_or(label.len())])
}

/// `2026-01-31` from what begins with such a date.
pub(crate) fn date(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    let parsed = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(parsed.to_string())
}

#[cfg(test)]
mod tests;
