//! The key file: TOML, mode 0600, replaced only as a whole.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{cipher::Secret, error::KeyError};

const HEADER: &str = "\
# Teller's keys. Without this file nothing that was said, and nobody's name or number, can be
# read again. Keep a copy of every version of it, apart from the database's back-ups.
# `teller keys rotate` adds a wrapping key; change nothing by hand.
";

/// A wrapping key's name, without the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrappingKeyInfo {
    /// Its number, from 1.
    pub id: i32,
    /// When it was made: RFC 3339, UTC.
    pub created: String,
}

/// What a key file holds.
#[derive(Clone)]
pub(super) struct Material {
    /// Nowhere, for keys that live in memory.
    pub(super) path: Option<PathBuf>,
    pub(super) index: Secret,
    pub(super) spool: Secret,
    pub(super) signing: Secret,
    /// Never empty.
    wrapping: BTreeMap<i32, (String, Secret)>,
}

/// The file's own form. Unknown keys are refused: an older program must not drop a newer one's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    index: String,
    spool: String,
    signing: String,
    wrapping: Vec<WrittenKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    id: i32,
    created: String,
    key: String,
}

impl Material {
    pub(super) fn generate(path: Option<&Path>) -> Result<Self, KeyError> {
        let mut new = Self {
            path: path.map(Path::to_path_buf),
            index: Secret::generate()?,
            spool: Secret::generate()?,
            signing: Secret::generate()?,
            wrapping: BTreeMap::new(),
        };
        new.wrapping.insert(1, (now(), Secret::generate()?));
        Ok(new)
    }

    pub(super) fn read(path: &Path) -> Result<Self, KeyError> {
        let shown = path.display().to_string();
        let io = |source| io_error(path, source);
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => KeyError::Missing(shown.clone()),
            _ => io(error),
        })?;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Permissions { path: shown, mode });
        }
        let text = Zeroizing::new(std::io::read_to_string(file).map_err(io)?);
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, KeyError> {
        let wrong = |problem: String| KeyError::Malformed {
            path: path.display().to_string(),
            problem,
        };
        // Only the line: the parser's own message quotes it, and so the key.
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..at]
                .iter()
                .filter(|b| **b == b'\n')
                .count()
                + 1;
            wrong(format!(
                "line {line} is not as `teller keys create` writes it"
            ))
        })?;
        if written.format != 1 {
            return Err(wrong(format!(
                "its format is {}, this program reads 1",
                written.format
            )));
        }
        let secret = |name: &str, text: &str| {
            let bytes = BASE64.decode(text).map(Zeroizing::new).ok();
            bytes
                .and_then(|bytes| Secret::from_bytes(&bytes).ok())
                .ok_or_else(|| wrong(format!("`{name}` is not 32 bytes in base64")))
        };
        let mut wrapping = BTreeMap::new();
        for key in &written.wrapping {
            let name = format!("wrapping key {}", key.id);
            let made = (key.created.clone(), secret(&name, &key.key)?);
            if key.id < 1 || wrapping.insert(key.id, made).is_some() {
                return Err(wrong(
                    "wrapping keys are numbered from 1, each once".to_owned(),
                ));
            }
        }
        if wrapping.is_empty() {
            return Err(wrong("it has no wrapping key".to_owned()));
        }
        Ok(Self {
            path: Some(path.to_path_buf()),
            index: secret("index", &written.index)?,
            spool: secret("spool", &written.spool)?,
            signing: secret("signing", &written.signing)?,
            wrapping,
        })
    }

    /// The file as it is now; refused if it is not the same file with more wrapping keys.
    pub(super) fn read_again(&self) -> Result<Self, KeyError> {
        let Some(path) = &self.path else {
            return Ok(self.clone());
        };
        let renewed = Self::read(path)?;
        if renewed.index.bytes() == self.index.bytes() {
            Ok(renewed)
        } else {
            Err(self.malformed("it was replaced by another one while this process runs"))
        }
    }

    pub(super) fn newest(&self) -> (i32, &Secret) {
        let newest = self.wrapping.iter().next_back();
        newest.map_or((0, &self.index), |(id, (_, key))| (*id, key))
    }

    pub(super) fn wrapping(&self, id: i32) -> Option<&Secret> {
        self.wrapping.get(&id).map(|(_, key)| key)
    }

    pub(super) fn wrapping_keys(&self) -> Vec<WrappingKeyInfo> {
        let info = |(id, (created, _)): (&i32, &(String, Secret))| WrappingKeyInfo {
            id: *id,
            created: created.clone(),
        };
        self.wrapping.iter().map(info).collect()
    }

    pub(super) fn with_another_wrapping_key(&self) -> Result<Self, KeyError> {
        let mut grown = self.read_again()?;
        let id = grown.newest().0 + 1;
        grown.wrapping.insert(id, (now(), Secret::generate()?));
        Ok(grown)
    }

    /// Writes the file; refuses if something is there.
    pub(super) fn write_new(&self) -> Result<(), KeyError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(|error| io_error(folder, error))?;
        }
        self.write_to(path)
    }

    /// Replaces the file in one step: a reader sees the old one or the new one. The name of the
    /// draft is a lock at the same time: of two that replace it, one is refused.
    pub(super) fn replace(&self) -> Result<(), KeyError> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let mut draft = path.clone().into_os_string();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        self.write_to(&draft).map_err(|error| match error {
            KeyError::Exists(draft) => KeyError::Busy(draft),
            other => other,
        })?;
        std::fs::rename(&draft, path).map_err(|error| io_error(path, error))?;
        sync_folder(path)
    }

    fn write_to(&self, path: &Path) -> Result<(), KeyError> {
        let io = |source| io_error(path, source);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => KeyError::Exists(path.display().to_string()),
            _ => io(error),
        })?;
        file.write_all(self.text().as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        sync_folder(path)
    }

    fn text(&self) -> Zeroizing<String> {
        let encode = |secret: &Secret| Zeroizing::new(BASE64.encode(secret.bytes()));
        // Long enough not to be moved while it grows: what is left behind is not wiped.
        let mut out = Zeroizing::new(String::with_capacity(1024 + 256 * self.wrapping.len()));
        // Writing to a string cannot fail.
        let _infallible = write!(
            out,
            "{HEADER}\nformat = 1\n\n\
             # Makes the index by which a number or an address is found. Never changes.\n\
             index = \"{}\"\n\
             # Seals what waits on disk for the database.\nspool = \"{}\"\n\
             # Signs the anchors that prove the record unchanged.\nsigning = \"{}\"\n",
            *encode(&self.index),
            *encode(&self.spool),
            *encode(&self.signing),
        );
        for (id, (created, key)) in &self.wrapping {
            let _infallible = write!(
                out,
                "\n[[wrapping]]\nid = {id}\ncreated = \"{created}\"\nkey = \"{}\"\n",
                *encode(key)
            );
        }
        out
    }

    pub(super) fn malformed(&self, problem: &str) -> KeyError {
        let path = self.path.as_deref().unwrap_or_else(|| Path::new("memory"));
        KeyError::Malformed {
            path: path.display().to_string(),
            problem: problem.to_owned(),
        }
    }
}

fn io_error(path: &Path, source: std::io::Error) -> KeyError {
    KeyError::Io {
        path: path.display().to_string(),
        source,
    }
}

/// Makes the name durable, not only the bytes.
fn sync_folder(path: &Path) -> Result<(), KeyError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io_error(folder, error))
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
