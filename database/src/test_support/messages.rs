//! Messages stored the short way: a test need not keep a sealer for each of its calls.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    DatabaseError, MessageRepository, MessageSealer, NewMessage, Role, RowHash, SealedMessage,
    SessionId,
    message::{BY_SESSION, sealed},
};

impl NewMessage {
    /// A message with nothing known but who said what, when.
    #[must_use]
    pub fn new(
        session_id: SessionId,
        seq: i32,
        role: Role,
        content: impl Into<String>,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            session_id,
            seq,
            role,
            content: content.into(),
            redacted: false,
            started_ms: None,
            ended_ms: None,
            interrupted: false,
            intent: None,
            latency_ms: None,
            meta: Value::Object(serde_json::Map::new()),
            created_at,
        }
    }
}

impl MessageRepository {
    /// Seals messages with the keys of their sessions and stores them; returns how many were new.
    /// One that is stored already is sent again as it is stored, as a worker would after a lost
    /// reply. Messages of a session without a row are sealed with a key that is stored nowhere.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn insert(&self, messages: &[NewMessage]) -> Result<u64, DatabaseError> {
        let mut by_session: BTreeMap<SessionId, Vec<&NewMessage>> = BTreeMap::new();
        for message in messages {
            by_session
                .entry(message.session_id)
                .or_default()
                .push(message);
        }
        let mut sealed = Vec::new();
        for (session, messages) in by_session {
            sealed.extend(self.seal(session, &messages).await?);
        }
        Ok(self.insert_batch(&sealed).await?.new)
    }

    /// The encrypted messages of a session as they are stored, in order: what its chain is made of.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn sealed_by_session(
        &self,
        session: SessionId,
    ) -> Result<Vec<SealedMessage>, DatabaseError> {
        let rows = self.db.query(BY_SESSION, &[&session]).await?;
        Ok(rows.iter().filter_map(sealed).collect())
    }

    async fn seal(
        &self,
        session: SessionId,
        messages: &[&NewMessage],
    ) -> Result<Vec<SealedMessage>, DatabaseError> {
        let key = match self.db.session_key(session).await? {
            Some(key) => key,
            None => self.db.keys().new_session_key()?,
        };
        let stored = self.sealed_by_session(session).await?;
        let stored: BTreeMap<i32, SealedMessage> =
            stored.into_iter().map(|row| (row.seq, row)).collect();
        let first = messages.iter().map(|message| message.seq).min();
        let before = first.and_then(|first| stored.range(..first).next_back());
        let mut head = before.map_or_else(|| RowHash::first(session), |(_, row)| row.row_hash);
        let mut sealed = Vec::with_capacity(messages.len());
        for message in messages {
            let row = match stored.get(&message.seq) {
                Some(row) => row.clone(),
                None => {
                    MessageSealer::after(session, key.clone(), head).seal((*message).clone())?
                }
            };
            head = row.row_hash;
            sealed.push(row);
        }
        Ok(sealed)
    }
}
