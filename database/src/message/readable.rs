//! Messages as an older schema stored them: for tests alone.

use tokio_postgres::types::ToSql;

use super::{MessageRepository, NewMessage};
use crate::DatabaseError;
use crate::clean::{clean_json, clean_text};

const INSERT: &str = "
    INSERT INTO conversation_messages (session_id, seq, role, content, redacted, started_ms, ended_ms, interrupted,
                                       sentiment, intent, tool_name, latency_ms, meta, created_at)
    SELECT session_id, seq, role::msg_role, content, redacted, started_ms, ended_ms, interrupted,
           sentiment, intent, tool_name, latency_ms, meta, created_at
      FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::boolean[], $6::int[], $7::int[], $8::boolean[],
                  $9::smallint[], $10::text[], $11::text[], $12::int[], $13::jsonb[], $14::timestamptz[])
        AS m(session_id, seq, role, content, redacted, started_ms, ended_ms, interrupted,
             sentiment, intent, tool_name, latency_ms, meta, created_at)
     WHERE NOT EXISTS (SELECT FROM erased_sessions e WHERE e.session_id = m.session_id)
    ON CONFLICT (session_id, seq) DO NOTHING
    RETURNING 1";

impl MessageRepository {
    /// Stores messages as before there were keys: readable, without a hash. Returns how many were new.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn insert_readable(&self, messages: &[NewMessage]) -> Result<u64, DatabaseError> {
        if messages.is_empty() {
            return Ok(0);
        }
        fn column<T>(messages: &[NewMessage], field: impl Fn(&NewMessage) -> T) -> Vec<T> {
            messages.iter().map(field).collect()
        }
        let params: [&(dyn ToSql + Sync); 14] = [
            &column(messages, |m| m.session_id),
            &column(messages, |m| m.seq),
            &column(messages, |m| m.role.as_str()),
            &column(messages, |m| clean_text(&m.content)),
            &column(messages, |m| m.redacted),
            &column(messages, |m| m.started_ms),
            &column(messages, |m| m.ended_ms),
            &column(messages, |m| m.interrupted),
            &column(messages, |m| m.sentiment),
            &column(messages, |m| m.intent.clone()),
            &column(messages, |m| m.tool_name.clone()),
            &column(messages, |m| m.latency_ms),
            &column(messages, |m| clean_json(&m.meta)),
            &column(messages, |m| m.created_at),
        ];
        Ok(self.db.query(INSERT, &params).await?.len() as u64)
    }
}
