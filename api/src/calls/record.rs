//! `GET /v1/calls/{id}`: everything kept of one call.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use call::AuthLevel;
use chrono::{DateTime, Utc};
use database::{
    ConversationSummaryRepository, MergeRecord, Profile, ProfileRepository, RecordingRepository,
    Session, SessionId, Summary, TurnInsight, TurnInsightRepository,
};
use record::AuditedReader;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::{CallLine, seconds};
use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    problems::{DatabaseProblems, NoSuchThing},
    state::AppState,
    words::{MergeOutcome, ProfileType, Role},
};

/// One call's record
///
/// Every opening is in the audit log before anything is shown; without the log nothing is shown.
#[utoipa::path(
    get,
    path = "/calls/{id}",
    tag = "calls",
    operation_id = "open_call",
    params(("id" = Uuid, Path, description = "The call's `session_id`.")),
    responses(
        (status = 200, description = "The record.", body = CallRecord),
        NoSuchThing,
        DatabaseProblems
    )
)]
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
        RecordingRepository::new(database).exists(id).await?,
        TurnInsightRepository::new(database).by_session(id).await?,
    )))
}

/// Everything kept of one call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallRecord {
    call: CallLine,
    /// Why it ended, such as `caller_left`; null while it goes on.
    end_reason: Option<String>,
    summary: Option<StoredSummary>,
    identity: Option<Identity>,
    /// There is a recording: `GET /v1/calls/{id}/recording`.
    recorded: bool,
    /// How well the caller was heard; null while the call goes on, and where nothing was heard.
    line: Option<Line>,
    /// In the order in which they were said.
    messages: Vec<Message>,
}

/// How well a caller was heard, over the whole call.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Line {
    /// The part of the packets of sound that never arrived, 0 to 1.
    lost: f64,
    /// The part of the sound that was made up where none had arrived in time, 0 to 1.
    concealed: f64,
    /// How unevenly packets arrived at the end, milliseconds.
    jitter_ms: f64,
    /// Mean opinion score, estimated by the E-model (ITU-T G.107), 1 to 4.5.
    mos: f64,
}

/// What was noted of the call when it ended.
#[derive(Debug, Serialize, ToSchema)]
struct StoredSummary {
    summary: String,
    /// What the caller mentioned of themselves and their request, by name.
    #[schema(value_type = HashMap<String, Value>)]
    extracted_info: Value,
    /// `rules` or `llm`.
    method: String,
}

/// Who called, and how their profiles came together.
#[derive(Debug, Serialize, ToSchema)]
struct Identity {
    profile_id: Uuid,
    profile_type: ProfileType,
    username: Option<String>,
    auth_level: Option<Proof>,
    merges: Vec<Merge>,
}

/// How the caller proved who they are.
#[derive(Debug, Serialize, ToSchema)]
enum Proof {
    #[serde(rename = "vouched")]
    Vouched,
    #[serde(rename = "one-time code")]
    OneTimeCode,
}

/// One profile merged into another, or the attempt.
#[derive(Debug, Serialize, ToSchema)]
struct Merge {
    source_id: Uuid,
    target_id: Uuid,
    outcome: MergeOutcome,
    at: DateTime<Utc>,
}

/// One finished turn of either side.
#[derive(Debug, Serialize, ToSchema)]
struct Message {
    /// Counts from 0 without gaps.
    seq: i32,
    role: Role,
    /// Redacted; of the assistant's words, those that were heard.
    content: String,
    created_at: DateTime<Utc>,
    /// When its sound began, milliseconds since the call did; null for what was typed.
    started_ms: Option<i32>,
    /// When it ended.
    ended_ms: Option<i32>,
    /// The assistant was cut short.
    interrupted: bool,
    /// Topic of the answer.
    intent: Option<String>,
    latency: Option<Latency>,
    sources: Option<Vec<Source>>,
    /// What the turn says of the caller; null for the assistant's, and where nothing was read.
    insight: Option<Insight>,
}

/// What a turn of the caller says of them.
#[derive(Debug, Serialize, ToSchema)]
struct Insight {
    /// What read it: rules, or a model.
    source: String,
    emotion: String,
    urgency: String,
    intent_category: String,
    /// From -1, as bad as can be, to 1.
    sentiment: f64,
    /// 0 to 10.
    frustration: i16,
    /// What brought the frustration there, the most recent first.
    frustration_causes: Vec<String>,
    /// How sure emotion and intent are, 0 to 1.
    confidence_score: f64,
    /// The same as a word.
    confidence: String,
    key_topics: Vec<String>,
    pain_points: Vec<String>,
    opportunities: Vec<String>,
    objections: Vec<String>,
    /// What would be best, best first.
    next_best_actions: Vec<String>,
    /// How the caller wishes to be answered.
    style: Option<String>,
    /// How much the caller knows of the matter.
    level: Option<String>,
}

