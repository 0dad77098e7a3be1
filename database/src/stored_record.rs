//! What lies in the spool until the database has it. A repetition is the same byte for byte, and
//! storing it again changes nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    NewCallback, NewLeadEvents, NewSession, SealedFact, SealedLeftTask, SealedMessage, SealedSound,
    SealedToolCall, SealedToolOutcome, SessionEnd, SessionId, SummaryToken, TurnInsight,
    keys::{KeyError, Keyring, SessionKey},
    spool,
};

/// Grows when a record of today could be misunderstood by the program of before. What is merely new
/// (another kind of record) does not read there either and is set aside.
const VERSION: u32 = 1;

/// One record, sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StoredRecord {
    /// A session begins; with the key of its messages.
    Started(StoredStart),
    /// A message.
    Message(SealedMessage),
    /// A promise to call back.
    Callback(NewCallback),
    /// A tool is about to be called.
    ToolCall(SealedToolCall),
    /// What came of that.
    ToolOutcome(SealedToolOutcome),
    /// What a task knows now.
    LeftTask(SealedLeftTask),
    /// A segment of the recording.
    Sound(SealedSound),
    /// What a turn of the caller says.
    TurnInsight(TurnInsight),
    /// What a turn counts for a lead.
    LeadEvents(NewLeadEvents),
    /// What is known of the caller by it.
    Fact(SealedFact),
    /// A session ends.
    Ended(StoredEnd),
}

/// A session's start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredStart {
    /// Its row.
    pub session: NewSession,
    /// Reads its summary once.
    pub summary_token: SummaryToken,
    /// The session's key, as [`Keyring::wrap_session_for_spool`] wrapped it.
    #[serde(with = "hex::serde")]
    pub wrapped_key: Vec<u8>,
}

/// A session's end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEnd {
    /// Which session.
    pub session: SessionId,
    /// How it ended.
    pub end: SessionEnd,
}

/// As it is written down.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    record: &'a StoredRecord,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    record: StoredRecord,
}

impl StoredRecord {
    /// The spool's number of a session's start: before its first message. Numbers of records that
    /// are not messages are below 0, or [`Self::END`].
    pub const START: i32 = -1;
    /// Of a promise to call back.
    pub const CALLBACK: i32 = -2;
    /// Of a tool's call.
    pub const TOOL_CALL: i32 = -3;
    /// Of a tool's outcome.
    pub const TOOL_OUTCOME: i32 = -4;
    /// Of what a task knows.
    pub const LEFT_TASK: i32 = -5;
    /// Of a segment of the recording.
    pub const SOUND: i32 = -6;
    /// Of what a turn says.
    pub const TURN_INSIGHT: i32 = -7;
    /// Of what a turn counts for a lead.
    pub const LEAD_EVENTS: i32 = -8;
    /// Of a fact.
    pub const FACT: i32 = -9;
    /// Of a session's end: after its last message.
    pub const END: i32 = i32::MAX;

    /// For the spool.
    ///
    /// # Panics
    /// Never: a record has no map whose keys are not texts.
    #[must_use]
    pub fn to_spool(&self) -> spool::Record {
        let (session, seq, at) = self.place();
        let written = Written {
            version: VERSION,
            record: self,
        };
        spool::Record {
            id: spool::RecordId {
                session: session.0,
                seq,
            },
            at_micros: at.timestamp_micros(),
            payload: serde_json::to_vec(&written).expect("a record's keys are texts"),
        }
    }

    /// From the spool; `None` when another version wrote it.
    #[must_use]
    pub fn from_spool(payload: &[u8]) -> Option<Self> {
        let read: Read = serde_json::from_slice(payload).ok()?;
        (read.version == VERSION).then_some(read.record)
    }

