//! One worker a folder.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use super::error::{SpoolError, disk};

/// Who holds the folder; for the one who is refused.
const HOLDER: &str = "holder";

/// How often a folder that is held is tried again, and after what pause: two seconds in all. A
/// worker that was killed can leave a child between its fork and its exec, which holds the lock
/// until then; on a busy machine its successor starts sooner.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Held until dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct Lock {
    /// The lock is on the folder itself: there is no file that somebody could clean away.
    _folder: File,
    holder: PathBuf,
}

impl Lock {
    /// Waits up to two seconds for a holder that is on its way out; for starts, not for calls.
    pub(super) fn take(dir: &Path, name: &str) -> Result<Self, SpoolError> {
        let folder = File::open(dir).map_err(disk("opening the spool's folder"))?;
        let holder = dir.join(HOLDER);
        let mut tries = 1;
        while let Err(refused) = folder.try_lock() {
            match refused {
                TryLockError::WouldBlock if tries < TRIES => {
                    std::thread::sleep(PAUSE);
                    tries += 1;
                }
                TryLockError::WouldBlock => return Err(held(dir, &holder)),
                TryLockError::Error(error) => {
                    return Err(disk("locking the spool's folder")(error));
                }
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

fn held(dir: &Path, holder: &Path) -> SpoolError {
    let named = std::fs::read_to_string(holder).unwrap_or_default();
    SpoolError::Held {
        folder: dir.display().to_string(),
        holder: if named.is_empty() {
            "another process".to_owned()
        } else {
            named
        },
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _a_stale_name_is_overwritten = std::fs::remove_file(&self.holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_whose_holder_is_on_its_way_out_is_waited_for() {
        let folder = std::env::temp_dir().join(format!("teller-lock-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let first = Lock::take(&folder, "first").unwrap();
        let leaving = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            drop(first);
        });
        assert!(Lock::take(&folder, "second").is_ok(), "it was about to end");
        leaving.join().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
