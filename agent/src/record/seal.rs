//! From a record to what is kept: its words encrypted, chained to the message before.

use std::collections::HashMap;

use call::{Channel, Speaker};
use chrono::{DateTime, Utc};
use database::{
    MessageSealer, NewMessage, Role, RowHash, SessionId, SummaryToken,
    keys::{KeyError, Keyring},
    spool,
};

use super::recognition::Recognitions;
use super::stored::{CALLBACK, END, START, Stored, StoredEnd, StoredStart};
use super::{Acknowledged, MessageRow, SessionEnd, SessionStart};

/// A record that is ready for the spool, and what is told when it is durable.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) record: spool::Record,
    pub(super) told: Acknowledged,
}

/// Keeps the keys and chains of the sessions that go on.
#[derive(Debug)]
pub(super) struct Sealer {
    keys: Keyring,
    sessions: HashMap<SessionId, MessageSealer>,
    recognitions: Recognitions,
}

impl Sealer {
    pub(super) fn new(keys: Keyring, recognitions: Recognitions) -> Self {
        Self {
            keys,
            sessions: HashMap::new(),
            recognitions,
        }
    }

    /// A session's start makes its key, which travels with it.
    pub(super) fn start(&mut self, mut start: SessionStart) -> Result<Sealed, KeyError> {
        let key = self.keys.new_session_key()?;
        let wrapped = self.keys.wrap_session_for_spool(&key, start.session)?;
        let sealer = MessageSealer::new(start.session, key);
        self.sessions.insert(start.session, sealer);
        if let Some(answer) = start.recognised.take() {
            self.recognitions.ask(start.session, answer);
        }
        let stored = Stored::Started(StoredStart::new(&start, &wrapped));
        Ok(sealed(
            start.session,
            START,
            start.started_at,
            None,
            &stored,
        ))
    }

    /// The start of a session whose own start was lost, which was said loudly; `None` when it was
    /// not. Without one the key of what follows would be stored nowhere. Who called is not known:
    /// the session gets a profile of its own.
    pub(super) fn start_in_place(
        &mut self,
        session: SessionId,
        at: DateTime<Utc>,
    ) -> Result<Option<Sealed>, KeyError> {
        if self.sessions.contains_key(&session) {
            return Ok(None);
        }
        let lost = SessionStart {
            session,
            room: "lost".into(),
            participant: "unknown".into(),
            device: None,
            phone_hint: None,
            channel: Channel::Web,
            worker_id: String::new(),
            started_at: at,
            summary_token: SummaryToken::random(),
            recognised: None,
        };
        self.start(lost).map(Some)
    }

    /// A message; in the order of its session's numbers, after its start.
    pub(super) fn message(
        &mut self,
        row: MessageRow,
        at: DateTime<Utc>,
    ) -> Result<Sealed, KeyError> {
        let (session, seq) = (row.session, row.seq);
        let Some(sealer) = self.sessions.get_mut(&session) else {
            return Err(KeyError::Unreadable);
        };
        let message = sealer.seal(new_message(row, at))?;
        let hash = message.row_hash;
        let stored = Stored::Message(message);
        Ok(sealed(session, seq, at, Some(hash), &stored))
    }

    pub(super) fn callback(&self, callback: database::NewCallback) -> Sealed {
        let (session, at) = (callback.session, callback.requested_at);
        sealed(
            session,
            CALLBACK,
            at,
            None,
            &Stored::Callback(callback.into()),
        )
    }

    /// A session's end; its key is forgotten here.
    pub(super) fn end(&mut self, end: &SessionEnd) -> Sealed {
        self.sessions.remove(&end.session);
        let stored = Stored::Ended(StoredEnd::from(end));
        sealed(end.session, END, end.ended_at, None, &stored)
    }
}

fn sealed(
    session: SessionId,
    seq: i32,
    at: DateTime<Utc>,
    hash: Option<RowHash>,
    stored: &Stored,
) -> Sealed {
    let id = spool::RecordId {
        session: session.0,
        seq,
    };
    Sealed {
        record: spool::Record {
            id,
            at_micros: at.timestamp_micros(),
            payload: stored.to_bytes(),
        },
        told: Acknowledged { session, seq, hash },
    }
}

fn new_message(row: MessageRow, at: DateTime<Utc>) -> NewMessage {
    NewMessage {
        session_id: row.session,
        seq: row.seq,
        role: match row.speaker {
            Speaker::Caller => Role::User,
            Speaker::Agent => Role::Assistant,
        },
        redacted: row.redacted,
        content: row.content,
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
        interrupted: row.interrupted,
        intent: row.intent,
        latency_ms: row.latency_ms,
        meta: row.meta,
        created_at: at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(session: SessionId, seq: i32) -> MessageRow {
        MessageRow {
            session,
            seq,
            speaker: Speaker::Caller,
            content: "said after a start that was lost".into(),
            started_ms: None,
            ended_ms: None,
            redacted: false,
            interrupted: false,
            intent: None,
            latency_ms: None,
            meta: serde_json::json!({}),
        }
    }

    #[test]
    fn a_session_whose_start_was_lost_gets_one_whose_key_opens_what_was_said() {
        let keys = Keyring::ephemeral().expect("random bytes");
        let mut sealer = Sealer::new(keys.clone(), Recognitions::default());
        let (session, now) = (SessionId::new(), Utc::now());
        let start = sealer.start_in_place(session, now).expect("a key");
        let start = start.expect("its own start never came");
        assert_eq!((start.told.session, start.told.seq), (session, START));
        let again = sealer.start_in_place(session, now).expect("a key");
        assert!(again.is_none(), "one start is enough");
        let message = sealer.message(row(session, 0), now).expect("sealed");
        let Some(Stored::Started(start)) = Stored::from_bytes(&start.record.payload) else {
            panic!("a start")
        };
        let Some(Stored::Message(message)) = Stored::from_bytes(&message.record.payload) else {
            panic!("a message")
        };
        let (_, _, key) = start.open(&keys).expect("its key");
        let words = key.open_message(session, 0, &message.content_ct);
        assert_eq!(words.expect("readable"), "said after a start that was lost");
    }

    #[test]
    fn words_are_sealed_with_no_key_that_is_written_down_nowhere() {
        let keys = Keyring::ephemeral().expect("random bytes");
        let mut sealer = Sealer::new(keys, Recognitions::default());
        assert!(
            sealer
                .message(row(SessionId::new(), 0), Utc::now())
                .is_err()
        );
    }
}
