//! `outbox`: summaries that are owed. A session owes one from its end on, in the same transaction
//! (a trigger says so), and again when a turn comes late.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{Database, DatabaseError, SessionId};

/// After this many attempts a summary is parked: a person must look.
const ATTEMPTS: i32 = 8;
/// Wait after the first failed attempt; doubled with each, up to [`LONGEST_WAIT`]. Eight attempts
/// span about ten minutes.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// All SQL about summaries that are owed.
#[derive(Clone, Debug)]
pub struct SummaryQueue {
    db: Database,
}

/// A claim: whoever holds it writes the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwedSummary {
    id: i64,
    /// Whose.
    pub session: SessionId,
    /// Grows when the summary is owed again meanwhile: then this claim settles nothing.
    round: i32,
    /// 1 for the first.
    pub attempt: i32,
}

/// A summary that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParkedSummary {
    /// Whose.
    pub session: SessionId,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was given up.
    pub parked_at: DateTime<Utc>,
    /// What the last attempt said.
    pub error: Option<String>,
}

impl SummaryQueue {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// Claims what is due, oldest first. A claim that is neither settled nor failed within `lease`
    /// is given to the next who asks: its worker died. Two who ask at once never get the same.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn claim(
        &self,
        at_most: i32,
        lease: Duration,
    ) -> Result<Vec<OwedSummary>, DatabaseError> {
        // One whose writer dies each time never reports a failure.
        let park = "UPDATE outbox SET failed_at = now(), error = coalesce(error, 'whoever claimed it never came back')
                     WHERE tenant_id = current_tenant() AND completed_at IS NULL AND failed_at IS NULL AND next_at <= now() AND attempts >= $1";
        self.db.query(park, &[&ATTEMPTS]).await?;
        self.claim_of(None, at_most, lease).await
    }

    /// Claims the summary of one session, if it is due and nobody else has it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn claim_session(
        &self,
        session: SessionId,
        lease: Duration,
    ) -> Result<Option<OwedSummary>, DatabaseError> {
        let claimed = self.claim_of(Some(session), 1, lease).await?;
        Ok(claimed.into_iter().next())
    }

    async fn claim_of(
        &self,
        session: Option<SessionId>,
        at_most: i32,
        lease: Duration,
    ) -> Result<Vec<OwedSummary>, DatabaseError> {
        let sql = "SELECT item, of_session, of_round, attempt FROM claim_summaries($1, $2, make_interval(secs => $3))";
        let rows = self
            .db
            .query(sql, &[&session, &at_most, &lease.as_secs_f64()])
            .await?;
        let owed = |row: &tokio_postgres::Row| OwedSummary {
            id: row.get(0),
            session: row.get(1),
            round: row.get(2),
            attempt: row.get(3),
        };
        Ok(rows.iter().map(owed).collect())
    }

    /// The summary is written. False if it is owed again: a turn came meanwhile. As the claim,
    /// it does not wait for the server's disk: what a crash takes back is done again.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn settle(&self, owed: &OwedSummary) -> Result<bool, DatabaseError> {
        let sql = "UPDATE outbox SET completed_at = now(), error = NULL WHERE id = $1 AND round = $2 AND completed_at IS NULL
                    RETURNING set_config('synchronous_commit', 'off', true)";
        let rows = self.db.query(sql, &[&owed.id, &owed.round]).await?;
        Ok(!rows.is_empty())
    }

    /// It could not be written; `why` without personal data. True if it is parked now, false if
    /// it is tried again.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn failed(&self, owed: &OwedSummary, why: &str) -> Result<bool, DatabaseError> {
        let doublings = u32::try_from(owed.attempt - 1).unwrap_or(0).min(16);
        let wait = (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT);
        let parked = owed.attempt >= ATTEMPTS;
        let sql =
            "UPDATE outbox SET error = left($3, 500), next_at = now() + make_interval(secs => $4),
                          failed_at = CASE WHEN $5 THEN now() END
                    WHERE id = $1 AND round = $2 AND completed_at IS NULL RETURNING 1";
        let rows = self
            .db
            .query(
                sql,
                &[&owed.id, &owed.round, &why, &wait.as_secs_f64(), &parked],
            )
            .await?;
        Ok(parked && !rows.is_empty())
    }

    /// Summaries that were given up, newest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn parked(&self, limit: i64) -> Result<Vec<ParkedSummary>, DatabaseError> {
        let sql = "SELECT dedupe_key::uuid, attempts, failed_at, error FROM outbox
                    WHERE tenant_id = current_tenant() AND failed_at IS NOT NULL ORDER BY failed_at DESC LIMIT $1";
        let rows = self.db.query(sql, &[&limit]).await?;
        let parked = |row: &tokio_postgres::Row| ParkedSummary {
            session: row.get(0),
            attempts: row.get(1),
            parked_at: row.get(2),
            error: row.get(3),
        };
        Ok(rows.iter().map(parked).collect())
    }

    /// A session owes its summary again, parked or done as it may be.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn owe(&self, session: SessionId) -> Result<(), DatabaseError> {
        self.db
            .query("SELECT enqueue_summary($1)", &[&session])
            .await
            .map(drop)
    }

    /// Every session that ended before and has no summary of all its messages owes one; how many
    /// there are. Parked ones are asked for again.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn owe_missing(&self, ended_before: DateTime<Utc>) -> Result<i32, DatabaseError> {
        let row = self
            .db
            .one("SELECT enqueue_missing_summaries($1)", &[&ended_before])
            .await?;
        Ok(row.get(0))
    }

    /// Forgets those settled before; a session's late turn makes a new one. Returns how many.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn forget(&self, settled_before: DateTime<Utc>) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM outbox WHERE tenant_id = current_tenant() AND completed_at < $1 RETURNING 1";
        Ok(self.db.query(sql, &[&settled_before]).await?.len() as u64)
    }
}
