//! Upkeep of the record, by one worker at a time: signed anchors, partitions made ahead, a look
//! for what does not belong, and at night a recount and the retention.

mod timetable;

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use database::{
    ArchiveError, ArchiveRepository, Database, DatabaseError, Leader, LeaderRole,
    RecountRepository, SummaryQueue,
    verify::{AnchorError, Anchors},
};
use tokio::time::sleep;

use crate::metrics::Metrics;
use timetable::{Chore, Timetable};

/// Looks at its timetable this often; a new leader is found within this time.
const TICK: Duration = Duration::from_secs(5);
/// Partitions of so many months to come.
const MONTHS_AHEAD: i32 = 3;
/// A start that is later than this behind its turns is not merely late.
const LATE_START: TimeDelta = TimeDelta::minutes(15);
/// Turns without a session are looked for among the ids of these days.
const ORPHAN_DAYS: TimeDelta = TimeDelta::days(3);
/// Settled claims are kept this long, to be looked at.
const SETTLED_KEPT: TimeDelta = TimeDelta::days(7);

/// How the record is kept.
#[derive(Debug, Clone)]
pub struct KeeperConfig {
    /// Folder of the anchor files.
    pub anchors: PathBuf,
    /// An anchor this often.
    pub anchor_every: Duration,
    /// Months of messages that stay in the database; `None`: all.
    pub keep_months: Option<u16>,
    /// Folder for what does not stay.
    pub archive: PathBuf,
}

/// Keeps the record of one tenant.
#[derive(Debug)]
pub struct Keeper {
    database: Database,
    config: KeeperConfig,
    metrics: Arc<Metrics>,
}

/// A chore that did not go through; it is tried again.
#[derive(Debug, thiserror::Error)]
enum ChoreError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl Keeper {
    /// For this database.
    pub fn new(database: &Database, config: KeeperConfig, metrics: Arc<Metrics>) -> Self {
        Self {
            database: database.clone(),
            config,
            metrics,
        }
    }

    /// Keeps for ever; of several workers one does.
    pub async fn run(self) {
        let mut timetable = Timetable::new(self.config.anchor_every);
        let mut leader = None;
        loop {
            if self.leads(&mut leader).await {
                for chore in timetable.due(Utc::now()) {
                    let done = self.do_chore(chore, Utc::now()).await;
                    self.metrics.upkeep.set_failing(chore.name(), done.is_err());
                    match done {
                        Ok(()) => timetable.done(chore, Utc::now()),
                        Err(error) => {
                            tracing::warn!(%error, ?chore, "upkeep of the record failed; it is tried again")
                        }
                    }
                }
            }
            sleep(TICK).await;
        }
    }

    async fn leads(&self, leader: &mut Option<Leader>) -> bool {
        if let Some(held) = leader {
            if held.still_leads().await {
                return true;
            }
            *leader = None;
        }
        match self.database.lead(LeaderRole::Keeper).await {
            Ok(won) => *leader = won,
            Err(error) => {
                tracing::debug!(%error, "nobody keeps the record while the database is away")
            }
        }
        leader.is_some()
    }

    async fn do_chore(&self, chore: Chore, now: DateTime<Utc>) -> Result<(), ChoreError> {
        match chore {
            Chore::Anchor => self.anchor(now).await,
            Chore::Look => self.look(now).await,
            Chore::Night => self.night(now).await,
        }
    }

    async fn anchor(&self, now: DateTime<Utc>) -> Result<(), ChoreError> {
        let made = Anchors::new(&self.database, &self.config.anchors)
            .write(now)
            .await?;
        for anchor in &made {
            tracing::info!(anchor = anchor.anchor, sessions = anchor.heads.len(), root = %anchor.root, "anchored the record");
        }
        self.metrics.upkeep.set_anchored(now.timestamp());
        Ok(())
    }

    async fn look(&self, now: DateTime<Utc>) -> Result<(), ChoreError> {
        let recount = RecountRepository::new(&self.database);
        recount.make_partitions(MONTHS_AHEAD).await?;
        let misplaced = recount.misplaced().await?;
        if misplaced > 0 {
            tracing::error!(
                misplaced,
                "messages have an id of no month that has a partition"
            );
        }
        self.metrics.upkeep.set_misplaced(misplaced);
        let orphans = recount.orphans(now - ORPHAN_DAYS, now - LATE_START).await?;
        for orphan in &orphans {
            tracing::error!(session.id = %orphan.session, messages = orphan.messages, "turns are stored and their session's start never came");
        }
        self.metrics.upkeep.set_orphans(orphans.len());
        let parked = SummaryQueue::new(&self.database).failed(100).await?;
        self.metrics.upkeep.set_parked(parked.len());
        Ok(())
    }

    async fn night(&self, now: DateTime<Utc>) -> Result<(), ChoreError> {
        let recount = RecountRepository::new(&self.database);
        let profiles = recount.profiles().await?;
        let sessions = recount.sessions().await?;
        for drift in &profiles {
            tracing::error!(profile.id = %drift.profile, sessions = ?drift.sessions, messages = ?drift.messages, "counters differ from the rows (stored, counted)");
        }
        for session in &sessions {
            tracing::error!(session.id = %session, "the session's numbers differ from its messages");
        }
        self.metrics
            .upkeep
            .set_drift(profiles.len() + sessions.len());
        let queue = SummaryQueue::new(&self.database);
        let forgotten = queue.enqueue_missing(now - TimeDelta::hours(1)).await?;
        if forgotten > 0 {
            tracing::warn!(forgotten, "sessions had no summary of all their messages");
        }
        queue.forget(now - SETTLED_KEPT).await?;
        tracing::info!(drift = profiles.len() + sessions.len(), "recounted");
        self.retire().await
    }

    async fn retire(&self) -> Result<(), ChoreError> {
        let Some(keep) = self.config.keep_months else {
            return Ok(());
        };
        let archives = ArchiveRepository::new(&self.database);
        for month in archives.retired(keep.into()).await? {
            let archived = archives.put_away(&month, &self.config.archive).await?;
            tracing::info!(partition = archived.partition, messages = archived.messages, file = %archived.file.display(), dropped = archived.dropped, "put a month's messages away");
        }
        Ok(())
    }
}
