//! What lies in the spool: records as they are repeated until the database has them.

use call::{CallEnding, Channel};
use chrono::{DateTime, Utc};
use database::{
    NewCallback, NewSession, SealedMessage, SessionId, SummaryToken,
    keys::{KeyError, Keyring, SessionKey},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{SessionEnd, SessionStart};

/// Numbers of records that are no messages: a session's start comes before its first message,
/// its end after its last.
pub(super) const START: i32 = -1;
pub(super) const CALLBACK: i32 = -2;
pub(super) const END: i32 = i32::MAX;

/// One record, sealed. A repetition is the same byte for byte.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Stored {
    /// A session begins; with the key of its messages.
    Started(StoredStart),
    /// A message.
    Message(SealedMessage),
    /// A promise to call back.
    Callback(StoredCallback),
    /// A session ends.
    Ended(StoredEnd),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredStart {
    session: SessionId,
    room: String,
    participant: String,
    device: Option<String>,
    phone_hint: Option<String>,
    channel: Channel,
    worker_id: String,
    started_at: DateTime<Utc>,
    summary_token: String,
    /// The session's key, wrapped by the key file's; hexadecimal.
    key: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredCallback {
    id: Uuid,
    session: SessionId,
    phone_number: Option<String>,
    reason: Option<String>,
    requested_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredEnd {
    session: SessionId,
    ending: CallEnding,
    ended_at: DateTime<Utc>,
    duration_ms: u64,
    transferred: bool,
    callback_requested: bool,
    authentication_attempted: bool,
}

impl Stored {
    /// As bytes for the spool.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record has no keys but texts")
    }

    /// From the spool; `None` when another version wrote it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// What kind of record these bytes are, without a word of it.
pub fn describe(payload: &[u8]) -> &'static str {
    match Stored::from_bytes(payload) {
        Some(Stored::Started(_)) => "start",
        Some(Stored::Message(_)) => "message",
        Some(Stored::Callback(_)) => "callback",
        Some(Stored::Ended(_)) => "end",
        None => "unknown",
    }
}

impl StoredStart {
    pub(super) fn new(start: &SessionStart, wrapped_key: &[u8]) -> Self {
        Self {
            session: start.session,
            room: start.room.clone(),
            participant: start.participant.clone(),
            device: start.device.clone(),
            phone_hint: start.phone_hint.clone(),
            channel: start.channel,
            worker_id: start.worker_id.clone(),
            started_at: start.started_at,
            summary_token: start.summary_token.expose().to_owned(),
            key: wrapped_key
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }

    /// The session's row, the token that reads its summary, and the key of its messages.
    pub(super) fn open(
        &self,
        keys: &Keyring,
    ) -> Result<(NewSession, SummaryToken, SessionKey), KeyError> {
        let digits = |at: usize| {
            let pair = self.key.get(at..at + 2).ok_or(KeyError::Unreadable)?;
            u8::from_str_radix(pair, 16).map_err(|_not_hexadecimal| KeyError::Unreadable)
        };
        let wrapped: Result<Vec<u8>, KeyError> =
            (0..self.key.len()).step_by(2).map(digits).collect();
        let key = keys.unwrap_session_from_spool(&wrapped?, self.session)?;
        let new = NewSession {
            id: self.session,
            room_id: self.room.clone(),
            participant_id: self.participant.clone(),
            anonymous_id: self.device.clone(),
            channel: self.channel,
            caller_number: self.phone_hint.clone(),
            worker_id: Some(self.worker_id.clone()),
            started_at: self.started_at,
        };
        let token = SummaryToken::from_stored(self.summary_token.clone());
        Ok((new, token, key))
    }
}

impl From<NewCallback> for StoredCallback {
    fn from(new: NewCallback) -> Self {
        Self {
            id: new.id,
            session: new.session,
            phone_number: new.phone_number,
            reason: new.reason,
            requested_at: new.requested_at,
        }
    }
}

impl From<&StoredCallback> for NewCallback {
    fn from(stored: &StoredCallback) -> Self {
        Self {
            id: stored.id,
            session: stored.session,
            phone_number: stored.phone_number.clone(),
            reason: stored.reason.clone(),
            requested_at: stored.requested_at,
        }
    }
}

impl From<&SessionEnd> for StoredEnd {
    fn from(end: &SessionEnd) -> Self {
        Self {
            session: end.session,
            ending: end.ending,
            ended_at: end.ended_at,
            duration_ms: u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
            transferred: end.transferred,
            callback_requested: end.callback_requested,
            authentication_attempted: end.authentication_attempted,
        }
    }
}

impl StoredEnd {
    /// The session it ends, and the end of its row.
    pub(super) fn to_row(&self) -> (SessionId, database::SessionEnd) {
        let end = database::SessionEnd {
            reason: self.ending.as_str().to_owned(),
            ended_at: self.ended_at,
            metrics: json!({
                "duration_ms": self.duration_ms,
                "transferred": self.transferred,
                "callback_requested": self.callback_requested,
                "authentication_attempted": self.authentication_attempted,
            }),
        };
        (self.session, end)
    }
}
