//! One worker a folder.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use super::error::{SpoolError, disk};

/// Who holds the folder; for the one who is refused.
const HOLDER: &str = "holder";

/// Held until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    /// The lock is on the folder itself: there is no file that somebody could clean away.
    _folder: File,
    holder: PathBuf,
}

impl Lock {
    pub(super) fn take(dir: &Path, name: &str) -> Result<Self, SpoolError> {
        let folder = File::open(dir).map_err(disk("opening the spool's folder"))?;
        let holder = dir.join(HOLDER);
        match folder.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let named = std::fs::read_to_string(&holder).unwrap_or_default();
                return Err(SpoolError::Held {
                    folder: dir.display().to_string(),
                    holder: if named.is_empty() {
                        "another process".to_owned()
                    } else {
                        named
                    },
                });
            }
            Err(TryLockError::Error(error)) => {
                return Err(disk("locking the spool's folder")(error));
            }
        }
        // The name is a courtesy: the lock holds without it, and a full disk has no room for it.
        let _unnamed_on_a_full_disk =
            std::fs::write(&holder, format!("{name} (process {})", std::process::id()));
        Ok(Self {
            _folder: folder,
            holder,
        })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _a_stale_name_is_overwritten = std::fs::remove_file(&self.holder);
    }
}
