//! Questions of the night: do the counters still equal the rows, is every message where it belongs?

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Row;

use crate::{DatabaseError, ProfileId, SessionId, pool::Params};

/// A profile whose counters differ from its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CounterDrift {
    /// Whose.
    pub profile: ProfileId,
    /// Sessions, as stored and as counted.
    pub sessions: (i32, i64),
    /// Messages, as stored and as counted.
    pub messages: (i64, i64),
}

row! {
    /// Turns whose session never came.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct Orphan {
        /// The session that is not there.
        pub session: SessionId = "session_id",
        /// Its messages.
        pub messages: i64,
        /// When the first was said.
        pub first_at: DateTime<Utc>,
    }
}

repository!(
    /// All of these should be empty, always.
    RecountRepository
);

/// A recount reads every row: minutes for a hundred million, so it has its own limit.
const LONGEST_RECOUNT: Duration = Duration::from_secs(30 * 60);

impl RecountRepository {
    /// Profiles whose counters drifted, at most 100.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn profiles(&self) -> Result<Vec<CounterDrift>, DatabaseError> {
        let sql = "SELECT id, total_sessions, counted_sessions, total_messages, counted_messages::bigint FROM counter_drift LIMIT 100";
        let rows = self.slowly(sql, &[]).await?;
        let drift = |row: &Row| CounterDrift {
            profile: row.get(0),
            sessions: (row.get(1), row.get(2)),
            messages: (row.get(3), row.get(4)),
        };
        Ok(rows.iter().map(drift).collect())
    }

    /// Sessions whose `message_count` or `last_seq` differ from their rows, at most 100.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn sessions(&self) -> Result<Vec<SessionId>, DatabaseError> {
        let sql = "SELECT session_id FROM session_drift LIMIT 100";
        let rows = self.slowly(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Turns without a session whose ids were made between these times: late starts come within
    /// seconds, unless the worker that has them in its spool does not run. At most 100.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn orphans(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Orphan>, DatabaseError> {
        let sql = "SELECT m.session_id, count(*) AS messages, min(m.created_at) AS first_at FROM conversation_messages m
                    WHERE m.session_id >= v7_floor($1) AND m.session_id < v7_floor($2)
                      AND NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = m.session_id)
                    GROUP BY 1 ORDER BY 1 LIMIT 100";
        let rows = self.slowly(sql, &[&from, &until]).await?;
        Ok(rows.iter().map(Orphan::from).collect())
    }

    async fn slowly(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, DatabaseError> {
        let rows = self.db.query_with_timeout(sql, params, LONGEST_RECOUNT);
        rows.await
    }

    /// Makes this month's partition and those of the next months; how many were missing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn make_partitions(&self, months_ahead: i32) -> Result<i32, DatabaseError> {
        let sql = "SELECT make_message_partitions($1)";
        self.db.value(sql, &[&months_ahead]).await
    }

    /// Messages whose id names no month that has a partition: a clock is wrong, or a writer makes
    /// ids of another kind.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn misplaced(&self) -> Result<i64, DatabaseError> {
        self.db.value("SELECT misplaced_messages()", &[]).await
    }
}
