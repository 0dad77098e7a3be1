//! The spool as its users see it, and what it makes of every kind of damage.

mod damage;
mod durability;
mod limits;

use std::{path::PathBuf, sync::LazyLock};

use uuid::Uuid;

use super::*;
use crate::keys::Keyring;

pub(super) static KEYS: LazyLock<Keyring> = LazyLock::new(|| Keyring::ephemeral().unwrap());

pub(super) fn key() -> SealingKey {
    KEYS.spool_key()
}

pub(super) fn other_key() -> SealingKey {
    Keyring::ephemeral().unwrap().spool_key()
}

/// A folder that is gone with this value.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("teller-spool-{}", Uuid::new_v4().simple())))
    }

    pub(super) fn open(&self) -> Opened {
        Spool::open(self.config(1 << 24)).expect("the folder is free")
    }

    pub(super) fn config(&self, budget_bytes: u64) -> SpoolConfig {
        SpoolConfig {
            dir: self.0.clone(),
            key: key(),
            budget_bytes,
            holder: "worker-a".into(),
        }
    }

    pub(super) fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| path.to_string_lossy().ends_with(suffix));
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Record `seq` of session `session`, with a payload that says so.
pub(super) fn record(session: u128, seq: i32) -> Record {
    Record {
        id: RecordId {
            session: Uuid::from_u128(session),
            seq,
        },
        at_micros: 1_700_000_000_000_000 - i64::from(seq),
        payload: format!("turn {seq} of {session}: my savings account").into_bytes(),
    }
}

pub(super) fn records(count: i32) -> Vec<Record> {
    (0..count)
        .map(|seq| record(u128::from(seq.unsigned_abs() % 3) + 1, seq))
        .collect()
}

/// Everything the reader has, in batches of `most`, all done.
pub(super) fn drain(reader: &mut Reader, most: usize) -> Vec<Record> {
    let mut all = Vec::new();
    loop {
        let batch = reader.next(most).expect("the spool can be read");
        if batch.is_empty() {
            return all;
        }
        assert!(batch.records.len() <= most, "a batch is as large as asked");
        reader.done(&batch);
        all.extend(batch.records);
    }
}