/// Milliseconds of each stage of a turn; null where the stage did not run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Latency {
    #[schema(value_type = Option<f64>)]
    endpointing_ms: Option<Number>,
    #[schema(value_type = Option<f64>)]
    stt_ms: Option<Number>,
    #[schema(value_type = Option<f64>)]
    retrieval_ms: Option<Number>,
    #[schema(value_type = Option<f64>)]
    llm_first_token_ms: Option<Number>,
    #[schema(value_type = Option<f64>)]
    tts_first_audio_ms: Option<Number>,
    /// From the end of the caller's speech to the first audio of the reply.
    #[schema(value_type = Option<f64>)]
    reply_ms: Option<Number>,
}

/// A passage that an answer rests on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Source {
    title: String,
    source: String,
    /// Its rank in the search; comparable within one answer only.
    score: f64,
    /// Where it is from.
    #[serde(default)]
    #[schema(required)]
    origin: Origin,
}

/// Where what an answer rests on is from.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Origin {
    /// The pack: a document, or a row of its catalogue.
    #[default]
    Pack,
    /// A page of the web; the source is its host.
    Web,
}

impl CallRecord {
    fn new(
        session: &Session,
        summary: Option<Summary>,
        profile: Option<Profile>,
        merges: Vec<MergeRecord>,
        messages: Vec<database::Message>,
        recorded: bool,
        insights: Vec<TurnInsight>,
    ) -> Self {
        let mut insights: BTreeMap<i32, TurnInsight> = insights
            .into_iter()
            .map(|insight| (insight.seq, insight))
            .collect();
        let username = profile.as_ref().and_then(|p| p.username.clone());
        let stored = summary.as_ref();
        Self {
            call: CallLine {
                session_id: session.id.0,
                started_at: session.started_at,
                ended_at: session.ended_at,
                duration_seconds: seconds(session.started_at, session.ended_at),
                status: session.status.into(),
                channel: session.channel.into(),
                authenticated: session.auth_level >= AuthLevel::OneTimeCode,
                username: username.clone(),
                summary: stored.map(|s| s.summary.clone()),
                topics: stored.map(|s| s.topics.clone()).unwrap_or_default(),
                sentiment: stored.map(|s| s.sentiment.into()),
                resolution_status: stored.map(|s| s.resolution_status.into()),
                message_count: session.message_count,
            },
            end_reason: session.end_reason.clone(),
            identity: profile.map(|profile| Identity {
                profile_id: profile.id.0,
                profile_type: profile.kind.into(),
                username,
                auth_level: proof(session.auth_level),
                merges: merges.into_iter().map(Merge::from).collect(),
            }),
            summary: summary.map(|summary| StoredSummary {
                summary: summary.summary,
                extracted_info: summary.extracted_info,
                method: summary.method,
            }),
            recorded,
            line: Line::deserialize(&session.metrics["line"]).ok(),
            messages: messages
                .into_iter()
                .map(|message| {
                    let insight = insights.remove(&message.seq);
                    Message {
                        insight: insight.map(Insight::from),
                        ..Message::from(message)
                    }
                })
                .collect(),
        }
    }
}

impl From<MergeRecord> for Merge {
    fn from(merge: MergeRecord) -> Self {
        let (source, target) = merge.requested;
        Self {
            source_id: source.0,
            target_id: target.0,
            outcome: merge.outcome.into(),
            at: merge.merged_at,
        }
    }
}

impl From<database::Message> for Message {
    fn from(mut message: database::Message) -> Self {
        // Measurements and citations are in `meta` as they were recorded. Another version may have
        // measured something else: what has not this shape is left out.
        let mut take = |name| message.meta.get_mut(name).map(Value::take);
        Self {
            latency: take("latency").and_then(|value| serde_json::from_value(value).ok()),
            sources: take("sources").and_then(|value| serde_json::from_value(value).ok()),
            seq: message.seq,
            role: message.role.into(),
            content: message.words().to_owned(),
            created_at: message.created_at,
            started_ms: message.started_ms,
            ended_ms: message.ended_ms,
            interrupted: message.interrupted,
            intent: message.intent,
            insight: None,
        }
    }
}

impl From<TurnInsight> for Insight {
    fn from(insight: TurnInsight) -> Self {
        let hundredths = |number: i16| f64::from(number) / 100.0;
        Self {
            confidence: insight.confidence_word().to_owned(),
            source: insight.source,
            emotion: insight.emotion,
            urgency: insight.urgency,
            intent_category: insight.intent_category,
            sentiment: hundredths(insight.sentiment),
            frustration: insight.frustration,
            frustration_causes: insight.causes,
            confidence_score: hundredths(insight.confidence),
            key_topics: insight.topics,
            pain_points: insight.pain_points,
            opportunities: insight.opportunities,
            objections: insight.objections,
            next_best_actions: insight.actions,
            style: insight.style,
            level: insight.level,
        }
    }
}

/// `None`: nothing was proven.
fn proof(level: AuthLevel) -> Option<Proof> {
    match level {
        AuthLevel::Anonymous => None,
        AuthLevel::Vouched => Some(Proof::Vouched),
        AuthLevel::OneTimeCode => Some(Proof::OneTimeCode),
    }
}
