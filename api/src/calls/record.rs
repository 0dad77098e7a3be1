//! The JSON of calls: database rows in, the pages' shapes out.

use call::AuthLevel;
use chrono::{DateTime, Utc};
use database::{
    Channel, MergeRecord, Message, Profile, Resolution, Role, Sentiment, Session, SessionId,
    SessionListItem, SessionStatus, Summary,
};
use serde::Serialize;
use serde_json::Value;

/// One call in a list, and the head of its record.
#[derive(Debug, Serialize)]
pub(crate) struct CallLine {
    session_id: SessionId,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    duration_seconds: Option<i64>,
    status: SessionStatus,
    end_reason: Option<String>,
    channel: Channel,
    authenticated: bool,
    username: Option<String>,
    summary: Option<String>,
    topics: Vec<String>,
    sentiment: Option<Sentiment>,
    resolution_status: Option<Resolution>,
    message_count: i32,
}

impl From<SessionListItem> for CallLine {
    fn from(item: SessionListItem) -> Self {
        Self {
            session_id: item.id,
            started_at: item.started_at,
            ended_at: item.ended_at,
            duration_seconds: seconds(item.started_at, item.ended_at),
            status: item.status,
            end_reason: None,
            channel: item.channel,
            authenticated: item.auth_level >= AuthLevel::OneTimeCode,
            username: item.username,
            summary: item.summary,
            topics: item.topics,
            sentiment: item.sentiment,
            resolution_status: item.resolution,
            message_count: item.message_count,
        }
    }
}

/// Everything kept of one call.
#[derive(Debug, Serialize)]
pub(crate) struct CallRecord {
    call: CallLine,
    summary: Option<StoredSummary>,
    identity: Option<Identity>,
    messages: Vec<MessageLine>,
}

#[derive(Debug, Serialize)]
struct StoredSummary {
    summary: String,
    extracted_info: Value,
    method: String,
}

#[derive(Debug, Serialize)]
struct Identity {
    profile_id: String,
    profile_type: &'static str,
    username: Option<String>,
    auth_level: Option<&'static str>,
    merges: Vec<Merge>,
}

#[derive(Debug, Serialize)]
struct Merge {
    source_id: String,
    target_id: String,
    outcome: &'static str,
    at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct MessageLine {
    seq: i32,
    role: Role,
    content: String,
    created_at: DateTime<Utc>,
    interrupted: bool,
    intent: Option<String>,
    latency: Option<Value>,
    sources: Option<Value>,
}

impl CallRecord {
    pub(crate) fn new(
        session: &Session,
        summary: Option<Summary>,
        profile: Option<Profile>,
        merges: Vec<MergeRecord>,
        messages: Vec<Message>,
    ) -> Self {
        let username = profile.as_ref().and_then(|p| p.username.clone());
        let stored = summary.as_ref();
        Self {
            call: CallLine {
                session_id: session.id,
                started_at: session.started_at,
                ended_at: session.ended_at,
                duration_seconds: seconds(session.started_at, session.ended_at),
                status: session.status,
                end_reason: session.end_reason.clone(),
                channel: session.channel,
                authenticated: session.auth_level >= AuthLevel::OneTimeCode,
                username: username.clone(),
                summary: stored.map(|s| s.summary.clone()),
                topics: stored.map(|s| s.topics.clone()).unwrap_or_default(),
                sentiment: stored.map(|s| s.sentiment),
                resolution_status: stored.map(|s| s.resolution_status),
                message_count: session.message_count,
            },
            identity: profile.map(|profile| Identity {
                profile_id: profile.id.to_string(),
                profile_type: profile.kind.as_str(),
                username,
                auth_level: auth_level(session.auth_level),
                merges: merges.into_iter().map(Merge::from).collect(),
            }),
            summary: summary.map(|summary| StoredSummary {
                summary: summary.summary,
                extracted_info: summary.extracted_info,
                method: summary.method,
            }),
            messages: messages.into_iter().map(MessageLine::from).collect(),
        }
    }
}

impl From<MergeRecord> for Merge {
    fn from(merge: MergeRecord) -> Self {
        let (source, target) = merge.requested;
        Self {
            source_id: source.to_string(),
            target_id: target.to_string(),
            outcome: merge.outcome.as_str(),
            at: merge.merged_at,
        }
    }
}

impl From<Message> for MessageLine {
    fn from(mut message: Message) -> Self {
        // What is measured and cited travels in `meta` as it was recorded.
        let mut take = |name| message.meta.get_mut(name).map(Value::take);
        Self {
            latency: take("latency").filter(Value::is_object),
            sources: take("sources").filter(Value::is_array),
            seq: message.seq,
            role: message.role,
            content: message.words().to_owned(),
            created_at: message.created_at,
            interrupted: message.interrupted,
            intent: message.intent,
        }
    }
}

/// How far the caller proved who they are; `None`: not at all.
fn auth_level(level: AuthLevel) -> Option<&'static str> {
    match level {
        AuthLevel::Anonymous => None,
        AuthLevel::Vouched => Some("vouched"),
        AuthLevel::OneTimeCode => Some("one-time code"),
    }
}

/// To the nearest second.
fn seconds(started: DateTime<Utc>, ended: Option<DateTime<Utc>>) -> Option<i64> {
    ended.map(|ended| ((ended - started).num_milliseconds() + 500).max(0) / 1_000)
}
