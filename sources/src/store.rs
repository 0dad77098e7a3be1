//! What was fetched, as the pack keeps it: `documents/fetched/*.md`, and beside them what is needed to ask again only for
//! what changed.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    SourcesError,
    parse::{FileKind, Parsed, render},
    settings::Source,
};

const FOLDER: &str = "documents/fetched";
const STATE: &str = "fetched.toml";
const STATE_HEAD: &str = "# Written by `teller knowledge fetch`: what each document was fetched from, so that only what\n# changed is fetched again. Without it everything is fetched anew.\n\n";
/// Changed when the same bytes would make another document, so that all are made again.
const MADE_BY: u32 = 1;

/// One document and where it came from.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Entry {
    /// Of the source, in `sources.toml`.
    pub(crate) id: String,
    /// Its address, or its path as the source gives it.
    pub(crate) address: String,
    /// Its file in the folder.
    pub(crate) file: String,
    /// Of the bytes that it was made of.
    pub(crate) hash: String,
    /// Of all else that it was made of: the source's lines, and how documents are made.
    pub(crate) settings: String,
    /// When it was fetched, or was found unchanged; seconds since 1970.
    pub(crate) checked: i64,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    #[serde(default)]
    pub(crate) links: Vec<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct State {
    #[serde(default)]
    document: Vec<Entry>,
}

/// What a document says before its text, in the order in which it is written.
#[derive(Debug, Serialize)]
struct Front<'a> {
    source: &'a str,
    title: &'a str,
    topic: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    asks: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    credibility: f64,
    address: &'a str,
    hash: &'a str,
}

/// The folder and its state.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    entries: BTreeMap<(String, String), Entry>,
}

impl Store {
    /// Opens the folder of a pack; one whose state is missing or damaged begins anew.
    pub(crate) fn open(pack: &Path) -> Result<Self, SourcesError> {
        let folder = pack.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(disk(&folder))?;
        let file = folder.join(STATE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {
                String::new()
            }
            text => text.map_err(disk(&file))?,
        };
        let state: State = toml::from_str(&text).unwrap_or_default();
        let is_plain =
            |entry: &Entry| !entry.file.contains(['/', '\\']) && entry.file.ends_with(".md");
        let entries = state.document.into_iter().filter(is_plain);
        let entries = entries.map(|entry| ((entry.id.clone(), entry.address.clone()), entry));
        Ok(Self {
            folder,
            entries: entries.collect(),
        })
    }

    /// What is kept of an address; nothing when its file is gone.
    pub(crate) fn get(&self, id: &str, address: &str) -> Option<&Entry> {
        let entry = self.entries.get(&(id.to_owned(), address.to_owned()))?;
        self.folder.join(&entry.file).is_file().then_some(entry)
    }

    /// Notes that a document was looked at and is as it was.
    pub(crate) fn touch(&mut self, id: &str, address: &str, now: i64) {
        if let Some(entry) = self.entries.get_mut(&(id.to_owned(), address.to_owned())) {
            entry.checked = now;
        }
    }

    /// Writes a document.
    pub(crate) fn put(
        &mut self,
        source: &Source,
        made: Made<'_>,
        parsed: Parsed,
    ) -> Result<(), SourcesError> {
        let key = (source.id.clone(), made.address.to_owned());
        let known = self.entries.get(&key).map(|entry| entry.file.clone());
        let file = known.unwrap_or_else(|| self.new_file(source, made.address));
        let name = format!(
            "fetched/{}",
            file.trim_end_matches(".md").replacen("--", "/", 1)
        );
        let text = document(source, &name, &made, &parsed);
        self.write(&file, &text)?;
        let entry = Entry {
            id: source.id.clone(),
            address: made.address.to_owned(),
            file,
            hash: made.hash.to_owned(),
            settings: settings(source),
            checked: made.now,
            etag: made.etag,
            last_modified: made.last_modified,
            links: parsed.links,
        };
        self.entries.insert(key, entry);
        Ok(())
    }

