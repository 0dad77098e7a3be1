//! From a record to what is kept: its words encrypted, chained to the message before.

use std::collections::HashMap;

use call::{Channel, Speaker};
use chrono::{DateTime, Utc};
use database::{
    MessageSealer, NewCallback, NewFact, NewLeadEvents, NewLeftTask, NewMessage, NewSession,
    NewSound, NewToolCall, NewToolOutcome, Role, RowHash, SessionId, StoredEnd, StoredRecord,
    StoredStart, SummaryToken, TurnInsight,
    keys::{KeyError, Keyring, SessionKey},
    spool,
};
use serde_json::json;
use tokio::sync::oneshot;

use super::recognition::Recognitions;
use super::{Acknowledged, Acknowledgements, MessageRow, SessionEnd, SessionStart};

/// A record that is ready for the spool, and what is reported when it is durable.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) record: spool::Record,
    pub(super) acknowledged: Acknowledged,
    /// Who waits for that.
    pub(super) waiting: Option<oneshot::Sender<Acknowledged>>,
}

impl Sealed {
    /// The same, with somebody who waits until it is kept.
    pub(super) fn awaited(self, waiting: oneshot::Sender<Acknowledged>) -> Self {
        Self {
            waiting: Some(waiting),
            ..self
        }
    }

    /// It is kept: reports it.
    pub(super) fn acknowledge(&mut self, everybody: Option<&Acknowledgements>) {
        if let Some(everybody) = everybody {
            (everybody.0)(&self.acknowledged);
        }
        if let Some(waiting) = self.waiting.take() {
            // Nobody waits any more: it took too long.
            waiting.send(self.acknowledged).unwrap_or_default();
        }
    }
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
        let wrapped_key = self.keys.wrap_session_for_spool(&key, start.session)?;
        let sealer = MessageSealer::new(start.session, key);
        self.sessions.insert(start.session, sealer);
        if let Some(answer) = start.recognised.take() {
            self.recognitions.ask(start.session, answer);
        }
        let summary_token = start.summary_token.clone();
        Ok(sealed(&StoredRecord::Started(StoredStart {
            session: new_session(start),
            summary_token,
            wrapped_key,
        })))
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
        let Some(sealer) = self.sessions.get_mut(&row.session) else {
            return Err(KeyError::Unreadable);
        };
        let message = sealer.seal(new_message(row, at))?;
        Ok(sealed(&StoredRecord::Message(message)))
    }

    pub(super) fn callback(&self, callback: NewCallback) -> Sealed {
        sealed(&StoredRecord::Callback(callback))
    }

    /// A tool is about to be called; after its session's start.
    pub(super) fn tool_call(&self, call: &NewToolCall) -> Result<Sealed, KeyError> {
        let call = call.seal(self.key(call.session_id)?)?;
        Ok(sealed(&StoredRecord::ToolCall(call)))
    }

    /// What came of that call.
    pub(super) fn tool_outcome(&self, outcome: &NewToolOutcome) -> Result<Sealed, KeyError> {
        let outcome = outcome.seal(self.key(outcome.session_id)?)?;
        Ok(sealed(&StoredRecord::ToolOutcome(outcome)))
    }

    /// What a task of the session knows.
    pub(super) fn left_task(&self, left: &NewLeftTask) -> Result<Sealed, KeyError> {
        let left = left.seal(self.key(left.session_id)?)?;
        Ok(sealed(&StoredRecord::LeftTask(left)))
    }

    /// A segment of the session's recording; after its start and before its end.
    pub(super) fn sound(&self, sound: &NewSound) -> Result<Sealed, KeyError> {
        let sound = sound.seal(self.key(sound.session_id)?)?;
        Ok(sealed(&StoredRecord::Sound(sound)))
    }

    /// What a turn says: no word of it, so nothing is sealed.
    pub(super) fn turn_insight(&self, insight: &TurnInsight) -> Sealed {
        sealed(&StoredRecord::TurnInsight(insight.clone()))
    }

    /// What a turn counts for a lead: ids and numbers alone.
    pub(super) fn lead_events(&self, events: NewLeadEvents) -> Sealed {
        sealed(&StoredRecord::LeadEvents(events))
    }

    /// What is known of the caller by a turn; after the session's start and before its end.
    pub(super) fn fact(&self, fact: &NewFact) -> Result<Sealed, KeyError> {
        let fact = fact.seal(self.key(fact.session_id)?)?;
        Ok(sealed(&StoredRecord::Fact(fact)))
    }

    fn key(&self, session: SessionId) -> Result<&SessionKey, KeyError> {
        let sealer = self.sessions.get(&session);
        sealer.map(MessageSealer::key).ok_or(KeyError::Unreadable)
    }

    /// A session's end; its key is forgotten here.
    pub(super) fn end(&mut self, end: &SessionEnd) -> Sealed {
        self.sessions.remove(&end.session);
        sealed(&StoredRecord::Ended(StoredEnd {
            session: end.session,
            end: session_end(end),
        }))
    }
}

