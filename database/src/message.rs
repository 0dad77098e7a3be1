//! `conversation_messages`: what was said. Rows are written once, when final.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::types::ToSql;

use crate::clean::{clean_json, clean_text};
use crate::text_enum::text_enum;
use crate::{Database, DatabaseError, SessionId};

/// All SQL about messages.
#[derive(Clone, Debug)]
pub struct MessageRepository {
    db: Database,
}

text_enum! {
    /// Who speaks.
    pub enum Role {
        /// The caller.
        User = "user",
        /// The agent.
        Assistant = "assistant",
        /// An announcement or an event.
        System = "system",
        /// A tool's result.
        Tool = "tool",
    }
}

/// A final message, redacted already.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Its session, whose row must be stored before.
    pub session_id: SessionId,
    /// Its number within the session, from 0 and without gaps. With the session, its key.
    pub seq: i32,
    /// Who speaks.
    pub role: Role,
    /// What was said; of an interrupted reply, what was heard.
    pub content: String,
    /// Something was taken out of the text.
    pub redacted: bool,
    /// Media time at which it began, in milliseconds.
    pub started_ms: Option<i32>,
    /// Media time at which it ended, in milliseconds.
    pub ended_ms: Option<i32>,
    /// The caller cut it short.
    pub interrupted: bool,
    /// -100 to 100.
    pub sentiment: Option<i16>,
    /// The intent that was found.
    pub intent: Option<String>,
    /// The tool, of a tool's result.
    pub tool_name: Option<String>,
    /// From the end of the caller's speech to the first audio, in milliseconds.
    pub latency_ms: Option<i32>,
    /// Sources, latencies by stage and the like: an object.
    pub meta: Value,
    /// When it was final.
    pub created_at: DateTime<Utc>,
}

/// A stored message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of NewMessage")]
pub struct Message {
    pub seq: i32,
    pub role: Role,
    pub content: String,
    pub redacted: bool,
    pub started_ms: Option<i32>,
    pub ended_ms: Option<i32>,
    pub interrupted: bool,
    pub sentiment: Option<i16>,
    pub intent: Option<String>,
    pub tool_name: Option<String>,
    pub latency_ms: Option<i32>,
    pub meta: Value,
    pub created_at: DateTime<Utc>,
}

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
            sentiment: None,
            intent: None,
            tool_name: None,
            latency_ms: None,
            meta: Value::Object(serde_json::Map::new()),
            created_at,
        }
    }
}

/// One statement, whatever the number of rows: measured 35 times as fast as single inserts at 50
/// rows.
const INSERT: &str = "
    INSERT INTO conversation_messages (session_id, seq, role, content, redacted, started_ms, ended_ms, interrupted,
                                       sentiment, intent, tool_name, latency_ms, meta, created_at)
    SELECT session_id, seq, role::msg_role, content, redacted, started_ms, ended_ms, interrupted,
           sentiment, intent, tool_name, latency_ms, meta, created_at
      FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::boolean[], $6::int[], $7::int[], $8::boolean[],
                  $9::smallint[], $10::text[], $11::text[], $12::int[], $13::jsonb[], $14::timestamptz[])
        AS m(session_id, seq, role, content, redacted, started_ms, ended_ms, interrupted,
             sentiment, intent, tool_name, latency_ms, meta, created_at)
    ON CONFLICT (session_id, seq) DO NOTHING
    RETURNING 1";

impl MessageRepository {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// Stores messages, all or none, and returns how many were new. Those stored before are
    /// skipped and counted nowhere, so a batch whose answer was lost is simply sent again.
    /// Batches of 50 are right.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if a message cannot be stored (no such session): send the
    /// others without it.
    pub async fn insert_batch(&self, messages: &[NewMessage]) -> Result<u64, DatabaseError> {
        if messages.is_empty() {
            return Ok(0);
        }
        fn column<T>(messages: &[NewMessage], field: impl Fn(&NewMessage) -> T) -> Vec<T> {
            messages.iter().map(field).collect()
        }
        let params: [Box<dyn ToSql + Sync + Send>; 14] = [
            Box::new(column(messages, |m| m.session_id)),
            Box::new(column(messages, |m| m.seq)),
            Box::new(column(messages, |m| m.role.as_str())),
            Box::new(column(messages, |m| clean_text(&m.content))),
            Box::new(column(messages, |m| m.redacted)),
            Box::new(column(messages, |m| m.started_ms)),
            Box::new(column(messages, |m| m.ended_ms)),
            Box::new(column(messages, |m| m.interrupted)),
            Box::new(column(messages, |m| m.sentiment)),
            Box::new(column(messages, |m| m.intent.clone())),
            Box::new(column(messages, |m| m.tool_name.clone())),
            Box::new(column(messages, |m| m.latency_ms)),
            Box::new(column(messages, |m| clean_json(&m.meta))),
            Box::new(column(messages, |m| m.created_at)),
        ];
        let borrowed: Vec<&(dyn ToSql + Sync)> =
            params.iter().map(|p| &**p as &(dyn ToSql + Sync)).collect();
        Ok(self.db.query(INSERT, &borrowed).await?.len() as u64)
    }

    /// Everything said in a session, in order.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<Message>, DatabaseError> {
        let rows = self
            .db
            .query(
                "SELECT * FROM conversation_messages WHERE session_id = $1 ORDER BY seq",
                &[&session],
            )
            .await?;
        let message = |row: &tokio_postgres::Row| Message {
            seq: row.get("seq"),
            role: row.get("role"),
            content: row.get("content"),
            redacted: row.get("redacted"),
            started_ms: row.get("started_ms"),
            ended_ms: row.get("ended_ms"),
            interrupted: row.get("interrupted"),
            sentiment: row.get("sentiment"),
            intent: row.get("intent"),
            tool_name: row.get("tool_name"),
            latency_ms: row.get("latency_ms"),
            meta: row.get("meta"),
            created_at: row.get("created_at"),
        };
        Ok(rows.iter().map(message).collect())
    }
}
