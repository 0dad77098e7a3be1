//! `tool_calls` and `tool_call_outcomes`: what tools were called during a conversation, and what came
//! of it. Two records, each written once and sealed before it leaves the agent: the intent before the
//! request, the outcome before anything is said about it.

use std::collections::{HashMap, hash_map::Entry};

use call::ToolOutcome;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    DatabaseError, SessionId,
    clean::clean_text,
    keys::{KeyError, SessionKey},
    pool::Params,
};

repository!(
    /// All SQL about calls of tools.
    ToolCallRepository
);

/// A tool is about to be called.
#[derive(Clone, Debug, PartialEq)]
pub struct NewToolCall {
    /// In which conversation; its row may be stored later.
    pub session_id: SessionId,
    /// Goes out with the request. With the session, the key of the call.
    pub idempotency_key: Uuid,
    /// The turn that asked for it.
    pub seq: i32,
    /// The tool's name.
    pub tool: String,
    /// It leaves something behind that the caller agreed to.
    pub deed: bool,
    /// What it is called with.
    pub arguments: Value,
    /// When.
    pub requested_at: DateTime<Utc>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct NewToolOutcome {
    /// In which conversation.
    pub session_id: SessionId,
    /// Of which call; its intent must be stored before.
    pub idempotency_key: Uuid,
    /// What became of it.
    pub outcome: ToolOutcome,
    /// What the tool answered; null if nothing.
    pub result: Value,
    /// When.
    pub finished_at: DateTime<Utc>,
}

/// An intent as it is stored: repeating it after a lost reply changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the other fields are those of NewToolCall")]
pub struct SealedToolCall {
    pub session_id: SessionId,
    pub idempotency_key: Uuid,
    pub seq: i32,
    pub tool: String,
    /// Of an earlier version none is known to be one.
    #[serde(default)]
    pub deed: bool,
    /// The arguments' JSON: `nonce ‖ ciphertext ‖ tag` under the session's key.
    #[serde(with = "hex::serde")]
    pub arguments_ct: Vec<u8>,
    pub requested_at: DateTime<Utc>,
}

/// An outcome as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the other fields are those of NewToolOutcome")]
pub struct SealedToolOutcome {
    pub session_id: SessionId,
    pub idempotency_key: Uuid,
    pub outcome: ToolOutcome,
    /// The result's JSON: `nonce ‖ ciphertext ‖ tag` under the session's key.
    #[serde(with = "hex::serde")]
    pub result_ct: Vec<u8>,
    pub finished_at: DateTime<Utc>,
}

row! {
    /// A stored call.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct ToolCall {
        /// What went out with the request.
        pub idempotency_key: Uuid,
        /// The turn that asked for it.
        pub seq: i32,
        /// The tool's name.
        pub tool: String,
        /// What it was called with; `None`: the key was destroyed, or is not here.
        pub arguments: Option<Value> = sealed,
        /// When.
        pub requested_at: DateTime<Utc>,
        /// What became of it; `None`: the conversation broke off before anybody knew.
        pub outcome: Option<ToolOutcome>,
        /// What the tool answered; as `arguments`.
        pub result: Option<Value> = sealed,
        /// When.
        pub finished_at: Option<DateTime<Utc>>,
    }
}

impl NewToolCall {
    /// The record to store. Once for each call: sealing it again gives another ciphertext.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the system gives no random bytes.
    pub fn seal(&self, key: &SessionKey) -> Result<SealedToolCall, KeyError> {
        let column = bound("tool_calls.arguments_ct", self.idempotency_key);
        Ok(SealedToolCall {
            session_id: self.session_id,
            idempotency_key: self.idempotency_key,
            seq: self.seq,
            tool: clean_text(&self.tool),
            deed: self.deed,
            arguments_ct: key.seal_field(&column, self.session_id, &self.arguments.to_string())?,
            requested_at: self.requested_at,
        })
    }
}

