//! How sessions end: in order, or swept up after a worker that died.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SessionRepository;
use crate::{DatabaseError, SessionId, clean::clean_json, pool::Params};

/// A call ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionEnd {
    /// For example `caller_left`, `agent_hung_up`, `drained`.
    pub reason: String,
    /// When.
    pub ended_at: DateTime<Utc>,
    /// Whatever the agent measured: an object.
    pub metrics: Value,
}

/// When an open session counts as left behind.
#[derive(Clone, Copy, Debug)]
pub struct StaleAfter {
    /// Without a sign of life, if its worker's lease is gone too.
    pub without_worker: Duration,
    /// Without a sign of life, whatever its worker does.
    pub outer: Duration,
}

impl Default for StaleAfter {
    /// 90 s, six missed heartbeats, and 30 minutes.
    fn default() -> Self {
        Self {
            without_worker: Duration::from_secs(90),
            outer: Duration::from_secs(30 * 60),
        }
    }
}

impl StaleAfter {
    fn seconds(self) -> (f64, f64) {
        (self.without_worker.as_secs_f64(), self.outer.as_secs_f64())
    }
}

row! {
    /// A session that this sweeper closed; it wants a summary.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AbandonedSession {
        /// Which.
        pub id: SessionId = "session_id",
        /// Its worker, if it had one.
        pub worker_id: Option<String>,
    }
}

const STALE: &str = "s.status = 'active' AND (
    s.last_activity_at < now() - make_interval(secs => $2)
    OR (s.last_activity_at < now() - make_interval(secs => $1) AND NOT EXISTS (
      SELECT FROM workers w WHERE w.tenant_id = s.tenant_id AND w.worker_id = s.worker_id AND w.expires_at > now())))";

impl SessionRepository {
    /// Closes the session. An abandoned one is ended after all, if its worker was only slow. With
    /// `wants_summary` a summary is pending from then on. True if this call closed it, false if it was ended before or is not stored.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn end_session(
        &self,
        session: SessionId,
        end: &SessionEnd,
        wants_summary: bool,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE agent_sessions SET status = 'ended', end_reason = $2, ended_at = greatest($3, started_at),
                          last_activity_at = greatest(last_activity_at, least($3, now())), metrics = $4, wants_summary = $5
                    WHERE session_id = $1 AND status <> 'ended' RETURNING session_id";
        let metrics = clean_json(&end.metrics);
        let params: Params<'_> = &[
            &session,
            &end.reason,
            &end.ended_at,
            &metrics,
            &wants_summary,
        ];
        Ok(self.db.count(sql, params).await? > 0)
    }

    /// Signs of life of calls that go on; every 15 s is right.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn heartbeat(&self, sessions: &[SessionId]) -> Result<(), DatabaseError> {
        // Locked in order, as the message trigger does: the two must not wait for each other.
        let sql = "WITH mine AS (SELECT session_id FROM agent_sessions WHERE session_id = ANY ($1) AND status = 'active'
                                  ORDER BY session_id FOR NO KEY UPDATE)
                   UPDATE agent_sessions s SET last_activity_at = greatest(s.last_activity_at, now()) FROM mine WHERE s.session_id = mine.session_id";
        self.db.run(sql, &[&sessions]).await
    }

    /// Sessions left behind, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn stale(
        &self,
        after: StaleAfter,
        limit: i64,
    ) -> Result<Vec<SessionId>, DatabaseError> {
        let sql = format!(
            "SELECT s.session_id FROM agent_sessions s WHERE {STALE} ORDER BY s.last_activity_at LIMIT $3"
        );
        let (gone, outer) = after.seconds();
        self.db.column(&sql, &[&gone, &outer, &limit]).await
    }

    /// Closes sessions left behind, as of their last message. Of several sweepers at once, one
    /// gets each session.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn abandon_stale(
        &self,
        after: StaleAfter,
        limit: i64,
    ) -> Result<Vec<AbandonedSession>, DatabaseError> {
        let sql = format!(
            "WITH stale AS (SELECT s.session_id FROM agent_sessions s WHERE {STALE}
                             ORDER BY s.session_id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)
             UPDATE agent_sessions s
                SET status = 'abandoned', end_reason = 'worker_lost',
                    ended_at = greatest(s.started_at, (SELECT m.created_at FROM conversation_messages m
                                                        WHERE m.session_id = s.session_id AND m.seq = s.last_seq))
               FROM stale WHERE s.session_id = stale.session_id AND s.status = 'active'
             RETURNING s.session_id, s.worker_id"
        );
        let (gone, outer) = after.seconds();
        self.db.list(&sql, &[&gone, &outer, &limit]).await
    }
}
