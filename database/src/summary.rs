//! `conversation_summaries`: what a call came to.

use call::{Resolution, Sentiment};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    DatabaseError, ProfileId, SessionId,
    clean::{clean_json, clean_text},
    keys::{Keyring, SessionKey},
    stated_name,
};

repository!(
    /// All SQL about summaries.
    ConversationSummaryRepository
);

/// A summary to store.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSummary {
    /// Whose; a session has one summary.
    pub session_id: SessionId,
    /// The text, redacted.
    pub summary: String,
    /// An object with `user_name`, `primary_intent`, `authentication_attempted` and the like. The
    /// name is sealed with the session's key; without one it is not stored.
    pub extracted_info: Value,
    /// How the caller felt.
    pub sentiment: Sentiment,
    /// What came of it.
    pub resolution_status: Resolution,
    /// In order of first mention.
    pub topics: Vec<String>,
    /// Messages of the session.
    pub message_count: i32,
    /// Length of the call.
    pub duration_seconds: i32,
    /// `rules` or `llm`.
    pub method: String,
    /// Version of the method, so that a better one can be distinguished.
    pub method_version: String,
    /// `seq` of the last message seen; `None` if nothing was said.
    pub source_last_seq: Option<i32>,
    /// The call broke off, so something may be missing.
    pub partial: bool,
}

row! {
    /// A stored summary; as a row gives it, without the name that the caller stated.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[expect(missing_docs, reason = "the fields are those of NewSummary")]
    pub struct Summary {
        pub session_id: SessionId,
        /// The live profile that the session belongs to.
        pub profile_id: ProfileId,
        pub summary: String,
        pub extracted_info: Value,
        pub sentiment: Sentiment,
        pub resolution_status: Resolution,
        pub topics: Vec<String>,
        pub message_count: i32,
        pub duration_seconds: i32,
        pub method: String,
        pub partial: bool,
        /// When it was first written.
        pub created_at: DateTime<Utc>,
    }
}

impl ConversationSummaryRepository {
    /// Stores a session's summary, or replaces one that saw no more messages than this one. True
    /// if it is the stored one now.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the session is not stored. Repeating is safe.
    pub async fn upsert(&self, new: &NewSummary) -> Result<bool, DatabaseError> {
        let key = match stated_name::of(&new.extracted_info) {
            Some(_) => self.db.session_key(new.session_id).await?,
            None => None,
        };
        self.store(new, key.as_ref(), false).await
    }

    /// [`Self::upsert`] of a summary that was claimed (see [`SummaryQueue`](crate::SummaryQueue)):
    /// does not wait for the server's disk. Should the server crash before it has written it, the
    /// claim's completion is lost with it, so the summary is still pending and written again.
    ///
    /// `key` is the session's, which whoever read its messages has already.
    ///
    /// # Errors
    /// As [`Self::upsert`].
    pub async fn upsert_claimed(
        &self,
        new: &NewSummary,
        key: Option<&SessionKey>,
    ) -> Result<bool, DatabaseError> {
        self.store(new, key, true).await
    }

    async fn store(
        &self,
        new: &NewSummary,
        key: Option<&SessionKey>,
        claimed: bool,
    ) -> Result<bool, DatabaseError> {
        let (info, name) = stated_name::sealed(new, key)?;
        let stored = self
            .db
            .count(
                "WITH stored AS (
                 INSERT INTO conversation_summaries (session_id, summary, extracted_info, sentiment, resolution_status, topics,
                        message_count, duration_seconds, method, method_version, source_last_seq, partial)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                 ON CONFLICT (session_id) DO UPDATE SET summary = excluded.summary, extracted_info = excluded.extracted_info,
                        sentiment = excluded.sentiment, resolution_status = excluded.resolution_status, topics = excluded.topics,
                        message_count = excluded.message_count, duration_seconds = excluded.duration_seconds, method = excluded.method,
                        method_version = excluded.method_version, source_last_seq = excluded.source_last_seq, partial = excluded.partial
                  WHERE coalesce(conversation_summaries.source_last_seq, -1) <= coalesce(excluded.source_last_seq, -1)
                 RETURNING session_id)
                 SELECT keep_stated_name(session_id, $14), CASE WHEN $13 THEN set_config('synchronous_commit', 'off', true) END FROM stored",
                &[
                    &new.session_id,
                    &clean_text(&new.summary),
                    &clean_json(&info),
                    &new.sentiment,
                    &new.resolution_status,
                    &new.topics,
                    &new.message_count,
                    &new.duration_seconds,
                    &new.method,
                    &new.method_version,
                    &new.source_last_seq,
                    &new.partial,
                    &claimed,
                    &name,
                ],
            )
            .await?;
        Ok(stored > 0)
    }

    /// The summary of a session.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_session(
        &self,
        session: SessionId,
    ) -> Result<Option<Summary>, DatabaseError> {
        let sql = format!(
            "SELECT c.*, {} FROM conversation_summaries c {} WHERE c.session_id = $1",
            stated_name::COLUMNS,
            stated_name::JOIN
        );
        let row = self.db.optional(&sql, &[&session]).await?;
        row.map(|row| opened(&row, self.db.keys())).transpose()
    }
}

/// With the name, if the caller stated one and its key is there.
pub(crate) fn opened(row: &Row, keys: &Keyring) -> Result<Summary, DatabaseError> {
    let mut summary = Summary::from(row);
    let name = stated_name::opened(row, keys, summary.session_id)?;
    stated_name::put_back(&mut summary.extracted_info, name);
    Ok(summary)
}
