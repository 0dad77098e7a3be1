//! Sentences voiced beforehand, on disk: a call that says one of them costs no synthesis.
//!
//! ```text
//! FOLDER/VOICE/SENTENCE.pcm     VOICE and SENTENCE are hashes: of engine, voice and lexicon, and of the text
//! ```
//! Only what is known beforehand is kept, never what a call is told. A file appears whole or not at all; one that is
//! damaged is voiced again.

mod file;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};

use super::{OpenError, Speech};

/// A call waits so long for the disk and then has the sentence voiced.
const PATIENCE: Duration = Duration::from_millis(40);
/// What a file's name ends with.
const END: &str = "pcm";

/// Where sentences are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConfig {
    /// Made when it is not there. Shared by several voices and packs.
    pub folder: PathBuf,
    /// Bytes of all files in it; a second of sound has 48,000. When it is full, what is not asked to be kept makes room,
    /// the oldest first; then the rest is voiced live.
    pub most_bytes: u64,
}

/// The folder, and what of this voice lies in it.
#[derive(Debug)]
pub(super) struct Kept {
    config: KeptConfig,
    /// Of this voice.
    folder: PathBuf,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    /// Names of this voice's files.
    names: HashSet<String>,
    /// Of all voices.
    bytes: u64,
}

/// A file in the folder, of any voice.
struct Found {
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

impl Kept {
    /// Opens the folder for a voice; looks through it once.
    pub(super) fn open(config: &KeptConfig, voice: &str) -> Result<Self, OpenError> {
        let folder = config.folder.join(&name_of(voice)[..16]);
        let unusable = |error: io::Error| OpenError::Folder {
            path: config.folder.clone(),
            reason: error.to_string(),
        };
        fs::create_dir_all(&folder).map_err(unusable)?;
        let found = files(&config.folder).map_err(unusable)?;
        let own = found
            .iter()
            .filter(|file| file.path.parent() == Some(&folder));
        let names = own.filter_map(|file| Some(file.path.file_stem()?.to_str()?.to_owned()));
        let index = Index {
            names: names.collect(),
            bytes: found.iter().map(|file| file.bytes).sum(),
        };
        Ok(Self {
            config: config.clone(),
            folder,
            index: Mutex::new(index),
        })
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.index().names.contains(&name_of(text))
    }

    /// A sentence, if it is kept and the disk is quick.
    pub(super) async fn get(self: &Arc<Self>, text: &str) -> Option<Arc<Speech>> {
        if !self.has(text) {
            return None;
        }
        let (kept, name) = (self.clone(), name_of(text));
        let reading = tokio::task::spawn_blocking(move || kept.read(&name));
        tokio::time::timeout(PATIENCE, reading).await.ok()?.ok()?
    }

    /// The same, however long the disk takes.
    pub(super) fn now(&self, text: &str) -> Option<Arc<Speech>> {
        self.has(text).then(|| self.read(&name_of(text)))?
    }

    /// Keeps a sentence. `asked` are the names of those that must not make room for it. False when there is none.
    pub(super) fn put(
        &self,
        text: &str,
        speech: &Speech,
        asked: &HashSet<String>,
    ) -> io::Result<bool> {
        let bytes = file::write(&speech.samples);
        let size = bytes.len() as u64;
        if !self.make_room(size, asked)? {
            return Ok(false);
        }
        let name = name_of(text);
        let path = self.path(&name);
        let part = path.with_extension(format!("part-{}", std::process::id()));
        fs::write(&part, &bytes)?;
        fs::rename(&part, &path)?;
        let mut index = self.index();
        index.bytes += size;
        index.names.insert(name);
        Ok(true)
    }

    fn read(&self, name: &str) -> Option<Arc<Speech>> {
        let samples = fs::read(self.path(name))
            .ok()
            .and_then(|bytes| file::read(&bytes));
        if samples.is_none() {
            tracing::warn!("a sentence that was kept is damaged or gone: it is voiced again");
            self.index().names.remove(name);
        }
        Some(Arc::new(Speech {
            samples: samples?,
            fallback: false,
        }))
    }

    /// Deletes the oldest of what nobody asked for until so many bytes fit.
    fn make_room(&self, size: u64, asked: &HashSet<String>) -> io::Result<bool> {
        let most = self.config.most_bytes;
        if self.index().bytes + size <= most {
            return Ok(true);
        }
        // Others may have written since.
        let mut found = files(&self.config.folder)?;
        let mut bytes: u64 = found.iter().map(|file| file.bytes).sum();
        found.sort_by_key(|file| file.changed);
        let is_asked = |file: &Found| {
            let name = file.path.file_stem().and_then(|name| name.to_str());
            file.path.parent() == Some(&self.folder)
                && name.is_some_and(|name| asked.contains(name))
        };
        let mut gone = Vec::new();
        for file in found.iter().filter(|file| !is_asked(file)) {
            if bytes + size <= most {
                break;
            }
            fs::remove_file(&file.path)?;
            bytes -= file.bytes;
            gone.extend(
                file.path
                    .file_stem()
                    .and_then(|name| name.to_str())
                    .map(str::to_owned),
            );
        }
        let mut index = self.index();
        index.bytes = bytes;
        for name in gone {
            index.names.remove(&name);
        }
        Ok(bytes + size <= most)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(END)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a text is kept under.
pub(super) fn name_of(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// All files of all voices.
fn files(folder: &Path) -> io::Result<Vec<Found>> {
    let mut all = Vec::new();
    for voice in fs::read_dir(folder)? {
        let voice = voice?;
        if !voice.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(voice.path())? {
            let path = file?.path();
            // What another process deletes meanwhile is not there.
            let Ok(about) = fs::metadata(&path) else {
                continue;
            };
            if about.is_file() && path.extension().is_some_and(|end| end == END) {
                all.push(Found {
                    path,
                    bytes: about.len(),
                    changed: about.modified()?,
                });
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
