//! The record at work: its thread, its task, and their orderly end.

use std::{sync::Arc, time::Duration};

use database::{
    Database,
    spool::{Replay, Spool, SpoolConfig, SpoolError},
};
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use super::{
    Acknowledgements, AfterEnd, Durability, RecordHealth, RecordMetrics, Recorder,
    disk_writer::DiskWriter,
    flusher::{Flusher, report},
    pending_starts::PendingStarts,
    recognition::Recognitions,
    seal::Sealer,
    writer::Writer,
};

/// Records that the disk did not take and that wait for the database; beyond it the recorder's
/// own queue fills.
const HANDOVERS: usize = 32_768;
/// The disk's side ends in this time, or the disk does not answer.
const LAST_SYNC: Duration = Duration::from_secs(10);

/// What the record needs.
#[derive(Debug)]
pub struct RecordConfig {
    /// The folder on this host's disk.
    pub spool: SpoolConfig,
    /// Told of each acknowledged record.
    pub acknowledgements: Option<Acknowledgements>,
    /// When that is.
    pub durability: Durability,
}

/// The record at work.
#[derive(Debug)]
pub struct RecordHandle {
    recorder: Recorder,
    health: RecordHealth,
    replay: Replay,
    thread: std::thread::JoinHandle<()>,
    flushing: JoinHandle<()>,
}

impl RecordHandle {
    /// Takes the spool and starts; what an earlier process left is written first. `database` is
    /// the record's own connection ([`Database::dedicated`]), so that no load on the pool can stop it;
    /// it need not be there yet.
    ///
    /// # Errors
    /// [`SpoolError`], foremost when another worker uses the folder; or the system has no thread.
    pub fn start(
        config: RecordConfig,
        database: Database,
        after_end: Arc<dyn AfterEnd>,
        metrics: &Arc<RecordMetrics>,
        tasks: &TaskTracker,
    ) -> anyhow::Result<Self> {
        let opened = Spool::open(config.spool)?;
        report(&opened.replay.damage);
        if opened.replay.records > 0 {
            let (records, segments) = (opened.replay.records, opened.replay.segments);
            tracing::info!(
                records,
                segments,
                torn_tails = opened.replay.torn_tails(),
                "an earlier process left records in the spool; they are brought to the database"
            );
        }
        let health = RecordHealth::new(opened.spool);
        let (recorder, queue) = Recorder::new(metrics.clone());
        let (handovers, handed_over) = mpsc::channel(HANDOVERS);
        let recognitions = Recognitions::default();
        let disk_writer = DiskWriter {
            queue,
            sealer: Sealer::new(database.keys().clone(), recognitions.clone()),
            durable_until: opened.reader.durable(),
            starts: PendingStarts::default(),
            appender: opened.appender,
            handovers,
            acknowledgements: config.acknowledgements.clone(),
            durability: config.durability,
            health: health.clone(),
            metrics: metrics.clone(),
        };
        let flusher = Flusher {
            reader: opened.reader,
            handovers: handed_over,
            writer: Writer::new(&database, after_end),
            database,
            recognitions,
            acknowledgements: config.acknowledgements,
            commits_acknowledge: config.durability == Durability::Disk,
            health: health.clone(),
            metrics: metrics.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("record".into())
            .spawn(move || disk_writer.run())
            .map_err(|source| SpoolError::Disk {
                what: "starting the record's thread",
                source,
            })?;
        Ok(Self {
            recorder,
            health,
            replay: opened.replay,
            thread,
            flushing: tasks.spawn(flusher.run()),
        })
    }

    /// The way in.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// How it stands.
    #[must_use]
    pub fn health(&self) -> RecordHealth {
        self.health.clone()
    }

    /// What was found at the start.
    #[must_use]
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Brings home what it can in this time; the rest waits on the disk. `true` when nothing
    /// waits: the spool's folder is empty then.
    pub async fn stop(self, patience: Duration) -> bool {
        let written = self.recorder.flush(patience).await;
        self.recorder.close();
        let thread = self.thread;
        let joined = tokio::task::spawn_blocking(move || thread.join().is_ok());
        if !matches!(timeout(LAST_SYNC, joined).await, Ok(Ok(true))) {
            tracing::error!("the disk does not answer; what was said last may be lost");
        }
        if written {
            // It ends by itself: nothing waits and nothing will come.
            drop(timeout(LAST_SYNC, self.flushing).await);
        } else {
            self.flushing.abort();
            let status = self.health.status();
            tracing::error!(
                waiting = status.waiting,
                unsafe_calls = status.unsafe_calls,
                "the database did not take the record in time; it waits in SPOOL_DIR for the next start"
            );
        }
        written
    }
}

#[cfg(test)]
mod tests;
