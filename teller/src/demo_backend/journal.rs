//! The state file: one line a deed, on the disk before it is answered.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::declared::Record;

/// One deed that was answered: done with its changes, or declined.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) key: Uuid,
    pub(super) deed: String,
    /// Whose record it changed.
    pub(super) holder: String,
    pub(super) status: u16,
    pub(super) answer: Value,
    pub(super) changes: Record,
    pub(super) at: DateTime<Utc>,
}

/// The open file, held by one process.
pub(super) struct Journal {
    file: File,
    /// Bytes of whole lines. What stands behind them was never answered.
    length: u64,
}

impl Journal {
    /// Opens or makes the file and reads what it holds. The end of a last line that was never finished is cut off: that
    /// deed was not answered, so it was not done.
    ///
    /// # Errors
    /// When another process has it, it cannot be read, or a whole line is not a deed's.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<Entry>)> {
        let mut options = OpenOptions::new();
        // Names and arguments are people's.
        let mut file = options
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        file.try_lock()
            .map_err(|_| io::Error::other("another process uses it"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let end = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        bytes.truncate(end);
        let mut entries = Vec::new();
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let entry = serde_json::from_slice(line).map_err(|error| {
                let reason = format!("line {} is no deed: {error}", index + 1);
                io::Error::new(io::ErrorKind::InvalidData, reason)
            })?;
            entries.push(entry);
        }
        let length = u64::try_from(end).map_err(io::Error::other)?;
        file.set_len(length)?;
        Ok((Self { file, length }, entries))
    }

    /// Writes a deed down; it cannot be lost when this returns.
    ///
    /// # Errors
    /// When the disk does not take it. Nothing of it stays.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if written.is_err() {
            self.file.set_len(self.length)?;
            return written;
        }
        self.length += u64::try_from(line.len()).unwrap_or_default();
        Ok(())
    }
}
