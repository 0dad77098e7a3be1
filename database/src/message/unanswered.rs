//! Questions of callers that no document answered.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::MessageRepository;
use crate::{DatabaseError, SessionId};

/// A question about the trade that no document answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnansweredQuestion {
    /// In which call.
    pub session: SessionId,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// In the caller's words, redacted.
    pub words: String,
}

impl AsRef<str> for UnansweredQuestion {
    fn as_ref(&self) -> &str {
        &self.words
    }
}

/// The caller's words before replies to a question about the trade that rest on no source, newest first.
const UNANSWERED: &str = "
    SELECT asked.session_id, asked.seq, asked.content_ct, asked.created_at, s.profile_id, s.wrapped AS session_wrapped,
           p.key_id, p.wrapped
      FROM conversation_messages reply
      JOIN LATERAL (SELECT m.session_id, m.seq, m.content_ct, m.created_at FROM conversation_messages m
                     WHERE m.session_id = reply.session_id AND m.seq < reply.seq AND m.role = 'user'
                     ORDER BY m.seq DESC LIMIT 1) asked ON true
      JOIN session_keys s ON s.session_id = asked.session_id
      JOIN person_keys p USING (profile_id)
     WHERE reply.session_id >= v7_floor($1) AND reply.role = 'assistant'
       AND reply.meta ->> 'route' = 'knowledge' AND reply.meta -> 'sources' = '[]'
     ORDER BY reply.session_id DESC, reply.seq DESC LIMIT $2";

impl MessageRepository {
    /// Questions about the trade since then that no document answered, newest first; without those whose words were
    /// erased.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn unanswered(
        &self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<UnansweredQuestion>, DatabaseError> {
        let rows = self.db.query(UNANSWERED, &[&since, &limit]).await?;
        let opened = rows.iter().map(|row| self.opened(row));
        opened.filter_map(Result::transpose).collect()
    }

    /// `None`: its words are gone.
    fn opened(&self, row: &Row) -> Result<Option<UnansweredQuestion>, DatabaseError> {
        let (session, seq) = (row.get("session_id"), row.get("seq"));
        let sealed: Option<&[u8]> = row.get("content_ct");
        let key = self.db.session_key_in(row, session)?;
        let words = sealed
            .zip(key)
            .and_then(|(sealed, key)| key.open_message(session, seq, sealed).ok());
        Ok(words.map(|words| UnansweredQuestion {
            session,
            asked_at: row.get("created_at"),
            words,
        }))
    }
}
