//! The spool: what must reach the database lies on this host's disk until it has.
//!
//! ```text
//! Appender ──frames──> 000000000007.seg ──fdatasync──> durable
//!                              │
//!                           Reader ──batches──> COMMIT ──> done ──> the segment is deleted
//!                              └──refused──> ….letter            damaged ──> ….damaged
//! ```
//!
//! Nothing here knows what a record means. Segments are made whole before their first record and
//! only filled afterwards; they are never renamed or rewritten. A replay delivers records again
//! that the database has already: their key makes that harmless.

mod appender;
mod budget;
mod cipher;
mod error;
mod frame;
mod header;
mod inspect;
pub mod letters;
mod lock;
mod quarantine;
mod reader;
mod replay;
mod scan;
mod segment;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf, sync::Arc};

pub use appender::{Appender, NotAppended};
pub use budget::Fullness;
pub use error::SpoolError;
use error::disk;
pub use frame::{MAX_PAYLOAD, Record, RecordId};
pub use inspect::{SegmentReport, damaged_files, segments};
use lock::Lock;
pub use reader::{Batch, Reader};
pub use replay::Replay;
pub use scan::{Damage, Lost};
use store::Store;
pub use store::{Position, SpoolStatus};

use crate::keys::SealingKey;

/// Where the spool lies and how large it may become.
#[derive(Clone)]
pub struct SpoolConfig {
    /// Its folder; made if it is not there, for this user alone. On another disk than
    /// PostgreSQL's, if there is one.
    pub dir: PathBuf,
    /// Wraps the keys of segments: [`Keyring::spool_key`](crate::keys::Keyring::spool_key).
    pub key: SealingKey,
    /// Bytes on the disk at most, dead letters aside.
    pub budget_bytes: u64,
    /// How this worker is named to another one that wants the same folder.
    pub holder: String,
}

impl fmt::Debug for SpoolConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpoolConfig")
            .field("dir", &self.dir)
            .field("budget_bytes", &self.budget_bytes)
            .finish_non_exhaustive()
    }
}

/// A look at the spool; cheap to clone.
#[derive(Clone, Debug)]
pub struct Spool(Arc<Store>);

impl Spool {
    /// Takes the folder for this process alone and finds what an earlier one left there.
    ///
    /// # Errors
    /// [`SpoolError::Held`], [`SpoolError::OtherKey`] or [`SpoolError::Disk`].
    pub fn open(config: SpoolConfig) -> Result<Opened, SpoolError> {
        segment::create_folder(&config.dir).map_err(disk("making the spool's folder"))?;
        let lock = Lock::take(&config.dir, &config.holder)?;
        let store = Arc::new(Store::new(config.dir, config.key, config.budget_bytes));
        let (replay, next_number) = replay::replay(&store)?;
        Ok(Opened {
            appender: Appender::new(store.clone(), next_number, lock),
            reader: Reader::new(store.clone()),
            spool: Self(store),
            replay,
        })
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> SpoolStatus {
        self.0.status()
    }

    /// Dead letters that wait for an administrator.
    #[must_use]
    pub fn dead_letters(&self) -> usize {
        self.0.letters()
    }
}

/// A spool in use.
#[derive(Debug)]
pub struct Opened {
    /// Looks at it.
    pub spool: Spool,
    /// Writes it.
    pub appender: Appender,
    /// Empties it.
    pub reader: Reader,
    /// What was found.
    pub replay: Replay,
}
