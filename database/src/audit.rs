//! `audit_log`: what was done to the record, by whom.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{DatabaseError, pool::Params};

repository!(
    /// All SQL about the audit log.
    AuditRepository
);

row! {
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
}

impl AuditRepository {
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
        let sql = "SELECT audit($1, $2, $3, $4, $5)";
        let params: Params<'_> = &[&actor, &action, &subject_type, &subject_id, detail];
        self.db.value(sql, params).await
    }

    /// Every row about one of these profiles, sessions or other things, by id, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn about(&self, subjects: &[String]) -> Result<Vec<AuditEntry>, DatabaseError> {
        let sql = "SELECT * FROM audit_log WHERE subject_id = ANY ($1) ORDER BY id";
        self.db.list(sql, &[&subjects]).await
    }
}
