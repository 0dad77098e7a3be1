//! A whisper model file, checked before whisper.cpp sees it.
//!
//! whisper.cpp trusts its input: a file with the wrong number format aborts the process at the first word, and one
//! without tensors passes as an "empty model for testing". The file is the operator's, so everything is checked here:
//! numbers of the header, the vocabulary, and that each tensor is there, once, in the right shape, to its last byte.

mod layout;
mod reader;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use layout::Header;
use reader::Reader;

/// The most a compressed file may unpack to: the largest published model has 3.1 GB.
const MAX_UNPACKED: u64 = 4 << 30;

/// A whole model in memory, valid.
pub struct ModelFile {
    bytes: Vec<u8>,
    name: String,
    family: Family,
}

/// How a model wants to be asked; a property of how it was trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// OpenAI's models: below a margin of 256 positions they fall into loops (measured on human telephone speech).
    Published,
    /// Small models trained on short windows, as the test fixture: they want the audio and little more.
    Small,
}

impl ModelFile {
    /// Reads and checks a ggml file, `.gz` or not.
    ///
    /// # Errors
    /// When the file cannot be read or is not a model that whisper.cpp can run; the message names the file, what was
    /// found and what was expected.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let unreadable = |source| ModelError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut bytes = std::fs::read(path).map_err(unreadable)?;
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            let mut decoder = flate2::read::GzDecoder::new(&bytes[..]).take(MAX_UNPACKED);
            decoder.read_to_end(&mut unpacked).map_err(unreadable)?;
            bytes = unpacked;
        }
        let invalid = |reason| ModelError::Invalid {
            path: path.to_owned(),
            reason,
        };
        let header = layout::check(&mut Reader::new(&bytes)).map_err(invalid)?;
        let family = if header.size_name().is_some() {
            Family::Published
        } else {
            Family::Small
        };
        Ok(Self {
            bytes,
            name: display_name(path, &header),
            family,
        })
    }

    /// For the log and the page: size and number format, e.g. `tiny.en q8_0`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it wants to be asked.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The ggml file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Family {
    /// Positions of 20 ms that the encoder looks at, for so many samples at 16 kHz.
    pub(super) fn audio_context(self, samples: usize) -> usize {
        let margin = match self {
            Self::Published => 256,
            Self::Small => 16,
        };
        (samples.div_ceil(320) + margin).min(1500)
    }

    /// Small models say nothing by ending at once, which suppressing blanks would forbid.
    pub(super) fn suppress_blank(self) -> bool {
        self == Self::Published
    }
}

/// What the header says where it is a published size; what the file is called otherwise.
fn display_name(path: &Path, header: &Header) -> String {
    let format = header.format_name();
    match header.size_name() {
        Some(size) if header.english_only() => format!("{size}.en {format}"),
        Some(size) => format!("{size} {format}"),
        None => {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let stem = file
                .trim_end_matches(".gz")
                .trim_end_matches(".bin")
                .trim_start_matches("ggml-");
            format!(
                "{} {format}",
                stem.trim_end_matches(format).trim_end_matches(['-', '.'])
            )
        }
    }
}

/// Why a model file is not used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file is missing, may not be read, or is a damaged `.gz`.
    #[error("the speech model {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a whole ggml model.
    #[error("the speech model {} cannot be used: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The file is right and whisper.cpp still refused it, for example for want of memory.
    #[error("whisper.cpp could not load the speech model {name}")]
    Refused {
        /// The model's display name.
        name: String,
    },
    /// A thread could not be started.
    #[error("no thread for speech recognition: {0}")]
    Thread(std::io::Error),
}

#[cfg(test)]
mod tests;
