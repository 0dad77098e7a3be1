//! `left_tasks`: what a task knew when a call broke off, offered once in the next call of the same person.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    DatabaseError, SessionId,
    clean::clean_text,
    keys::{KeyError, SessionKey},
    pool::Params,
};

/// What the sealed values are bound to, with their session.
const VALUES: &str = "left_tasks.values_ct";

repository!(
    /// All SQL about tasks that calls left.
    LeftTaskRepository
);

/// What a task of a call knows now.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLeftTask {
    /// In which call; its row may be stored later.
    pub session_id: SessionId,
    /// The task and what was said for it; `None`: nothing is unfinished any more.
    pub task: Option<(String, Value)>,
    /// When that was so. Of two the later one holds.
    pub kept_at: DateTime<Utc>,
    /// Nobody is asked about it from then on.
    pub expires_at: DateTime<Utc>,
}

/// The same as it is stored: repeating it after a lost reply changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the other fields are those of NewLeftTask")]
pub struct SealedLeftTask {
    pub session_id: SessionId,
    pub task: Option<SealedValues>,
    pub kept_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// A task with what was said for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SealedValues {
    /// Its name.
    pub name: String,
    /// The values' JSON: `nonce ‖ ciphertext ‖ tag` under the session's key.
    #[serde(with = "hex::serde")]
    pub values_ct: Vec<u8>,
}

row! {
    /// What is left of a task.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct LeftTask {
        /// Of which call.
        pub session: SessionId = "session_id",
        /// Its name.
        pub task: String,
        /// What was said for it; `None`: the key was destroyed, or is not here.
        pub values: Option<Value> = sealed,
        /// When that was.
        pub kept_at: DateTime<Utc>,
        /// Nobody is asked about it from then on.
        pub expires_at: DateTime<Utc>,
    }
}

impl NewLeftTask {
    /// The record to store.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the system gives no random bytes.
    pub fn seal(&self, key: &SessionKey) -> Result<SealedLeftTask, KeyError> {
        let seal = |(name, values): &(String, Value)| {
            Ok(SealedValues {
                name: clean_text(name),
                values_ct: key.seal_field(VALUES, self.session_id, &values.to_string())?,
            })
        };
        Ok(SealedLeftTask {
            session_id: self.session_id,
            task: self.task.as_ref().map(seal).transpose()?,
            kept_at: self.kept_at,
            expires_at: self.expires_at,
        })
    }
}

/// A replay of what was taken since then brings nothing back.
const KEEP: &str = "
    INSERT INTO left_tasks AS l (session_id, task, values_ct, kept_at, expires_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (session_id) DO UPDATE
       SET task = excluded.task, values_ct = excluded.values_ct, kept_at = excluded.kept_at, expires_at = excluded.expires_at
     WHERE excluded.kept_at > l.kept_at";

/// All that other calls left in which this person had proved who they are: whoever else held the same device is not them.
/// What is taken is nobody else's, and what is older than the newest is over.
const TAKE: &str = "
    WITH taken AS (
      SELECT l.session_id, l.task, l.values_ct, l.kept_at, l.expires_at FROM left_tasks l
       WHERE l.session_id IN (SELECT s.session_id FROM agent_sessions me, sessions_of(me.profile_id) s
                               WHERE me.session_id = $1 AND s.auth_level > 0)
         AND l.session_id <> $1 AND l.task IS NOT NULL AND l.expires_at > now()
         FOR UPDATE)
    UPDATE left_tasks l SET task = NULL, values_ct = NULL FROM taken WHERE l.session_id = taken.session_id
    RETURNING taken.*";

impl LeftTaskRepository {
    /// Stores what is left of a call's task, in the place of what was stored before.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn keep(&self, left: &SealedLeftTask) -> Result<(), DatabaseError> {
        let task = left.task.as_ref().map(|task| &task.name);
        let values = left.task.as_ref().map(|task| &task.values_ct);
        let params: Params<'_> = &[
            &left.session_id,
            &task,
            &values,
            &left.kept_at,
            &left.expires_at,
        ];
        self.db.run(KEEP, params).await
    }

    /// Takes what other calls of this call's person left, and returns the newest of it; nobody gets it again. The person is
    /// whoever the calls belong to now.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn take(&self, session: SessionId) -> Result<Option<LeftTask>, DatabaseError> {
        let rows = self.db.query(TAKE, &[&session]).await?;
        let newest = rows
            .iter()
            .max_by_key(|row| row.get::<_, DateTime<Utc>>("kept_at"));
        match newest {
            Some(row) => self.opened(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// What a call has left.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Option<LeftTask>, DatabaseError> {
        let sql = "SELECT * FROM left_tasks WHERE session_id = $1 AND task IS NOT NULL";
        match self.db.optional(sql, &[&session]).await? {
            Some(row) => self.opened(&row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Forgets what nobody is asked about any more; how many there were.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn delete_expired(&self) -> Result<usize, DatabaseError> {
        let sql = "DELETE FROM left_tasks WHERE expires_at < now() RETURNING 1";
        self.db.count(sql, &[]).await
    }

    async fn opened(&self, row: &Row) -> Result<LeftTask, DatabaseError> {
        let mut left = LeftTask::from(row);
        if let Some(key) = self.db.session_key(left.session).await? {
            let values = key.open_field(VALUES, left.session, row.get("values_ct"))?;
            left.values = serde_json::from_str(&values).ok();
        }
        Ok(left)
    }
}
