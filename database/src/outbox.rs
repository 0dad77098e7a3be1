//! `outbox`: summaries that are pending. A session's is from its end on, in the same transaction (a
//! trigger sees to it), and again when a turn comes late.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{DatabaseError, SessionId, pool::Params};

/// After this many attempts a summary has failed: a person must look.
const ATTEMPTS: i32 = 8;
/// Wait after the first failed attempt; doubled with each, up to [`LONGEST_WAIT`]. Eight attempts
/// span about ten minutes.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

repository!(
    /// All SQL about pending summaries.
    SummaryQueue
);

row! {
    /// A claim: whoever holds it writes the summary.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct ClaimedSummary {
        id: i64 = "item",
        /// Whose.
        pub session: SessionId = "of_session",
        /// Grows when the summary is enqueued again meanwhile: then this claim completes nothing.
        round: i32 = "of_round",
        /// 1 for the first.
        pub attempt: i32,
    }
}

row! {
    /// A summary that was given up.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct FailedSummary {
        /// Whose.
        pub session: SessionId,
        /// How often it was tried.
        pub attempts: i32,
        /// When it was given up.
        pub failed_at: DateTime<Utc>,
        /// What the last attempt said.
        pub error: Option<String>,
    }
}

impl SummaryQueue {
    /// Claims what is due, oldest first. A claim that is neither completed nor failed within
    /// `lease` goes to the next who asks: its worker died. Two who ask at once never get the same.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn claim(
        &self,
        at_most: i32,
        lease: Duration,
    ) -> Result<Vec<ClaimedSummary>, DatabaseError> {
        // One whose writer dies each time never reports a failure.
        let give_up = "UPDATE outbox SET failed_at = now(), error = coalesce(error, 'whoever claimed it never came back')
                        WHERE tenant_id = current_tenant() AND completed_at IS NULL AND failed_at IS NULL AND next_at <= now() AND attempts >= $1";
        self.db.run(give_up, &[&ATTEMPTS]).await?;
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
    ) -> Result<Option<ClaimedSummary>, DatabaseError> {
        let claimed = self.claim_of(Some(session), 1, lease).await?;
        Ok(claimed.into_iter().next())
    }

    async fn claim_of(
        &self,
        session: Option<SessionId>,
        at_most: i32,
        lease: Duration,
    ) -> Result<Vec<ClaimedSummary>, DatabaseError> {
        let sql = "SELECT item, of_session, of_round, attempt FROM claim_summaries($1, $2, make_interval(secs => $3))";
        let params: Params<'_> = &[&session, &at_most, &lease.as_secs_f64()];
        self.db.list(sql, params).await
    }

    /// The summary is written. False if it is pending again: a turn came meanwhile. As the claim,
    /// it does not wait for the server's disk: what a crash takes back is done again.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn complete(&self, claim: &ClaimedSummary) -> Result<bool, DatabaseError> {
        let sql = "UPDATE outbox SET completed_at = now(), error = NULL WHERE id = $1 AND round = $2 AND completed_at IS NULL
                    RETURNING set_config('synchronous_commit', 'off', true)";
        Ok(self.db.count(sql, &[&claim.id, &claim.round]).await? > 0)
    }

    /// It could not be written; `why` without personal data. True if it is given up now, false if
    /// it is tried again.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn fail(&self, claim: &ClaimedSummary, why: &str) -> Result<bool, DatabaseError> {
        let doublings = u32::try_from(claim.attempt - 1).unwrap_or(0).min(16);
        let wait = (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT);
        let last = claim.attempt >= ATTEMPTS;
        let sql =
            "UPDATE outbox SET error = left($3, 500), next_at = now() + make_interval(secs => $4),
                          failed_at = CASE WHEN $5 THEN now() END
                    WHERE id = $1 AND round = $2 AND completed_at IS NULL RETURNING 1";
        let params: Params<'_> = &[&claim.id, &claim.round, &why, &wait.as_secs_f64(), &last];
        Ok(self.db.count(sql, params).await? > 0 && last)
    }

    /// Summaries that were given up, newest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn failed(&self, limit: i64) -> Result<Vec<FailedSummary>, DatabaseError> {
        let sql = "SELECT dedupe_key::uuid AS session, attempts, failed_at, error FROM outbox
                    WHERE tenant_id = current_tenant() AND failed_at IS NOT NULL ORDER BY failed_at DESC LIMIT $1";
        self.db.list(sql, &[&limit]).await
    }

    /// A session's summary is pending again, failed or completed as it may be.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn enqueue(&self, session: SessionId) -> Result<(), DatabaseError> {
        let sql = "SELECT enqueue_summary($1)";
        self.db.run(sql, &[&session]).await
    }

    /// Enqueues the summary of every session that ended before and has none of all its messages,
    /// failed ones too; how many there are.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn enqueue_missing(&self, ended_before: DateTime<Utc>) -> Result<i32, DatabaseError> {
        let sql = "SELECT enqueue_missing_summaries($1)";
        self.db.value(sql, &[&ended_before]).await
    }

    /// Forgets those completed before; a session's late turn makes a new one. Returns how many.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn forget(&self, completed_before: DateTime<Utc>) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM outbox WHERE tenant_id = current_tenant() AND completed_at < $1 RETURNING 1";
        Ok(self.db.count(sql, &[&completed_before]).await? as u64)
    }
}
