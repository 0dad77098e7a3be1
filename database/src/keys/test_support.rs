//! Keys without a file, and how a test hands them to a worker.

use std::path::Path;

use super::{KeyError, Keyring, file::Material};

impl Keyring {
    /// Keys without a file, gone with the process.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn ephemeral() -> Result<Self, KeyError> {
        Self::of(Material::generate(None)?)
    }

    /// Writes these keys to a file: how a test hands its keys to a worker.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if something is there; otherwise if it cannot be written.
    pub fn write_to(&self, path: &Path) -> Result<(), KeyError> {
        let mut material = (*self.material()).clone();
        material.path = Some(path.to_path_buf());
        material.write_new()
    }
}