fn sealed(stored: &StoredRecord) -> Sealed {
    let record = stored.to_spool();
    let hash: Option<RowHash> = match stored {
        StoredRecord::Message(message) => Some(message.row_hash),
        _ => None,
    };
    let acknowledged = Acknowledged {
        session: SessionId(record.id.session),
        seq: record.id.seq,
        hash,
    };
    Sealed {
        record,
        acknowledged,
        waiting: None,
    }
}

fn new_session(start: SessionStart) -> NewSession {
    NewSession {
        id: start.session,
        room_id: start.room,
        participant_id: start.participant,
        anonymous_id: start.device,
        channel: start.channel,
        caller_number: start.phone_hint,
        worker_id: Some(start.worker_id),
        started_at: start.started_at,
    }
}

fn session_end(end: &SessionEnd) -> database::SessionEnd {
    database::SessionEnd {
        reason: end.ending.as_str().to_owned(),
        ended_at: end.ended_at,
        metrics: json!({
            "duration_ms": u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
            "transferred": end.transferred,
            "callback_requested": end.callback_requested,
            "authentication_attempted": end.authentication_attempted,
            "line": end.line,
        }),
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
        assert_eq!(
            (start.acknowledged.session, start.acknowledged.seq),
            (session, StoredRecord::START)
        );
        let again = sealer.start_in_place(session, now).expect("a key");
        assert!(again.is_none(), "one start is enough");
        let message = sealer.message(row(session, 0), now).expect("sealed");
        let read = |sealed: &Sealed| StoredRecord::from_spool(&sealed.record.payload);
        let Some(StoredRecord::Started(start)) = read(&start) else {
            panic!("a start")
        };
        let Some(StoredRecord::Message(message)) = read(&message) else {
            panic!("a message")
        };
        let key = start.key(&keys).expect("its key");
        let words = key.open_message(session, 0, &message.content_ct);
        assert_eq!(words.expect("readable"), "said after a start that was lost");
    }

    #[test]
    fn a_tools_records_are_sealed_with_the_sessions_key_as_long_as_the_session_lasts() {
        let keys = Keyring::ephemeral().expect("random bytes");
        let mut sealer = Sealer::new(keys, Recognitions::default());
        let (session_id, now) = (SessionId::new(), Utc::now());
        let idempotency_key = session_id.0;
        let call = NewToolCall {
            session_id,
            idempotency_key,
            seq: 3,
            tool: "callback".into(),
            deed: true,
            arguments: json!({"when": "today"}),
            requested_at: now,
        };
        let outcome = NewToolOutcome {
            session_id,
            idempotency_key,
            outcome: database::ToolOutcome::Success,
            result: json!(null),
            finished_at: now,
        };
        assert!(sealer.tool_call(&call).is_err(), "no key is stored for it");
        assert!(sealer.start_in_place(session_id, now).is_ok());
        let sealed = sealer.tool_call(&call).expect("sealed");
        assert_eq!(sealed.acknowledged.seq, StoredRecord::TOOL_CALL);
        let sealed = sealer.tool_outcome(&outcome).expect("sealed");
        assert_eq!(sealed.acknowledged.seq, StoredRecord::TOOL_OUTCOME);
        sealer.end(&SessionEnd {
            session: session_id,
            ending: call::CallEnding::CallerLeft,
            ended_at: now,
            duration: std::time::Duration::ZERO,
            transferred: false,
            callback_requested: false,
            authentication_attempted: false,
            line: None,
        });
        assert!(sealer.tool_outcome(&outcome).is_err(), "its key is gone");
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