    /// What kind of record it is, without a word of it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "start",
            Self::Message(_) => "message",
            Self::Callback(_) => "callback",
            Self::ToolCall(_) => "tool_call",
            Self::ToolOutcome(_) => "tool_outcome",
            Self::LeftTask(_) => "left_task",
            Self::Sound(_) => "sound",
            Self::TurnInsight(_) => "turn_insight",
            Self::LeadEvents(_) => "lead_events",
            Self::Fact(_) => "fact",
            Self::Ended(_) => "end",
        }
    }

    fn place(&self) -> (SessionId, i32, DateTime<Utc>) {
        match self {
            Self::Started(start) => (start.session.id, Self::START, start.session.started_at),
            Self::Message(message) => (message.session_id, message.seq, message.created_at),
            Self::Callback(callback) => (callback.session, Self::CALLBACK, callback.requested_at),
            Self::ToolCall(call) => (call.session_id, Self::TOOL_CALL, call.requested_at),
            Self::ToolOutcome(outcome) => {
                (outcome.session_id, Self::TOOL_OUTCOME, outcome.finished_at)
            }
            Self::LeftTask(left) => (left.session_id, Self::LEFT_TASK, left.kept_at),
            Self::Sound(sound) => (sound.session_id, Self::SOUND, sound.recorded_at),
            Self::TurnInsight(insight) => (insight.session_id, Self::TURN_INSIGHT, insight.made_at),
            Self::LeadEvents(new) => (new.session_id, Self::LEAD_EVENTS, new.happened_at),
            Self::Fact(fact) => (fact.session_id, Self::FACT, fact.learned_at),
            Self::Ended(ended) => (ended.session, Self::END, ended.end.ended_at),
        }
    }
}

impl StoredStart {
    /// The key of the session's messages.
    ///
    /// # Errors
    /// [`KeyError::UnknownKey`] if the key file lacks the key that wraps it;
    /// [`KeyError::Unreadable`] if it is of another tenant or file.
    pub fn key(&self, keys: &Keyring) -> Result<SessionKey, KeyError> {
        keys.unwrap_session_from_spool(&self.wrapped_key, self.session.id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::{
        Channel, MessageSealer, NewFact, NewLeadEvent, NewLeftTask, NewMessage, NewSound,
        NewToolCall, NewToolOutcome, Role, ToolOutcome,
    };

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000 + second, 5_000).expect("an instant")
    }

    fn insight(session_id: SessionId, made_at: DateTime<Utc>) -> TurnInsight {
        TurnInsight {
            session_id,
            seq: 0,
            source: "rules".to_owned(),
            version: 1,
            emotion: "worried".to_owned(),
            urgency: "critical".to_owned(),
            intent_category: "problem_solving".to_owned(),
            sentiment: -40,
            frustration: 2,
            causes: vec!["words".to_owned()],
            confidence: 61,
            topics: Vec::new(),
            pain_points: Vec::new(),
            opportunities: Vec::new(),
            objections: Vec::new(),
            actions: vec!["answer".to_owned()],
            style: None,
            level: Some("beginner".to_owned()),
            made_at,
        }
    }

    fn lead_events(session_id: SessionId, happened_at: DateTime<Utc>) -> NewLeadEvents {
        NewLeadEvents {
            session_id,
            happened_at,
            events: vec![NewLeadEvent {
                cause: "turn:0:product_seen:cards".to_owned(),
                kind: "product_seen".to_owned(),
                item: Some("cards".to_owned()),
                value: 1,
            }],
        }
    }

    fn fact(session_id: SessionId, learned_at: DateTime<Utc>) -> NewFact {
        NewFact {
            session_id,
            seq: 0,
            place: 0,
            key: "budget".to_owned(),
            what: "holds".to_owned(),
            value: Some("..50000 USD".to_owned()),
            query: false,
            confidence: 90,
            source: "said".to_owned(),
            learned_at,
            expires_at: None,
        }
    }

