//! `system_config`: settings that change while the system runs.

use serde_json::Value;

use crate::{DatabaseError, clean::clean_json};

repository!(
    /// All SQL about settings.
    ConfigRepository
);

impl ConfigRepository {
    /// A setting.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get(&self, key: &str) -> Result<Option<Value>, DatabaseError> {
        let row = self
            .db
            .optional("SELECT value FROM system_config WHERE key = $1", &[&key])
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// All settings, by key.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn all(&self) -> Result<Vec<(String, Value)>, DatabaseError> {
        let rows = self
            .db
            .query("SELECT key, value FROM system_config ORDER BY key", &[])
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Changes a setting and audits the change with its author; the value itself is not audited.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn set(&self, key: &str, value: &Value, actor: &str) -> Result<(), DatabaseError> {
        self.db
            .query(
                "WITH stored AS (
                   INSERT INTO system_config (key, value, updated_by) VALUES ($1, $2, $3)
                   ON CONFLICT (tenant_id, key) DO UPDATE SET value = excluded.value, updated_by = excluded.updated_by, updated_at = now()
                   RETURNING key)
                 SELECT audit($3, 'config.set', 'setting', key) FROM stored",
                &[&key, &clean_json(value), &actor],
            )
            .await
            .map(drop)
    }
}
