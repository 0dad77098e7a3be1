//! `workers`: which workers are alive.

use std::time::Duration;

use serde_json::Value;

use crate::{DatabaseError, pool::Params};

repository!(
    /// All SQL about worker leases.
    WorkerRepository
);

impl WorkerRepository {
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
        let sql = "INSERT INTO workers (worker_id, expires_at, info) VALUES ($1, now() + make_interval(secs => $2), $3)
                   ON CONFLICT (tenant_id, worker_id) DO UPDATE SET beat_at = now(), expires_at = excluded.expires_at, info = excluded.info";
        let params: Params<'_> = &[&worker_id, &lease.as_secs_f64(), info];
        self.db.run(sql, params).await
    }

    /// This worker left in order.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn leave(&self, worker_id: &str) -> Result<(), DatabaseError> {
        let sql = "DELETE FROM workers WHERE worker_id = $1";
        self.db.run(sql, &[&worker_id]).await
    }
}