    /// Removes the documents that `is_gone` names; their addresses are answered.
    pub(crate) fn remove(
        &mut self,
        mut is_gone: impl FnMut(&Entry) -> bool,
    ) -> Result<Vec<String>, SourcesError> {
        let gone: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| is_gone(entry))
            .collect();
        let gone: Vec<_> = gone.into_iter().map(|(key, _)| key.clone()).collect();
        for key in &gone {
            let Some(entry) = self.entries.remove(key) else {
                continue;
            };
            let file = self.folder.join(&entry.file);
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => removed.map_err(disk(&file))?,
            }
        }
        Ok(gone.into_iter().map(|(_, address)| address).collect())
    }

    /// Writes the state down.
    pub(crate) fn save(&self) -> Result<(), SourcesError> {
        let state = State {
            document: self.entries.values().cloned().collect(),
        };
        let text = toml::to_string(&state).expect("it is text and numbers");
        self.write(STATE, &format!("{STATE_HEAD}{text}"))
    }

    /// A name that no other document has, and that stays while the address does.
    fn new_file(&self, source: &Source, address: &str) -> String {
        if !source.is_many() {
            return format!("{}.md", source.id);
        }
        // What all of the source's documents share says nothing.
        let below = source.path.as_deref().and_then(|path| {
            let below = Path::new(address).strip_prefix(path).ok()?;
            Some(below.to_string_lossy().into_owned())
        });
        let slug = slug(below.as_deref().unwrap_or(address));
        let plain = format!("{}--{slug}.md", source.id);
        if self.entries.values().all(|entry| entry.file != plain) {
            return plain;
        }
        let digest = hash(address.as_bytes());
        format!("{}--{slug}-{}.md", source.id, &digest[..8])
    }

    /// All of a file or nothing.
    fn write(&self, name: &str, text: &str) -> Result<(), SourcesError> {
        let file = self.folder.join(name);
        let beside = self.folder.join(format!(".{name}.new"));
        std::fs::write(&beside, text).map_err(disk(&beside))?;
        std::fs::rename(&beside, &file).map_err(disk(&file))
    }
}

/// What a document was made of.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    pub(crate) address: &'a str,
    pub(crate) hash: &'a str,
    pub(crate) now: i64,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// When the server or nobody says that it changed.
    pub(crate) date: Option<String>,
}

fn disk(file: &Path) -> impl FnOnce(std::io::Error) -> SourcesError {
    let file = file.to_owned();
    move |source| SourcesError::Disk { file, source }
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// Of everything but the bytes that a document of this source is made of.
pub(crate) fn settings(source: &Source) -> String {
    let lines = serde_json::to_string(source).expect("it is text and numbers");
    hash(format!("{MADE_BY} {lines}").as_bytes())[..16].to_owned()
}

fn document(source: &Source, name: &str, made: &Made<'_>, parsed: &Parsed) -> String {
    let own = parsed.title.as_deref();
    let given = source.title.as_deref();
    let title = if source.is_many() {
        own.or(given)
    } else {
        given.or(own)
    };
    let asks = source.asks.iter().chain(&parsed.asks);
    let front = Front {
        source: name,
        title: title.unwrap_or(made.address),
        topic: parsed.topic.as_deref().unwrap_or(&source.topic),
        asks: asks.map(String::as_str).collect(),
        date: [&parsed.date, &source.date, &made.date]
            .into_iter()
            .find_map(Option::as_deref),
        // Through text, or 0.8 would be written 0.800000011920929.
        credibility: source.credibility.to_string().parse().unwrap_or(1.0),
        address: made.address,
        hash: made.hash,
    };
    let front = toml::to_string(&front).expect("it is text and numbers");
    format!("+++\n{front}+++\n\n{}\n", render(&parsed.blocks))
}

/// The readable part of an address.
fn slug(address: &str) -> String {
    let path = address.split_once("://").map_or(address, |(_, rest)| {
        rest.split_once('/').map_or("", |(_, path)| path)
    });
    let path = match FileKind::of_name(path) {
        Some(_) => path.rsplit_once('.').map_or(path, |(name, _)| name),
        None => path,
    };
    let mut slug = String::new();
    for c in path.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 60 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "index" } else { slug }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_document_s_name_is_the_readable_part_of_its_address() {
        for (address, name) in [
            (
                "https://www.example.com/Help/Fees_2026.html?x=1",
                "help-fees-2026-html-x-1",
            ),
            ("https://www.example.com/", "index"),
            ("https://www.example.com", "index"),
            ("handbook/../a b.pdf", "handbook-a-b"),
            ("übung", "bung"),
        ] {
            assert_eq!(slug(address), name);
        }
    }
}
