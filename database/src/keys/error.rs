//! What can go wrong with keys, by what the caller does next.

use crate::DatabaseError;

/// What can go wrong with keys. Messages hold no byte of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing is at the path.
    #[error(
        "there is no key file at {0}: make one with `teller keys create`, or restore it from its back-up"
    )]
    Missing(String),
    /// Something is at the path already.
    #[error("{0} exists and is not overwritten: what was sealed with it could not be read again")]
    Exists(String),
    /// The file is being replaced.
    #[error(
        "{0} exists: a wrapping key is being added by another process, or its adding was cut off (then delete that file)"
    )]
    Busy(String),
    /// Others may read the file.
    #[error("{path} may be read by others (mode {mode:o}): chmod 600 {path}")]
    Permissions {
        /// The file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a key file.
    #[error("{path} is not a key file: {problem}")]
    Malformed {
        /// The file.
        path: String,
        /// What is wrong, without a value.
        problem: String,
    },
    /// Reading or writing the file failed.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// As the system says.
        source: std::io::Error,
    },
    /// Wrapped with a key that the file does not hold.
    #[error("wrapping key {0} is not in the key file: restore the newer file from its back-up")]
    UnknownKey(i32),
    /// Sealed with another key, for another place, or changed since.
    #[error("does not open: sealed with another key, for another row, or changed since")]
    Unreadable,
    /// The system gave no random bytes.
    #[error("the system's random generator failed")]
    Random,
}

impl From<KeyError> for DatabaseError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unreadable => Self::Invalid(error.to_string()),
            _ => Self::Setup(error.to_string()),
        }
    }
}
