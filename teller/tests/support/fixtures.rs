//! Files that tests take from the checkout.

use std::path::{Path, PathBuf};

/// The checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// The small model of the fixtures: it hears synthetic speech of its own domain exactly.
pub(crate) fn small_model() -> PathBuf {
    root().join("voice/tests/fixtures/mini-whisper-q5_0.bin.gz")
}
