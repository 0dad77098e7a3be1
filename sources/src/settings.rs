//! `sources.toml`: what is fetched for a pack.

use std::path::{Path, PathBuf};

use outbound::{HostList, Url};
use serde::{Deserialize, Serialize};

use crate::{SourcesError, parse};

/// The name of the list in a pack's folder.
const FILE: &str = "sources.toml";
/// A crawl of more pages is another program's work.
const MOST_PAGES: usize = 1_000;

/// What `sources.toml` holds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// For sources that say nothing else.
    #[serde(default)]
    pub freshness_policy: Freshness,
    /// The sources.
    #[serde(default)]
    pub source: Vec<Source>,
    /// The pack's topics, of which a file may name one.
    #[serde(skip)]
    pub(crate) topics: Vec<String>,
}

/// One source.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name: letters, digits, `-` and `_`; documents are cited as `fetched/{id}`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Of a folder or file: in the pack's folder, or in one that the command allows.
    pub path: Option<PathBuf>,
    /// Of a web source: where it begins.
    pub address: Option<String>,
    /// Of a web source: the hosts that may be asked; that of the address unless given.
    #[serde(default, skip_serializing)]
    pub hosts: Option<HostList>,
    /// Of a web source: how many pages are read, following links; 1 is the address alone.
    #[serde(default = "one")]
    pub pages: usize,
    /// Of a web source: links are followed to paths that begin so.
    pub path_prefix: Option<String>,
    /// The documents' topic, where they name none themselves.
    pub topic: String,
    /// The title of a single document; of several, of those without one.
    pub title: Option<String>,
    /// Other ways callers ask for it.
    #[serde(default)]
    pub asks: Vec<String>,
    /// The day of the facts, `2026-01-31`, where the documents name none.
    pub date: Option<String>,
    /// How far it is believed, from 0 to 1.
    #[serde(default = "full")]
    pub credibility: f32,
    /// How often it is looked at.
    #[serde(skip_serializing)]
    pub freshness_policy: Option<Freshness>,
}

/// Kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// All files below a folder that are of a known kind.
    Folder,
    /// One file.
    File,
    /// One page, or several by their links.
    Web,
}

/// How often a source is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Freshness {
    /// For so many days a page is taken as it is, and its server is not asked.
    pub ttl_days: u32,
    /// What is done then.
    pub recrawl: Recrawl,
    /// Which source comes first.
    pub priority: Priority,
}

impl Default for Freshness {
    fn default() -> Self {
        Self {
            ttl_days: 30,
            recrawl: Recrawl::Changed,
            priority: Priority::Medium,
        }
    }
}

/// What is done when a page's days are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recrawl {
    /// The server is asked whether it changed.
    Changed,
    /// It is fetched whole, at every run, whatever `ttl_days` says.
    Always,
    /// Nothing: it is fetched once.
    Never,
}

/// Which source comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// First.
    High,
    /// Then.
    Medium,
    /// Last.
    Low,
}

fn one() -> usize {
    1
}

fn full() -> f32 {
    1.0
}

impl Sources {
    /// Reads the list in a pack's folder, and refuses what makes no sense; `topics` are those of the pack.
    ///
    /// # Errors
    /// When there is none, or one of its values is not accepted; the message says which and what would be.
    pub fn load(pack: &Path, topics: &[String]) -> Result<Self, SourcesError> {
        let file = pack.join(FILE);
        let bytes = match std::fs::read(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SourcesError::NoList(file));
            }
            bytes => bytes.map_err(|source| SourcesError::Disk {
                file: file.clone(),
                source,
            })?,
        };
        let text = call::input::decode_file(&bytes).map_err(|error| error.to_string());
        let list = text.and_then(|text| Self::parse(&text, topics));
        list.map_err(|message| SourcesError::List { file, message })
    }

    fn parse(text: &str, topics: &[String]) -> Result<Self, String> {
        let mut list: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for (at, source) in list.source.iter().enumerate() {
            source.check(topics)?;
            if list.source[..at].iter().any(|other| other.id == source.id) {
                return Err(format!("id = {:?} is there twice", source.id));
            }
        }
        list.topics = topics.to_vec();
        list.source.sort_by_key(|source| {
            source
                .freshness_policy
                .unwrap_or(list.freshness_policy)
                .priority
        });
        Ok(list)
    }

    /// How often this source is looked at.
    pub(crate) fn freshness(&self, source: &Source) -> Freshness {
        source.freshness_policy.unwrap_or(self.freshness_policy)
    }
}

