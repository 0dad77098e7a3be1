//! `conversation_messages`: what was said. Rows are written once, when final, and encrypted
//! before they leave the agent.

mod canonical;
mod store;
mod unanswered;

use call::{sql_text, text_enum};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(feature = "test-support")]
pub(crate) use self::store::BY_SESSION;
pub use self::store::Inserted;
pub(crate) use self::store::sealed;
pub use self::unanswered::UnansweredQuestion;
use crate::{
    SessionId,
    chain::RowHash,
    clean::{clean_json, clean_text},
    keys::{KeyError, SessionKey},
};

repository!(
    /// All SQL about messages.
    MessageRepository
);

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
sql_text!(Role);

/// A final message, redacted already.
#[derive(Clone, Debug, PartialEq)]
pub struct NewMessage {
    /// Its session, whose row may come later.
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
    /// The intent that was found.
    pub intent: Option<String>,
    /// From the end of the caller's speech to the first audio, in milliseconds.
    pub latency_ms: Option<i32>,
    /// Sources, latencies by stage and the like: an object.
    pub meta: Value,
    /// When it was final.
    pub created_at: DateTime<Utc>,
}

row! {
    /// A stored message.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    #[expect(missing_docs, reason = "the fields are those of NewMessage")]
    pub struct Message {
        pub seq: i32,
        pub role: Role,
        /// `None`: the key of these words was destroyed, or is not here.
        pub content: Option<String> = sealed,
        pub redacted: bool,
        pub started_ms: Option<i32>,
        pub ended_ms: Option<i32>,
        pub interrupted: bool,
        pub intent: Option<String>,
        pub latency_ms: Option<i32>,
        pub meta: Value,
        pub created_at: DateTime<Utc>,
    }
}

impl Message {
    /// What was said, or `[erased]`: for showing.
    #[must_use]
    pub fn words(&self) -> &str {
        self.content.as_deref().unwrap_or("[erased]")
    }
}

/// A message as it is stored, byte for byte: repeating it after a lost reply changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the other fields are those of NewMessage")]
pub struct SealedMessage {
    pub session_id: SessionId,
    pub seq: i32,
    pub role: Role,
    /// `nonce ‖ ciphertext ‖ tag` under the session's key.
    #[serde(with = "hex::serde")]
    pub content_ct: Vec<u8>,
    pub redacted: bool,
    pub started_ms: Option<i32>,
    pub ended_ms: Option<i32>,
    pub interrupted: bool,
    pub intent: Option<String>,
    pub latency_ms: Option<i32>,
    pub meta: Value,
    /// In whole microseconds, as PostgreSQL keeps it.
    pub created_at: DateTime<Utc>,
    /// SHA-256 over this row and the hash of the row before: see `message/canonical.rs`.
    pub row_hash: RowHash,
}

/// Encrypts the messages of one session and chains them. Messages are sealed in the order of
/// their numbers, once each: sealing one again gives another nonce and breaks the chain.
#[derive(Clone, Debug)]
pub struct MessageSealer {
    session: SessionId,
    key: SessionKey,
    head: RowHash,
}

impl MessageSealer {
    /// At the beginning of a session.
    #[must_use]
    pub fn new(session: SessionId, key: SessionKey) -> Self {
        Self {
            session,
            key,
            head: RowHash::first(session),
        }
    }

    /// Goes on after the row with this hash.
    #[must_use]
    pub fn after(session: SessionId, key: SessionKey, head: RowHash) -> Self {
        Self { session, key, head }
    }

    /// The session's key, for what belongs to it beside its messages.
    #[must_use]
    pub fn key(&self) -> &SessionKey {
        &self.key
    }

    /// The hash of the last sealed row.
    #[must_use]
    pub fn head(&self) -> RowHash {
        self.head
    }

    /// The row to store. What PostgreSQL would change (null characters, nanoseconds) is changed here,
    /// so that the hash is of what will be read.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the system gives no random bytes; the chain stays where it was.
    pub fn seal(&mut self, new: NewMessage) -> Result<SealedMessage, KeyError> {
        let content = clean_text(&new.content);
        let mut sealed = SealedMessage {
            session_id: self.session,
            seq: new.seq,
            role: new.role,
            content_ct: self.key.seal_message(self.session, new.seq, &content)?,
            redacted: new.redacted,
            started_ms: new.started_ms,
            ended_ms: new.ended_ms,
            interrupted: new.interrupted,
            intent: new.intent.as_deref().map(clean_text),
            latency_ms: new.latency_ms,
            meta: clean_json(&new.meta),
            created_at: DateTime::from_timestamp_micros(new.created_at.timestamp_micros())
                .unwrap_or(new.created_at),
            row_hash: self.head,
        };
        sealed.row_hash = self.head.then(&sealed);
        self.head = sealed.row_hash;
        Ok(sealed)
    }
}
