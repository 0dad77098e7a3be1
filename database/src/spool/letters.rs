//! Dead letters: records that the database can never take as they are. Each is a file of its own,
//! encrypted like a segment, until an administrator looks at it.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{
    error::{SpoolError, disk},
    frame::Record,
    header::{self, HEADER},
    scan::{Found, Scanner},
    segment,
};
use crate::keys::SealingKey;

const SUFFIX: &str = ".letter";

/// A record that was parked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Names it in `teller spool`.
    pub id: String,
    /// Why the database refused it; holds no words of the record.
    pub reason: String,
    /// What was refused.
    pub record: Record,
}

/// Parks a record: on the disk when this returns.
pub(super) fn park(
    dir: &Path,
    key: &SealingKey,
    record: &Record,
    reason: &str,
) -> Result<String, SpoolError> {
    let id = Uuid::now_v7().simple().to_string();
    let (cipher, mut bytes) =
        header::new(key, 0).map_err(|error| disk("parking a record")(io::Error::other(error)))?;
    let reason = Record {
        id: record.id,
        at_micros: record.at_micros,
        payload: reason.as_bytes().to_vec(),
    };
    super::frame::write(&mut bytes, &cipher, 0, record.id, &reason);
    super::frame::write(&mut bytes, &cipher, 1, record.id, record);
    let path = path(dir, &id);
    let write = || {
        let mut file = segment::create_private(&path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|error: io::Error| {
        let _absent_or_unreadable = std::fs::remove_file(&path);
        disk("parking a record")(error)
    })?;
    Ok(id)
}

/// One letter; `None` when there is no such file.
///
/// # Errors
/// [`SpoolError::OtherKey`], or [`SpoolError::Disk`] when the file is damaged.
pub fn read(dir: &Path, key: &SealingKey, id: &str) -> Result<Option<DeadLetter>, SpoolError> {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let bytes = match std::fs::read(path(dir, id)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(disk("reading a dead letter"))?,
    };
    let damaged = || disk("reading a dead letter")(io::Error::other(format!("{id} is damaged")));
    let cipher = header::open(key, &bytes).map_err(|why| match why {
        header::Unreadable::OtherKey => SpoolError::OtherKey {
            file: path(dir, id).display().to_string(),
        },
        header::Unreadable::Damaged => damaged(),
    })?;
    let mut scanner = Scanner::new(&cipher, 0, HEADER as u64, 0, &bytes[HEADER..]);
    let mut records = std::iter::from_fn(|| scanner.next());
    match (records.next(), records.next()) {
        (Some(Found::Record { record: reason, .. }), Some(Found::Record { record, .. })) => {
            Ok(Some(DeadLetter {
                id: id.to_owned(),
                reason: String::from_utf8_lossy(&reason.payload).into_owned(),
                record,
            }))
        }
        _ => Err(damaged()),
    }
}

/// The ids of all letters, oldest first.
///
/// # Errors
/// [`SpoolError::Disk`].
pub fn ids(dir: &Path) -> Result<Vec<String>, SpoolError> {
    let entries = std::fs::read_dir(dir).map_err(disk("reading the spool's folder"))?;
    let mut ids: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(SUFFIX).map(str::to_owned))
        .collect();
    ids.sort();
    Ok(ids)
}

/// Removes a letter whose record is stored now.
///
/// # Errors
/// [`SpoolError::Disk`].
pub fn remove(dir: &Path, id: &str) -> Result<(), SpoolError> {
    std::fs::remove_file(path(dir, id)).map_err(disk("removing a dead letter"))
}

pub(super) fn count(dir: &Path) -> usize {
    ids(dir).map_or(0, |ids| ids.len())
}

fn path(dir: &Path, id: &str) -> PathBuf {
    dir.join(format!("{id}{SUFFIX}"))
}
