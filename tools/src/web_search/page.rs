//! What a search engine's answer is taken for: a few lines of text of sites that are listed. Everything else in it is
//! left out; nothing in it is followed, unpacked or run.

use call::input::clean_line;
use outbound::Url;
use serde::{Deserialize, Serialize};

/// Results that are used, and those that are looked at to find them.
pub(super) const MAX_PAGES: usize = 5;
const LOOKED_AT: usize = 50;
/// Longest title and text, in characters. What is longer is cut.
const MAX_TITLE: usize = 200;
pub(super) const MAX_TEXT: usize = 600;

/// What a search found on one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebPage {
    /// Its address.
    pub url: String,
    /// The address's host.
    pub host: String,
    /// Its title, one line.
    pub title: String,
    /// What the engine quotes of it, one line.
    pub text: String,
    /// When it was published, as the engine says it: `2026-01-31T10:00:00`.
    pub published: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Found {
    url: String,
    title: String,
    content: String,
    #[serde(default, rename = "publishedDate")]
    published: Option<String>,
}

/// The results of listed sites, in the engine's order. `None` where it is no answer of such an engine.
pub(super) fn pages(body: &[u8], is_listed: impl Fn(&str) -> bool) -> Option<Vec<WebPage>> {
    let Results { results } = serde_json::from_slice(body).ok()?;
    // One result that is none does not spoil the others.
    let found = results.into_iter().take(LOOKED_AT);
    let found = found.filter_map(|result| serde_json::from_value::<Found>(result).ok());
    let pages = found.filter_map(|found| page(found, &is_listed));
    Some(pages.take(MAX_PAGES).collect())
}

fn page(found: Found, is_listed: impl Fn(&str) -> bool) -> Option<WebPage> {
    let url = Url::parse(&found.url).ok()?;
    let host = url.host_str().filter(|host| is_listed(host))?.to_owned();
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
        return None;
    }
    let line = |text: &str, longest: usize| -> Option<String> {
        let line: String = clean_line(text).chars().take(longest).collect();
        (!line.is_empty() && !has_markup(&line)).then_some(line)
    };
    Some(WebPage {
        title: line(&found.title, MAX_TITLE)?,
        text: line(&found.content, MAX_TEXT)?,
        published: found.published.and_then(|date| line(&date, 40)),
        url: url.into(),
        host,
    })
}

/// Tags and entities. An engine quotes text: where it did not, nobody knows what the text is, and it is not taken apart
/// here.
fn has_markup(text: &str) -> bool {
    text.char_indices().any(|(at, c)| {
        let after = &text[at + c.len_utf8()..];
        match c {
            '<' => {
                after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
            }
            '&' => after.split_once(';').is_some_and(|(name, _)| {
                let letter = |c: char| c.is_ascii_alphanumeric() || c == '#';
                (2..=8).contains(&name.len()) && name.chars().all(letter)
            }),
            _ => false,
        }
    })
}
