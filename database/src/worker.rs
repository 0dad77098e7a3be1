//! `workers`: which workers are alive.

use std::time::Duration;

use serde_json::Value;

use crate::{Database, DatabaseError};

/// All SQL about worker leases.
#[derive(Clone, Debug)]
pub struct WorkerRepository {
    db: Database,
}

impl WorkerRepository {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// Says that this worker lives, for as long as the lease; 45 s with a beat each 15 s is right.
    /// `info` is shown to operators.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn beat(
        &self,
        worker_id: &str,
        lease: Duration,
        info: &Value,
    ) -> Result<(), DatabaseError> {
        self.db
            .query(
                "INSERT INTO workers (worker_id, expires_at, info) VALUES ($1, now() + make_interval(secs => $2), $3)
                 ON CONFLICT (tenant_id, worker_id) DO UPDATE SET beat_at = now(), expires_at = excluded.expires_at, info = excluded.info",
                &[&worker_id, &lease.as_secs_f64(), info],
            )
            .await
            .map(drop)
    }

    /// This worker left in order.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn leave(&self, worker_id: &str) -> Result<(), DatabaseError> {
        self.db
            .query("DELETE FROM workers WHERE worker_id = $1", &[&worker_id])
            .await
            .map(drop)
    }

    /// Ids of the workers whose lease lasts.
    ///
    /// # Errors
    /// [`DatabaseError`].
    #[cfg(feature = "test-support")]
    pub async fn alive(&self) -> Result<Vec<String>, DatabaseError> {
        let rows = self
            .db
            .query(
                "SELECT worker_id FROM workers WHERE expires_at > now() ORDER BY worker_id",
                &[],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
