//! The writing side: a group of records at a time, each group with one `fdatasync`.

use std::sync::Arc;

use super::{
    budget::segment_bytes,
    error::SpoolError,
    frame::{MAX_PAYLOAD, Record},
    lock::Lock,
    segment::{self, Segment},
    store::{Extent, Position, Store},
};

/// A group that did not reach the disk as a whole.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct NotAppended {
    /// So many from the first are durable all the same.
    pub durable: usize,
    /// Why the rest is not.
    #[source]
    pub error: SpoolError,
}

/// Appends to the spool. One thread owns it: what waits for that thread while it waits for the
/// disk becomes the next group.
#[derive(Debug)]
pub struct Appender {
    store: Arc<Store>,
    current: Option<Segment>,
    next_number: u64,
    /// Held as long as somebody may write.
    _lock: Lock,
}

impl Appender {
    pub(super) fn new(store: Arc<Store>, next_number: u64, lock: Lock) -> Self {
        Self {
            store,
            current: None,
            next_number,
            _lock: lock,
        }
    }

    /// Brings these records to the disk, in order, and returns where they end. After it, they
    /// survive the end of the process, of PostgreSQL and of the machine's power.
    ///
    /// A segment whose write failed is closed for good and what was not durable goes to a new
    /// one; only if that fails too is the group given back.
    ///
    /// # Errors
    /// [`NotAppended`]: the caller finds another way for the rest, before it acknowledges it.
    pub fn append(&mut self, records: &[Record]) -> Result<Position, NotAppended> {
        let mut durable = 0;
        let mut second_try = false;
        let mut result = Ok(());
        while durable < records.len() {
            match self.append_some(&records[durable..]) {
                Ok(count) => {
                    durable += count;
                    second_try = false;
                }
                Err(error @ (SpoolError::TooLong(_) | SpoolError::Full)) => {
                    result = Err(NotAppended { durable, error });
                    break;
                }
                Err(error) if second_try => {
                    result = Err(NotAppended { durable, error });
                    break;
                }
                Err(_first) => second_try = true,
            }
        }
        let full =
            matches!(&result, Err(failed) if !matches!(failed.error, SpoolError::TooLong(_)));
        self.store.set_refusing(full);
        result.map(|()| *self.store.durable.borrow())
    }

    fn append_some(&mut self, records: &[Record]) -> Result<usize, SpoolError> {
        let Some(first) = records.first() else {
            return Ok(0);
        };
        if first.payload.len() > MAX_PAYLOAD {
            return Err(SpoolError::TooLong(first.payload.len()));
        }
        let mut current = match self.current.take() {
            Some(current) if current.room_for(&records[..1]) == 1 => current,
            full => {
                if let Some(full) = full {
                    self.store.close(full.number);
                }
                self.open_segment(segment::least_size(first))?
            }
        };
        let fitting = &records[..current.room_for(records)];
        match current.write(fitting) {
            Ok(()) => {
                self.store
                    .extended(current.number, current.end, fitting.len() as u64);
                self.current = Some(current);
                Ok(fitting.len())
            }
            Err(error) => {
                self.store.close(current.number);
                Err(error)
            }
        }
    }

    fn open_segment(&mut self, at_least: u64) -> Result<Segment, SpoolError> {
        let size = segment_bytes(self.store.budget).max(at_least);
        if !self.store.fits(size) {
            return Err(SpoolError::Full);
        }
        let number = self.next_number;
        let segment = Segment::create(&self.store.dir, number, size, &self.store.key)?;
        self.next_number += 1;
        let extent = Extent {
            end: segment.end,
            size,
            closed: false,
            keep: false,
        };
        self.store.add(number, extent, 0);
        Ok(segment)
    }

    /// Nothing was appended for a while: a segment whose records are all in the database goes, and
    /// a spool that was full looks whether it still is.
    pub fn idle(&mut self) {
        if let Some(current) = &self.current
            && self.store.close_if_done(current.number)
        {
            self.current = None;
        }
        if self.store.refuses() && self.current.is_none() {
            match self.open_segment(0) {
                Ok(segment) => {
                    self.current = Some(segment);
                    self.store.set_refusing(false);
                }
                Err(_still) => {}
            }
        }
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        if let Some(current) = self.current.take() {
            self.store.close(current.number);
        }
    }
}
