//! What ends a fetch, and what only leaves a document out.

use std::{fmt, path::PathBuf};

/// A fetch could not be carried out. What is wrong with a single document is no error: [`LeftOut`].
#[derive(Debug, thiserror::Error)]
pub enum SourcesError {
    /// The pack has no `sources.toml`.
    #[error("there is no {}: it lists what is to be fetched", .0.display())]
    NoList(PathBuf),
    /// `sources.toml` is no such list.
    #[error("{}: {message}", file.display())]
    List {
        /// The file.
        file: PathBuf,
        /// What is wrong, and what would be accepted.
        message: String,
    },
    /// A file of the pack cannot be read or written.
    #[error("{}", file.display())]
    Disk {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Why one file or page is left out, or what of an earlier fetch stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut(String);

impl LeftOut {
    pub(crate) fn because(reason: impl fmt::Display) -> Self {
        Self(call::input::clean_line(&reason.to_string()))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
