//! What passes between the parts of the record.

use std::{fmt, sync::Arc, time::Duration};

use call::SessionId;
use database::{RowHash, spool::Position};
use tokio::{sync::oneshot, time::timeout};

use super::seal::Sealed;

/// A record that will not be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// Its session.
    pub session: SessionId,
    /// Its number; outside 0 to `i32::MAX - 1` for what is no message.
    pub seq: i32,
    /// Of a message: the hash of its row.
    pub hash: Option<RowHash>,
}

/// Answers whether a record is kept. Dropping it takes nothing back.
#[derive(Debug)]
pub struct Acknowledgement(pub(super) oneshot::Receiver<Acknowledged>);

impl Acknowledgement {
    /// Whether the record is on the disk, or committed, before `patience` is over. `false` also when
    /// neither disk nor database will take it; it may still be kept later.
    pub async fn within(self, patience: Duration) -> bool {
        matches!(timeout(patience, self.0).await, Ok(Ok(_)))
    }
}

/// Notified of each acknowledged record, on a thread of the record's: it must be quick.
#[derive(Clone)]
pub struct Acknowledgements(pub Arc<dyn Fn(&Acknowledged) + Send + Sync>);

impl fmt::Debug for Acknowledgements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acknowledgements")
    }
}

/// When a record counts as kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk, or committed.
    #[default]
    Disk,
    /// At once: a control for proofs, which must then find losses.
    #[cfg(feature = "test-support")]
    Nothing,
}

/// What the flusher gets besides what it reads from the spool.
#[derive(Debug)]
pub(super) enum Handover {
    /// The disk did not take it: it is acknowledged when it is committed.
    Record(Box<Sealed>, Position),
    /// Answered when everything before this place, and every handover before, is committed.
    Flush(oneshot::Sender<()>, Position),
}
