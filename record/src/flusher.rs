//! Brings the spool to PostgreSQL: in order, in batches, again and again while
//! the database is away. On a connection of its own, so that no load on the
//! pool can stop the record.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use database::{
    Database, DatabaseError, StoredRecord,
    spool::{self, Batch, Damage, Reader},
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::{
    Acknowledgements, RecordHealth, RecordMetrics,
    recognition::Recognitions,
    seal::Sealed,
    types::Handover,
    writer::{Writer, Written},
};

/// Rows of one statement at most. A turn does not wait for company: what is said while one
/// statement commits is the next one.
const BATCH: usize = 200;
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(2);
/// With nothing to write, the database is asked for a sign of life this often.
const PING: Duration = Duration::from_secs(5);

/// Empties the spool.
#[derive(Debug)]
pub(super) struct Flusher {
    pub(super) reader: Reader,
    pub(super) handovers: mpsc::Receiver<Handover>,
    pub(super) writer: Writer,
    pub(super) database: Database,
    pub(super) recognitions: Recognitions,
    pub(super) acknowledgements: Option<Acknowledgements>,
    /// Whether a record that was handed over is acknowledged by its commit.
    pub(super) commits_acknowledge: bool,
    pub(super) health: RecordHealth,
    pub(super) metrics: Arc<RecordMetrics>,
}

impl Flusher {
    /// Runs until the recorder is gone and everything is written.
    pub(super) async fn run(mut self) {
        let mut next = None;
        let mut closed = false;
        loop {
            let batch = self.read().await;
            report(&batch.damage);
            if !batch.is_empty() {
                self.store(batch).await;
            }
            if next.is_none() {
                match self.handovers.try_recv() {
                    Ok(handover) => next = Some(handover),
                    Err(mpsc::error::TryRecvError::Empty) => {}
                    Err(mpsc::error::TryRecvError::Disconnected) => closed = true,
                }
            }
            if let Some(handover) = next.take() {
                next = self.take(handover).await;
            } else if self.reader.done_until() >= self.reader.durable() {
                if closed {
                    return;
                }
                tokio::select! {
                    () = self.reader.appended() => {}
                    handover = self.handovers.recv() => {
                        closed = handover.is_none();
                        next = handover;
                    }
                    () = sleep(PING) => self.ping().await,
                }
            }
        }
    }

    /// What is next in the spool.
    async fn read(&mut self) -> Batch {
        // From the page cache this takes microseconds; a cold disk may take longer, so the
        // runtime is told.
        let mut wait = FIRST_RETRY;
        loop {
            match self.reader.next(BATCH) {
                Ok(batch) => return batch,
                Err(error) => {
                    tracing::error!(%error, "the spool cannot be read; it is tried again");
                    sleep(wait).await;
                    wait = (wait * 2).min(LAST_RETRY);
                }
            }
        }
    }

    async fn store(&mut self, batch: Batch) {
        let stored: Vec<Option<StoredRecord>> = batch
            .records
            .iter()
            .map(|record| StoredRecord::from_spool(&record.payload))
            .collect();
        let written = self.write(&stored).await;
        for (place, why) in &written.refused {
            self.park(&batch.records[*place], &batch, why);
        }
        self.reader.done(&batch);
        let stored = batch.records.len() - written.refused.len();
        self.metrics.series.stored.inc_by(stored as u64);
    }

    /// A record whose turn has come is written; otherwise it is given back.
    async fn take(&mut self, handover: Handover) -> Option<Handover> {
        let done = self.reader.done_until();
        match handover {
            Handover::Flush(answer, after) if done >= after => {
                answer.send(()).unwrap_or_default();
                None
            }
            Handover::Record(sealed, after) if done >= after => {
                self.store_handed_over(*sealed).await;
                None
            }
            early => Some(early),
        }
    }

