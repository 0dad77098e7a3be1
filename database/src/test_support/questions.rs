//! What tests ask of the record and nobody else does.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    AuditEntry, AuditRepository, ConversationSummaryRepository, CustomerRow, Database,
    DatabaseError, NewSession, Origin, Profile, ProfileId, ProfileRepository, SessionRepository,
    StartedSession, Summary, WorkerRepository, stated_name, summary::opened,
};
use call::input::clean_identifier;

impl Database {
    /// Asks PostgreSQL for a sign of life.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`] if none comes in time.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.one("SELECT 1", &[]).await.map(drop)
    }
}

impl AuditRepository {
    /// Rows before this number (`None`: the end), newest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn list(
        &self,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, DatabaseError> {
        let sql = "SELECT * FROM audit_log WHERE tenant_id = current_tenant() AND ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT $2";
        self.db.list(sql, &[&before, &limit]).await
    }

    /// The first row at which the chain of hashes breaks; `None` if it holds.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn broken_at(&self) -> Result<Option<i64>, DatabaseError> {
        self.db.value("SELECT audit_broken_at()", &[]).await
    }
}

impl ProfileRepository {
    /// The live anonymous profile of a device, made if there is none. Without an id, or with one
    /// that many people share, a profile of its own. `metadata` is patched in.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn create_anonymous_profile(
        &self,
        anonymous_id: Option<&str>,
        metadata: Option<&Value>,
    ) -> Result<ProfileId, DatabaseError> {
        let fresh = format!("device-{}", Uuid::new_v4());
        let sql = "SELECT profile FROM find_or_create_anonymous(
                     CASE WHEN is_blocked_identifier('anonymous_id', $1) THEN $2 ELSE btrim($1) END, NULL, now())";
        let anonymous_id = anonymous_id.map(clean_identifier);
        let profile = self.db.value(sql, &[&anonymous_id, &fresh]).await?;
        if let Some(metadata) = metadata {
            self.update_metadata(profile, metadata, &Origin::default())
                .await?;
        }
        Ok(profile)
    }

    /// The live customer of this name, made if there is none. One that exists keeps its number
    /// and e-mail: knowing a name must not be enough to change them.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the number is not E.164 or the name is not acceptable.
    pub async fn create_authenticated_profile(
        &self,
        username: &str,
        phone_number: Option<&str>,
        email: Option<&str>,
    ) -> Result<ProfileId, DatabaseError> {
        let row = CustomerRow {
            username: username.to_owned(),
            phone_number: phone_number.map(str::to_owned),
            email: email.map(str::to_owned),
            ..CustomerRow::default()
        };
        Ok(self.ensure_customer(&row, false).await?.0)
    }

    /// The live anonymous profile of a device. One whose profile was merged into a customer is
    /// not found: a device is not a person.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_anonymous_id(
        &self,
        anonymous_id: &str,
    ) -> Result<Option<Profile>, DatabaseError> {
        self.find(
            "anonymous_id = $1 AND profile_type = 'anonymous' AND merged_into_profile_id IS NULL",
            &clean_identifier(anonymous_id),
        )
        .await
    }
}

impl SessionRepository {
    /// [`Self::start`] with a key of its own, where no message was sealed before.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn create_session(&self, new: &NewSession) -> Result<StartedSession, DatabaseError> {
        let started = self.store(new).await?;
        if started.erased {
            return Ok(started);
        }
        let key = self.db.keys().new_session_key()?;
        self.db
            .keep_session_key(new.id, &key, new.number().as_deref())
            .await?;
        Ok(started)
    }
}

impl ConversationSummaryRepository {
    /// A person's summaries, newest first; 10 by default. A merged profile's are found
    /// by its live profile.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_profile(
        &self,
        profile: ProfileId,
        limit: Option<i64>,
    ) -> Result<Vec<Summary>, DatabaseError> {
        let sql = format!(
            "SELECT c.*, {} FROM sessions_of($1) s JOIN conversation_summaries c USING (session_id) {} ORDER BY c.created_at DESC, c.session_id DESC LIMIT $2",
            stated_name::COLUMNS,
            stated_name::JOIN
        );
        let rows = self
            .db
            .query(&sql, &[&profile, &limit.unwrap_or(10)])
            .await?;
        rows.iter().map(|row| opened(row, self.db.keys())).collect()
    }
}

impl WorkerRepository {
    /// Ids of the workers whose lease lasts.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn alive(&self) -> Result<Vec<String>, DatabaseError> {
        let sql = "SELECT worker_id FROM workers WHERE expires_at > now() ORDER BY worker_id";
        self.db.column(sql, &[]).await
    }
}
