//! `GET /v1/calls/{id}`: everything kept of one call.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use call::AuthLevel;
use chrono::{DateTime, Utc};
use database::{
    ConversationSummaryRepository, MergeRecord, Message, Profile, ProfileRepository, Role, Session,
    SessionId, Summary,
};
use record::AuditedReader;
use serde::Serialize;
use serde_json::Value;

use super::list::{CallLine, seconds};
use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    state::AppState,
};

/// Opens one call's record. Every opening is in the audit log before anything
/// is shown; without the log nothing is shown: see [`record::AuditedReader::note`].
pub(super) async fn open(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
    Path(id): Path<String>,
) -> Result<Json<CallRecord>, ApiError> {
    let unknown = || ApiError::NotFound("this call");
    let id: SessionId = id.parse().map_err(|_| unknown())?;
    let database = &state.database;
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/calls",
        address: Some(address),
    };
    let opened = reader.call(database, id).await?.ok_or_else(unknown)?;
    let profiles = ProfileRepository::new(database);
    let profile = opened.session.profile_id;
    Ok(Json(CallRecord::new(
        &opened.session,
        ConversationSummaryRepository::new(database)
            .get_by_session(id)
            .await?,
        profiles.get_by_id(profile).await?,
        profiles.history(profile).await?,
        opened.messages,
    )))
}

/// Everything kept of one call.
#[derive(Debug, Serialize)]
pub(super) struct CallRecord {
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
    fn new(
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
