//! What can be wrong with a pack.

use std::path::PathBuf;

use call::input::FileTextError;

/// A pack that cannot be used. Every message names the file, the key and the accepted form,
/// because the one who reads it is editing that file.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file or folder of the pack could not be read.
    #[error("{}: cannot read it: {source}", file.display())]
    Unreadable {
        /// The file or folder.
        file: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A file holds bytes that are not text.
    #[error("{}: {source}", file.display())]
    NotText {
        /// The file.
        file: PathBuf,
        /// Where it is not, and what to do.
        source: FileTextError,
    },
    /// A file is not the TOML that it should be: a syntax error, a missing key, a wrong type.
    #[error("{}: {message}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The parser's message, with key and line.
        message: String,
    },
    /// A key is there but its value is not usable.
    #[error("{}: {key} is {value:?}; accepted: {accepted}", file.display())]
    BadValue {
        /// The file.
        file: PathBuf,
        /// The key, with its table: `silence.away_s`.
        key: String,
        /// The value found.
        value: String,
        /// What would be accepted.
        accepted: String,
    },
}