impl NewToolOutcome {
    /// The record to store. Once for each call: sealing it again gives another ciphertext.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the system gives no random bytes.
    pub fn seal(&self, key: &SessionKey) -> Result<SealedToolOutcome, KeyError> {
        let column = bound("tool_call_outcomes.result_ct", self.idempotency_key);
        Ok(SealedToolOutcome {
            session_id: self.session_id,
            idempotency_key: self.idempotency_key,
            outcome: self.outcome,
            result_ct: key.seal_field(&column, self.session_id, &self.result.to_string())?,
            finished_at: self.finished_at,
        })
    }
}

/// What a sealed value is bound to besides its session: column and call.
fn bound(column: &str, call: Uuid) -> String {
    format!("{column} {call}")
}

const BEGIN: &str = "
    INSERT INTO tool_calls (session_id, idempotency_key, seq, tool, deed, arguments_ct, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING RETURNING 1";
const FINISH: &str = "
    INSERT INTO tool_call_outcomes (session_id, idempotency_key, outcome, result_ct, finished_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING 1";

/// A call without an outcome was cut off: it may have been carried out.
const DONE_ELSEWHERE: &str = "
    SELECT * FROM (
      SELECT c.*, o.outcome, o.result_ct, o.finished_at FROM tool_calls c
        LEFT JOIN tool_call_outcomes o USING (session_id, idempotency_key, tenant_id)
       WHERE c.session_id IN (SELECT s.session_id FROM agent_sessions me, sessions_of(me.profile_id) s WHERE me.session_id = $1)
         AND c.session_id <> $1 AND c.tool = ANY ($2) AND c.requested_at >= $3
         AND coalesce(o.outcome, 'unknown') IN ('success', 'unknown')
       ORDER BY c.requested_at DESC LIMIT 500) c
     ORDER BY requested_at, idempotency_key";

/// Deeds of calls that are over, of which nobody knows whether they were done, and no ticket tells a person to look. What
/// is older was looked for before.
const UNCONFIRMED: &str = "
    SELECT c.session_id, c.idempotency_key, c.tool, c.requested_at FROM tool_calls c
      LEFT JOIN tool_call_outcomes o USING (session_id, idempotency_key, tenant_id)
      JOIN agent_sessions s ON s.session_id = c.session_id
     WHERE c.deed AND c.requested_at > now() - interval '7 days' AND s.ended_at IS NOT NULL
       AND coalesce(o.outcome, 'unknown') = 'unknown'
       AND NOT EXISTS (SELECT FROM callbacks b WHERE b.tenant_id = current_tenant() AND b.session_id = c.session_id
                          AND (b.kind = $1 AND b.requested_at >= c.requested_at OR b.callback_id = c.idempotency_key))
       AND NOT EXISTS (SELECT FROM erased_sessions e WHERE e.session_id = c.session_id)
     ORDER BY c.requested_at, c.idempotency_key LIMIT $2";

row! {
    /// A deed of a call that is over, of which nobody knows whether it was done.
    #[derive(Clone, Debug, PartialEq)]
    pub struct UnconfirmedDeed {
        /// In which conversation.
        pub session: SessionId = "session_id",
        /// What went out with the request, if it left.
        pub idempotency_key: Uuid,
        /// The tool's name.
        pub tool: String,
        /// When it was asked for.
        pub requested_at: DateTime<Utc>,
    }
}

impl ToolCallRepository {
    /// Deeds of calls that are over, of which nobody knows whether they were done and for which there is no ticket of this
    /// kind; the oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn unconfirmed(
        &self,
        ticket: &str,
        most: i64,
    ) -> Result<Vec<UnconfirmedDeed>, DatabaseError> {
        let rows = self.db.query(UNCONFIRMED, &[&ticket, &most]).await?;
        Ok(rows.iter().map(UnconfirmedDeed::from).collect())
    }

    /// Stores an intent. True if it is new; false if it was stored before, or its session was
    /// erased. Its session may be stored later.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if another call is stored under its key. Repeating is safe.
    pub async fn begin(&self, call: &SealedToolCall) -> Result<bool, DatabaseError> {
        let (session, key) = (&call.session_id, &call.idempotency_key);
        let (seq, tool, at) = (&call.seq, &call.tool, &call.requested_at);
        let params: Params<'_> = &[session, key, seq, tool, &call.deed, &call.arguments_ct, at];
        let new = self.db.count(BEGIN, params).await?;
        let stored =
            "SELECT arguments_ct FROM tool_calls WHERE session_id = $1 AND idempotency_key = $2";
        self.is_new(new, stored, &[session, key], &call.arguments_ct)
            .await
    }

    /// Stores an outcome. True if it is new; false if it was stored before, or its session was
    /// erased.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if its intent is not stored, or another outcome is. Repeating is
    /// safe.
    pub async fn finish(&self, outcome: &SealedToolOutcome) -> Result<bool, DatabaseError> {
        let (session, key) = (&outcome.session_id, &outcome.idempotency_key);
        let (came, sealed, at) = (&outcome.outcome, &outcome.result_ct, &outcome.finished_at);
        let new = self
            .db
            .count(FINISH, &[session, key, came, sealed, at])
            .await?;
        let stored = "SELECT result_ct FROM tool_call_outcomes WHERE session_id = $1 AND idempotency_key = $2";
        self.is_new(new, stored, &[session, key], sealed).await
    }

    /// A record that is there already must be this very one. One that is neither new nor there was
    /// turned away, and counted in `erased_sessions`.
    async fn is_new(
        &self,
        new: usize,
        stored: &str,
        key: Params<'_>,
        sealed: &[u8],
    ) -> Result<bool, DatabaseError> {
        if new > 0 {
            return Ok(true);
        }
        match self.db.optional(stored, key).await? {
            Some(row) if row.get::<_, &[u8]>(0) != sealed => Err(DatabaseError::Invalid(
                "another record is stored under this call's key".to_owned(),
            )),
            _ => Ok(false),
        }
    }

    /// What these tools did since then in the other conversations of this conversation's person, and what nobody knows
    /// that they did not do; in the order they were asked for, the last 500.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn done_elsewhere(
        &self,
        session: SessionId,
        tools: &[String],
        since: DateTime<Utc>,
    ) -> Result<Vec<ToolCall>, DatabaseError> {
        let rows = self
            .db
            .query(DONE_ELSEWHERE, &[&session, &tools, &since])
            .await?;
        let mut keys: HashMap<SessionId, Option<SessionKey>> = HashMap::new();
        let mut calls = Vec::with_capacity(rows.len());
        for row in &rows {
            let session = row.get("session_id");
            let key = match keys.entry(session) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(self.db.session_key(session).await?),
            };
            calls.push(tool_call(row, session, key.as_ref()));
        }
        Ok(calls)
    }

    /// The calls of a conversation, in the order they were asked for.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<ToolCall>, DatabaseError> {
        let sql = "SELECT c.*, o.outcome, o.result_ct, o.finished_at FROM tool_calls c
                     LEFT JOIN tool_call_outcomes o USING (session_id, idempotency_key, tenant_id)
                    WHERE c.session_id = $1 ORDER BY c.requested_at, c.idempotency_key";
        let rows = self.db.query(sql, &[&session]).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = self.db.session_key(session).await?;
        let opened = |row| tool_call(row, session, key.as_ref());
        Ok(rows.iter().map(opened).collect())
    }
}

/// `key`: of the session, unless it is not known or was destroyed.
fn tool_call(row: &Row, session: SessionId, key: Option<&SessionKey>) -> ToolCall {
    let mut stored = ToolCall::from(row);
    let call = stored.idempotency_key;
    let open = |column: &str, sealed: Option<&[u8]>| {
        let opened = key?
            .open_field(&bound(column, call), session, sealed?)
            .ok()?;
        serde_json::from_str(&opened).ok()
    };
    stored.arguments = open("tool_calls.arguments_ct", row.get("arguments_ct"));
    stored.result = open("tool_call_outcomes.result_ct", row.get("result_ct"));
    stored
}
