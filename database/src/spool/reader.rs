//! The reading side: records in order, again and again until they are done.

use std::{fs::File, io, os::unix::fs::FileExt as _, sync::Arc};

use tokio::sync::watch;

use super::{
    cipher::Cipher,
    error::{SpoolError, disk},
    frame::Record,
    header::{self, HEADER},
    letters,
    scan::{Damage, Found, Scanner},
    segment,
    store::{Position, Store},
};

/// Records to bring to the database, in the order in which they were appended.
#[derive(Debug, Default)]
pub struct Batch {
    /// The records.
    pub records: Vec<Record>,
    /// Damaged places between them that were not known before.
    pub damage: Vec<Damage>,
    upto: Position,
    expected: u32,
}

impl Batch {
    /// Nothing to do and nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.damage.is_empty()
    }

    /// Everything up to here is in this batch or was before.
    #[must_use]
    pub fn upto(&self) -> Position {
        self.upto
    }
}

/// Reads what was appended, from the oldest record that is not done.
#[derive(Debug)]
pub struct Reader {
    store: Arc<Store>,
    at: Position,
    /// Index of the frame at `at`.
    expected: u32,
    open: Option<Opened>,
    durable: watch::Receiver<Position>,
}

#[derive(Debug)]
struct Opened {
    number: u64,
    file: File,
    cipher: Cipher,
}

impl Reader {
    pub(super) fn new(store: Arc<Store>) -> Self {
        let durable = store.durable.subscribe();
        Self {
            store,
            at: Position::default(),
            expected: 0,
            open: None,
            durable,
        }
    }

    /// The next records, `most` at most, without waiting. The same again until they are
    /// [done](Self::done).
    ///
    /// # Errors
    /// [`SpoolError::Disk`]: the same may be tried again.
    pub fn next(&mut self, most: usize) -> Result<Batch, SpoolError> {
        let mut batch = Batch {
            upto: self.at,
            expected: self.expected,
            ..Batch::default()
        };
        while batch.records.is_empty() && batch.damage.is_empty() {
            let Some((from, extent)) = self.store.unread(batch.upto) else {
                break;
            };
            if from.segment != batch.upto.segment {
                batch.expected = 0;
            }
            self.read(from, extent.end, most, &mut batch)?;
        }
        if batch.is_empty() && batch.upto > self.at {
            // Nothing but damage that is known: nobody will call it done.
            self.done(&batch);
        }
        Ok(batch)
    }

    fn read(
        &mut self,
        from: Position,
        end: u64,
        most: usize,
        batch: &mut Batch,
    ) -> Result<(), SpoolError> {
        let store = self.store.clone();
        let opened = self.open(from.segment)?;
        let mut bytes = vec![0; usize::try_from(end - from.offset).unwrap_or(0)];
        opened
            .file
            .read_exact_at(&mut bytes, from.offset)
            .map_err(disk("reading the spool"))?;
        let mut scanner = Scanner::new(
            &opened.cipher,
            from.segment,
            from.offset,
            batch.expected,
            &bytes,
        );
        while batch.records.len() < most {
            match scanner.next() {
                Some(Found::Record { record, .. }) => batch.records.push(record),
                Some(Found::Damage(damage)) => {
                    if store.report(&damage) {
                        batch.damage.push(damage);
                    }
                }
                None => break,
            }
        }
        batch.expected = scanner.expected();
        // Where nothing was found the rest is empty.
        let offset = if batch.records.len() < most {
            end
        } else {
            scanner.offset()
        };
        batch.upto = Position {
            segment: from.segment,
            offset,
        };
        Ok(())
    }

    fn open(&mut self, number: u64) -> Result<&Opened, SpoolError> {
        if self.open.as_ref().is_none_or(|open| open.number != number) {
            let path = segment::path(&self.store.dir, number);
            let file = File::open(&path).map_err(disk("opening a segment of the spool"))?;
            let mut bytes = vec![0; HEADER];
            file.read_exact_at(&mut bytes, 0)
                .map_err(disk("reading the spool"))?;
            let cipher = header::open(&self.store.key, &bytes).map_err(|_| {
                disk("reading the spool")(io::Error::other("a segment changed while it was used"))
            })?;
            self.open = Some(Opened {
                number,
                file,
                cipher,
            });
        }
        self.open.as_ref().ok_or(SpoolError::Full)
    }

    /// The records of this batch are in the database, or parked: they are not read again.
    pub fn done(&mut self, batch: &Batch) {
        self.at = batch.upto;
        self.expected = batch.expected;
        self.store.done(batch.upto, batch.records.len() as u64);
    }

    /// Parks a record that the database can never take, and returns the letter's id. Call it
    /// before [`Self::done`].
    ///
    /// # Errors
    /// [`SpoolError`]: then the segment is kept until the next start, which reads it again.
    pub fn park(&self, record: &Record, batch: &Batch, reason: &str) -> Result<String, SpoolError> {
        let parked = letters::park(&self.store.dir, &self.store.key, record, reason);
        match &parked {
            Ok(_) => self.store.parked(),
            Err(_) => self.store.keep(batch.upto.segment),
        }
        parked
    }

    /// Where what was appended ends now.
    #[must_use]
    pub fn durable(&self) -> Position {
        *self.durable.borrow()
    }

    /// Everything before it is done.
    #[must_use]
    pub fn done_until(&self) -> Position {
        self.store.done_until()
    }

    /// Waits until something was appended since the last call; for ever when nobody appends.
    pub async fn appended(&mut self) {
        if self.durable.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