    /// One of each kind, in the order of a call.
    fn records(keys: &Keyring) -> Vec<StoredRecord> {
        let id = SessionId::new();
        let key = keys.new_session_key().expect("random bytes");
        let wrapped = keys.wrap_session_for_spool(&key, id);
        let session = NewSession {
            id,
            room_id: "room".to_owned(),
            participant_id: "participant".to_owned(),
            anonymous_id: None,
            channel: Channel::Phone,
            caller_number: Some("+263771234567".to_owned()),
            worker_id: None,
            started_at: at(0),
        };
        let call = NewToolCall {
            session_id: id,
            idempotency_key: Uuid::new_v4(),
            seq: 0,
            tool: "callback".to_owned(),
            deed: true,
            arguments: json!({"when": "today"}),
            requested_at: at(2),
        };
        let outcome = NewToolOutcome {
            session_id: id,
            idempotency_key: call.idempotency_key,
            outcome: ToolOutcome::TimedOut,
            result: Value::Null,
            finished_at: at(3),
        };
        let left = NewLeftTask {
            session_id: id,
            task: Some(("block_card".to_owned(), json!({"card": null}))),
            kept_at: at(4),
            expires_at: at(400),
        };
        let sound = NewSound {
            session_id: id,
            number: 0,
            pages: vec![1, 2, 3],
            recorded_at: at(4),
        };
        let said = NewMessage::new(id, 0, Role::User, "call me back", at(1));
        let message = MessageSealer::new(id, key.clone()).seal(said);
        vec![
            StoredRecord::Started(StoredStart {
                session,
                summary_token: SummaryToken::random(),
                wrapped_key: wrapped.expect("random bytes"),
            }),
            StoredRecord::Message(message.expect("random bytes")),
            StoredRecord::ToolCall(call.seal(&key).expect("random bytes")),
            StoredRecord::ToolOutcome(outcome.seal(&key).expect("random bytes")),
            StoredRecord::Callback(NewCallback {
                phone_number: Some("+263771234567".to_owned()),
                ..NewCallback::new(id.0, id, at(4))
            }),
            StoredRecord::LeftTask(left.seal(&key).expect("random bytes")),
            StoredRecord::Sound(sound.seal(&key).expect("random bytes")),
            StoredRecord::TurnInsight(insight(id, at(4))),
            StoredRecord::LeadEvents(lead_events(id, at(4))),
            StoredRecord::Fact(fact(id, at(4)).seal(&key).expect("random bytes")),
            StoredRecord::Ended(StoredEnd {
                session: id,
                end: SessionEnd {
                    reason: "caller_left".to_owned(),
                    ended_at: at(5),
                    metrics: json!({"duration_ms": 5_000}),
                },
            }),
        ]
    }

    #[test]
    fn every_record_comes_back_as_it_was_and_is_written_the_same_again() {
        let keys = Keyring::ephemeral().expect("random bytes");
        let records = records(&keys);
        let mut places = Vec::new();
        for record in &records {
            let written = record.to_spool();
            let read = StoredRecord::from_spool(&written.payload).expect("it reads");
            assert_eq!(&read, record);
            assert_eq!(read.to_spool(), written);
            places.push((record.kind(), written.id.seq, written.at_micros));
        }
        let micros = |second| at(second).timestamp_micros();
        let expected = [
            ("start", -1, micros(0)),
            ("message", 0, micros(1)),
            ("tool_call", -3, micros(2)),
            ("tool_outcome", -4, micros(3)),
            ("callback", -2, micros(4)),
            ("left_task", -5, micros(4)),
            ("sound", -6, micros(4)),
            ("turn_insight", -7, micros(4)),
            ("lead_events", -8, micros(4)),
            ("fact", -9, micros(4)),
            ("end", i32::MAX, micros(5)),
        ];
        assert_eq!(places, expected);
        let (StoredRecord::Started(start), StoredRecord::Message(message)) =
            (&records[0], &records[1])
        else {
            panic!("a start and a message")
        };
        let key = start.key(&keys).expect("its key");
        let words = key.open_message(start.session.id, 0, &message.content_ct);
        assert_eq!(words.ok().as_deref(), Some("call me back"));
    }

    #[test]
    fn what_another_version_wrote_is_not_read() {
        let keys = Keyring::ephemeral().expect("random bytes");
        let written = records(&keys)[0].to_spool().payload;
        let text = String::from_utf8(written).expect("JSON is UTF-8");
        assert!(StoredRecord::from_spool(text.as_bytes()).is_some());
        for (from, to) in [
            (r#""version":1"#, r#""version":2"#),
            ("Started", "Resumed"),
            ("\"room_id\"", "\"room\""),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from} is written");
            let read = StoredRecord::from_spool(other.as_bytes());
            assert_eq!(read, None, "with {to}");
        }
    }
}