    /// What the disk did not take is acknowledged now.
    async fn store_handed_over(&mut self, mut sealed: Sealed) {
        let stored = [StoredRecord::from_spool(&sealed.record.payload)];
        let written = self.write(&stored).await;
        for (_, why) in &written.refused {
            self.park(&sealed.record, &Batch::default(), why);
        }
        self.health.safe_again(sealed.acknowledged.session);
        if self.commits_acknowledge {
            sealed.acknowledge(self.acknowledgements.as_ref());
        }
        self.metrics.series.stored.inc();
    }

    /// Tries until the database has dealt with all of them.
    async fn write(&self, records: &[Option<StoredRecord>]) -> Written {
        let mut retry = FIRST_RETRY;
        loop {
            match self.writer.write(records).await {
                Ok(written) => {
                    self.up();
                    for (session, seen_before) in &written.opened {
                        if *seen_before {
                            tracing::info!(session.id = %session, "RETURNING USER");
                        }
                        self.recognitions.answer(*session, *seen_before);
                    }
                    if written.differing > 0 {
                        let differing = written.differing as u64;
                        self.metrics.series.conflicts.inc_by(differing);
                        tracing::error!(
                            rows = written.differing,
                            "another row is stored under the number of a message"
                        );
                    }
                    return written;
                }
                Err(error) => {
                    self.down(&error);
                    // Jitter: workers that lost the same database do not come back as one.
                    sleep(retry.mul_f64(rand::random_range(0.5..1.0))).await;
                    retry = (retry * 2).min(LAST_RETRY);
                }
            }
        }
    }

    /// Sets aside what the database can never take: the others must not suffer for it.
    fn park(&self, record: &spool::Record, batch: &Batch, why: &str) {
        let (session, seq) = (record.id.session, record.id.seq);
        self.metrics.series.parked.inc();
        match self.reader.park(record, batch, why) {
            Ok(letter) => {
                tracing::error!(session.id = %session, seq, letter, why, "a record cannot be stored; teller spool shows it")
            }
            Err(error) => {
                tracing::error!(session.id = %session, seq, why, %error, "a record can neither be stored nor set aside; its segment is kept")
            }
        }
    }

    async fn ping(&self) {
        let patience = Duration::from_secs(3);
        match timeout(patience, self.database.check_writable()).await {
            Ok(Ok(())) => self.up(),
            Ok(Err(error)) => self.down(&error),
            Err(_) => self.down(&DatabaseError::Unavailable("no answer in time".into())),
        }
    }

    fn up(&self) {
        self.metrics.series.database_up.set(1);
        if self.health.database_up() {
            tracing::info!("the database takes rows again");
        }
    }

    fn down(&self, error: &DatabaseError) {
        self.metrics.series.database_up.set(0);
        if self.health.database_down(Utc::now(), error.to_string()) {
            let waiting = self.health.status().waiting;
            match error {
                DatabaseError::Unavailable(_) => {
                    tracing::warn!(%error, waiting, "the database is away; the record waits on the disk")
                }
                _ => tracing::error!(%error, waiting, "the record waits for an operator"),
            }
        }
    }
}

/// G6: what is lost is said, with session and number.
pub(super) fn report(damage: &[Damage]) {
    use spool::Lost;
    for place in damage {
        let (segment, offset, bytes) = (place.segment, place.offset, place.bytes);
        match place.lost {
            Lost::TornTail { record } => tracing::warn!(
                segment,
                offset,
                bytes,
                session.id = record.map(|r| r.session.to_string()),
                seq = record.map(|r| r.seq),
                "the end of a segment was cut: its writer was stopped before it could acknowledge"
            ),
            Lost::Record(record) => tracing::error!(
                segment, offset, bytes, session.id = %record.session, seq = record.seq,
                "a record in the spool is damaged and was set aside"
            ),
            Lost::Records { count, last } => tracing::error!(
                segment, offset, bytes, count, session.id = %last.session, seq = last.seq,
                "records in the spool are damaged and were set aside; the last of them is named"
            ),
            Lost::Segment => tracing::error!(
                segment,
                bytes,
                "a segment of the spool cannot be read at all and is kept"
            ),
        }
    }
}
