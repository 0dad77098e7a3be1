//! What lies in a spool's folder, for an administrator; changes nothing and needs no lock.

use std::path::Path;

use super::{
    RecordId,
    error::{SpoolError, disk},
    header::{self, HEADER, Unreadable},
    quarantine,
    scan::{Damage, Found, Scanner},
    segment,
};
use crate::keys::SealingKey;

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// Number of its file.
    pub number: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// Where its last record ends.
    pub end: u64,
    /// Its records: which, when (microseconds since 1970) and how many bytes.
    pub records: Vec<(RecordId, i64, usize)>,
    /// Places that cannot be read. The last one of a segment in use may be a record that is
    /// being written.
    pub damage: Vec<Damage>,
    /// Whether the key file fits; without it nothing else is known.
    pub readable: bool,
}

/// All segments, oldest first.
///
/// # Errors
/// [`SpoolError::Disk`].
pub fn segments(dir: &Path, key: &SealingKey) -> Result<Vec<SegmentReport>, SpoolError> {
    let numbers = segment::numbers(dir).map_err(disk("reading the spool's folder"))?;
    let mut reports = Vec::new();
    for number in numbers {
        // A worker may have deleted it since.
        let Ok(bytes) = std::fs::read(segment::path(dir, number)) else {
            continue;
        };
        reports.push(report(number, &bytes, key));
    }
    Ok(reports)
}

fn report(number: u64, bytes: &[u8], key: &SealingKey) -> SegmentReport {
    let mut report = SegmentReport {
        number,
        bytes: bytes.len() as u64,
        end: HEADER as u64,
        records: Vec::new(),
        damage: Vec::new(),
        readable: true,
    };
    let cipher = match header::open(key, bytes) {
        Ok(cipher) => cipher,
        Err(Unreadable::OtherKey | Unreadable::Damaged) => {
            report.readable = false;
            return report;
        }
    };
    let body = bytes.get(HEADER..).unwrap_or_default();
    let mut scanner = Scanner::new(&cipher, number, HEADER as u64, 0, body);
    while let Some(found) = scanner.next() {
        match found {
            Found::Record { record, end } => {
                report.end = end;
                report
                    .records
                    .push((record.id, record.at_micros, record.payload.len()));
            }
            Found::Damage(damage) => report.damage.push(damage),
        }
    }
    report
}

/// Copies of damaged places that were set aside.
///
/// # Errors
/// [`SpoolError::Disk`].
pub fn damaged_files(dir: &Path) -> Result<Vec<String>, SpoolError> {
    quarantine::names(dir).map_err(disk("reading the spool's folder"))
}
