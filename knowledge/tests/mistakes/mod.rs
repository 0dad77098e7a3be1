//! Copies of a pack with a mistake in them.

use std::fs;
use std::path::{Path, PathBuf};

use knowledge::KnowledgeBase;

/// A copy of the bank's pack in a folder of its own, removed at the end.
pub(crate) struct Copy(pub(crate) PathBuf);

impl Copy {
    pub(crate) fn new(name: &str) -> Self {
        let to = std::env::temp_dir().join(format!("teller-pack-{name}-{}", std::process::id()));
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packs/bank");
        for part in ["", "documents", "tasks"] {
            fs::create_dir_all(to.join(part)).unwrap();
            for entry in fs::read_dir(from.join(part)).unwrap() {
                let file = entry.unwrap().path();
                if file.is_file() {
                    fs::copy(&file, to.join(part).join(file.file_name().unwrap())).unwrap();
                }
            }
        }
        Self(to)
    }

    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let file = self.0.join(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.contains(from),
            "{} does not hold {from:?}",
            file.display()
        );
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn load(&self) -> Result<KnowledgeBase, String> {
        KnowledgeBase::load(&self.0).map_err(|error| error.to_string())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Changes one file and expects a message with all of these in it.
pub(crate) fn check(name: &str, file: &str, from: &str, to: &str, message: &[&str]) {
    let copy = Copy::new(name);
    copy.replace(file, from, to);
    let error = copy.load().expect_err("the pack is refused");
    for part in message.iter().chain([&file]) {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}