impl Source {
    fn check(&self, topics: &[String]) -> Result<(), String> {
        let wrong = |key: &str, value: &dyn std::fmt::Debug, accepted: &str| {
            Err(format!(
                "source {:?}: {key} = {value:?} is not accepted: {accepted}",
                self.id
            ))
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if self.id.is_empty() || !self.id.chars().all(is_plain) {
            return wrong("id", &self.id, "letters, digits, - and _");
        }
        if !topics.contains(&self.topic) {
            return wrong("topic", &self.topic, "an id of topics.toml");
        }
        if !(0.0..=1.0).contains(&self.credibility) {
            return wrong("credibility", &self.credibility, "0.0 to 1.0");
        }
        if let Some(date) = &self.date
            && parse::date(date).as_ref() != Some(date)
        {
            return wrong("date", date, "a day such as \"2026-01-31\"");
        }
        if !(1..=MOST_PAGES).contains(&self.pages) {
            return wrong("pages", &self.pages, &format!("1 to {MOST_PAGES}"));
        }
        match (self.kind, &self.path, &self.address) {
            (Kind::Folder | Kind::File, Some(_), None) => {
                if self.hosts.is_some() || self.pages != 1 || self.path_prefix.is_some() {
                    let accepted = "hosts, pages and path_prefix are of kind \"web\"";
                    return wrong("kind", &self.kind, accepted);
                }
            }
            (Kind::Web, None, Some(address)) => {
                let url = self.start();
                let Some(host) = url.as_ref().and_then(Url::host_str) else {
                    let accepted = "https:// or http:// and a host, without a password";
                    return wrong("address", address, accepted);
                };
                if !self.allowed(host).contains(host) {
                    return wrong("hosts", &host, "a list that holds the address's own host");
                }
            }
            (Kind::Folder | Kind::File, ..) => {
                return wrong("kind", &self.kind, "with path, without address");
            }
            (Kind::Web, ..) => return wrong("kind", &self.kind, "with address, without path"),
        }
        Ok(())
    }

    /// Where a web source begins.
    pub(crate) fn start(&self) -> Option<Url> {
        let mut url = Url::parse(self.address.as_deref()?).ok()?;
        url.set_fragment(None);
        is_askable(&url).then_some(url)
    }

    /// The hosts that may be asked, `host` where none are named.
    pub(crate) fn allowed(&self, host: &str) -> HostList {
        let own = || HostList::new([host]).unwrap_or_default();
        self.hosts.clone().unwrap_or_else(own)
    }

    /// Whether it can bring more than one document.
    pub(crate) fn is_many(&self) -> bool {
        self.kind == Kind::Folder || self.pages > 1
    }
}

/// Whether an address is of the web, and without a password, which would be kept and shown with the document.
pub(crate) fn is_askable(url: &Url) -> bool {
    let is_open = url.username().is_empty() && url.password().is_none();
    matches!(url.scheme(), "http" | "https") && is_open
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        [[source]]
        id = "site"
        kind = "web"
        address = "https://www.example.com/help/"
        hosts = ["www.example.com", "*.docs.example.com"]
        pages = 20
        topic = "help"
        credibility = 0.8
        freshness_policy = { ttl_days = 7, priority = "low" }

        [[source]]
        id = "handbook"
        kind = "folder"
        path = "handbook"
        topic = "help"
    "#;

    fn read(text: &str) -> Result<Sources, String> {
        Sources::parse(text, &["help".to_owned()])
    }

    #[test]
    fn sources_are_read_in_the_order_of_their_priority() {
        let list = read(GOOD).unwrap();
        let ids: Vec<_> = list.source.iter().map(|source| &*source.id).collect();
        assert_eq!(ids, ["handbook", "site"]);
        let site = list.freshness(&list.source[1]);
        assert_eq!((site.ttl_days, site.recrawl), (7, Recrawl::Changed));
        assert_eq!(list.freshness(&list.source[0]), Freshness::default());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_would() {
        for (from, to, message) in [
            (r#"id = "site""#, r#"id = "../site""#, "letters, digits"),
            (r#"id = "site""#, r#"id = "handbook""#, "twice"),
            (r#"topic = "help""#, r#"topic = "none""#, "topics.toml"),
            ("0.8", "1.5", "0.0 to 1.0"),
            ("pages = 20", "pages = 0", "1 to 1000"),
            ("pages = 20", r#"date = "yesterday""#, "2026-01-31"),
            ("https://www", "ftp://www", "https://"),
            (
                "https://www",
                "https://ann:secret@www",
                "without a password",
            ),
            ("https://www", "https://shop", "own host"),
            (r#"hosts = ["www"#, r#"hosts = ["https://www"#, "is no host"),
            (r#"address = "https"#, r#"path = "https"#, "with address"),
            (r#"path = "handbook""#, "", "with path"),
            (
                r#"path = "handbook""#,
                "path = \"handbook\"\npages = 2",
                "of kind",
            ),
            ("ttl_days", "ttl", "unknown field"),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_ne!(text, GOOD, "{from}");
            let error = read(&text).unwrap_err();
            assert!(error.contains(message), "{to}: {error}");
        }
    }
}
