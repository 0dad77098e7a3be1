//! `audit_log`: what was done to the record, by whom.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{Database, DatabaseError};

/// All SQL about the audit log.
#[derive(Clone, Debug)]
pub struct AuditRepository {
    db: Database,
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEntry {
    /// 1, 2, 3 … without gaps.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What: `profile.merge`, `call.opened`, `auth.wrong` …
    pub action: String,
    /// To what kind of thing.
    pub subject_type: Option<String>,
    /// To which.
    pub subject_id: Option<String>,
    /// More. No personal data.
    pub detail: Value,
}

impl AuditRepository {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// Appends a row and returns its number.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating appends another.
    pub async fn record(
        &self,
        actor: &str,
        action: &str,
        subject: Option<(&str, &str)>,
        detail: &Value,
    ) -> Result<i64, DatabaseError> {
        let (subject_type, subject_id) = subject.unzip();
        let row = self
            .db
            .one(
                "SELECT audit($1, $2, $3, $4, $5)",
                &[&actor, &action, &subject_type, &subject_id, detail],
            )
            .await?;
        Ok(row.get(0))
    }

    /// Rows before this number (`None`: the end), newest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn list(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, DatabaseError> {
        let rows = self
            .db
            .query(
                "SELECT * FROM audit_log WHERE tenant_id = current_tenant() AND ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
                &[&before, &limit],
            )
            .await?;
        Ok(rows.iter().map(entry).collect())
    }

    /// Every row about one of these profiles, sessions or other things, by id, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn about(&self, subjects: &[String]) -> Result<Vec<AuditEntry>, DatabaseError> {
        let sql = "SELECT * FROM audit_log WHERE subject_id = ANY ($1) ORDER BY id";
        let rows = self.db.query(sql, &[&subjects]).await?;
        Ok(rows.iter().map(entry).collect())
    }

    /// The first row at which the chain of hashes breaks; `None` if it holds.
    ///
    /// # Errors
    /// [`DatabaseError`].
    #[cfg(feature = "test-support")]
    pub async fn broken_at(&self) -> Result<Option<i64>, DatabaseError> {
        Ok(self.db.one("SELECT audit_broken_at()", &[]).await?.get(0))
    }
}

pub(crate) fn entry(row: &tokio_postgres::Row) -> AuditEntry {
    AuditEntry {
        id: row.get("id"),
        at: row.get("at"),
        actor: row.get("actor"),
        action: row.get("action"),
        subject_type: row.get("subject_type"),
        subject_id: row.get("subject_id"),
        detail: row.get("detail"),
    }
}
