//! What can go wrong with the spool, by what the caller does next.

use std::io;

/// A failed operation on the spool. Texts hold nothing of the records.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another worker writes here: give this one a folder of its own.
    #[error(
        "the spool {folder} is in use by {holder}: give each worker a folder of its own (SPOOL_DIR)"
    )]
    Held {
        /// The folder.
        folder: String,
        /// Who has it, as it named itself.
        holder: String,
    },
    /// The records here were written with another key: nothing is read, nothing is deleted.
    #[error(
        "the spool's file {file} was written with another key file: give this worker the one it was written with, or move the file away"
    )]
    OtherKey {
        /// The segment.
        file: String,
    },
    /// The budget is used up, or the disk is full.
    #[error("the spool is full")]
    Full,
    /// A record that is longer than any should be.
    #[error("a record of {0} bytes is too long for the spool")]
    TooLong(usize),
    /// The disk did not do it.
    #[error("{what}: {source}")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// What the system answered.
        source: io::Error,
    },
}

/// For `map_err`: what was tried when the disk failed.
pub(super) fn disk(what: &'static str) -> impl FnOnce(io::Error) -> SpoolError {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            SpoolError::Full
        }
        _ => SpoolError::Disk { what, source },
    }
}
