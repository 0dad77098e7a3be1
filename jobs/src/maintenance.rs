//! Upkeep of the record, by one worker at a time: signed anchors, partitions made ahead, a look
//! for what does not belong, and at night a recount and the retention.

mod schedule;

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use database::{
    ArchiveError, ArchiveRepository, Database, DatabaseError, Leader, LeaderRole,
    LeftTaskRepository, RecountRepository, SummaryQueue, SummaryTokenRepository,
    verify::{AnchorError, Anchors},
};
use tokio::time::sleep;

use record::LeadScores;

use super::{JobMetrics, metrics::saturated};
use schedule::{Schedule, Task};

/// Looks at its schedule this often; a new leader is found within this time.
const TICK: Duration = Duration::from_secs(5);
/// Partitions of so many months to come.
const MONTHS_AHEAD: i32 = 3;
/// A start that is later than this behind its turns is not merely late.
const LATE_START: TimeDelta = TimeDelta::minutes(15);
/// Turns without a session are looked for among the ids of these days.
const ORPHAN_DAYS: TimeDelta = TimeDelta::days(3);
/// The second score of a lead falls with time: none is older than this, and so many are made anew in an hour.
const SCORE_AGE: TimeDelta = TimeDelta::days(1);
const SCORES_AN_HOUR: i64 = 10_000;
/// Settled claims are kept this long, to be looked at.
const SETTLED_KEPT: TimeDelta = TimeDelta::days(7);

/// How the record is kept.
#[derive(Debug, Clone)]
pub struct MaintenanceConfig {
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
pub struct Maintenance {
    database: Database,
    config: MaintenanceConfig,
    metrics: Arc<JobMetrics>,
}

/// A task that did not go through; it is tried again.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl Maintenance {
    /// For this database.
    pub fn new(database: &Database, config: MaintenanceConfig, metrics: Arc<JobMetrics>) -> Self {
        Self {
            database: database.clone(),
            config,
            metrics,
        }
    }

    /// Keeps for ever; of several workers one does.
    pub async fn run(self) {
        let mut schedule = Schedule::new(self.config.anchor_every);
        let mut leader = None;
        loop {
            if self.leads(&mut leader).await {
                for task in schedule.due(Utc::now()) {
                    let done = self.run_task(task, Utc::now()).await;
                    self.metrics.set_failing(task.name(), done.is_err());
                    match done {
                        Ok(()) => schedule.done(task, Utc::now()),
                        Err(error) => {
                            tracing::warn!(%error, ?task, "upkeep of the record failed; it is tried again")
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
        match self.database.lead(LeaderRole::Maintenance).await {
            Ok(Some(won)) => *leader = Some(won),
            Ok(None) => tracing::debug!("another worker keeps the record"),
            Err(error) => {
                tracing::debug!(%error, "nobody keeps the record while the database is away")
            }
        }
        leader.is_some()
    }

    async fn run_task(&self, task: Task, now: DateTime<Utc>) -> Result<(), TaskError> {
        match task {
            Task::Anchor => self.anchor(now).await,
            Task::Check => self.check(now).await,
            Task::Nightly => self.nightly(now).await,
        }
    }

    async fn anchor(&self, now: DateTime<Utc>) -> Result<(), TaskError> {
        let made = Anchors::new(&self.database, &self.config.anchors)
            .write(now)
            .await?;
        for anchor in &made {
            tracing::info!(anchor = anchor.anchor, sessions = anchor.heads.len(), root = %anchor.root, "anchored the record");
        }
        self.metrics.found.anchored_at.set(now.timestamp());
        Ok(())
    }

    async fn check(&self, now: DateTime<Utc>) -> Result<(), TaskError> {
        let recount = RecountRepository::new(&self.database);
        let found = &self.metrics.found;
        recount.make_partitions(MONTHS_AHEAD).await?;
        let misplaced = recount.misplaced().await?;
        if misplaced > 0 {
            tracing::error!(
                misplaced,
                "messages have an id of no month that has a partition"
            );
        }
        found.misplaced.set(misplaced);
        let orphans = recount.orphans(now - ORPHAN_DAYS, now - LATE_START).await?;
        for orphan in &orphans {
            tracing::error!(session.id = %orphan.session, messages = orphan.messages, "turns are stored and their session's start never came");
        }
        found.orphans.set(saturated(orphans.len()));
        let failed = SummaryQueue::new(&self.database).failed(100).await?;
        found.failed_summaries.set(saturated(failed.len()));
        let tokens = SummaryTokenRepository::new(&self.database);
        tokens.delete_expired().await?;
        let left = LeftTaskRepository::new(&self.database);
        left.delete_expired().await?;
        let leads = LeadScores::new(&self.database);
        leads.refresh(now - SCORE_AGE, SCORES_AN_HOUR).await?;
        Ok(())
    }

    async fn nightly(&self, now: DateTime<Utc>) -> Result<(), TaskError> {
        let recount = RecountRepository::new(&self.database);
        let profiles = recount.profiles().await?;
        let sessions = recount.sessions().await?;
        for drift in &profiles {
            tracing::error!(profile.id = %drift.profile, sessions = ?drift.sessions, messages = ?drift.messages, "counters differ from the rows (stored, counted)");
        }
        for session in &sessions {
            tracing::error!(session.id = %session, "the session's numbers differ from its messages");
        }
        let drift = profiles.len() + sessions.len();
        self.metrics.found.drift.set(saturated(drift));
        let queue = SummaryQueue::new(&self.database);
        let forgotten = queue.enqueue_missing(now - TimeDelta::hours(1)).await?;
        if forgotten > 0 {
            tracing::warn!(forgotten, "sessions had no summary of all their messages");
        }
        queue.forget(now - SETTLED_KEPT).await?;
        tracing::info!(drift, "recounted");
        self.retire().await
    }

    async fn retire(&self) -> Result<(), TaskError> {
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
