//! `GET /v1/profiles/{id}`: a person's profiles, how they came together, and
//! everything that was tried, refused attempts too.

use axum::{
    Extension, Json,
    extract::{Path, State},
};
use chrono::{DateTime, Utc};
use database::{AuditEntry, MergeRecord, Profile, ProfileRepository};
use record::AuditedReader;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::profile_id;
use crate::{
    ApiError,
    access::{ClientAddress, KeyHolder},
    problems::{DatabaseProblems, NoSuchThing},
    state::AppState,
    words::{MergeOutcome, ProfileType},
};

/// What is known of a person's profiles.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProfileHistory {
    profile: ProfileLine,
    /// The live profile of the same person; the same one, if it was not merged.
    live: ProfileLine,
    /// Profiles merged into the live one.
    merged_profiles: usize,
    /// Newest first, refused and undone ones too; at most 200.
    merges: Vec<MergeLine>,
    /// Rows of the audit chain, newest first; at most 200.
    attempts: Vec<Attempt>,
    /// Whether the key that was shown may unmerge.
    may_unmerge: bool,
}

/// One profile.
#[derive(Debug, Serialize, ToSchema)]
struct ProfileLine {
    profile_id: Uuid,
    profile_type: ProfileType,
    username: Option<String>,
    first_seen_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    total_sessions: i32,
    total_messages: i64,
    merged_into: Option<Uuid>,
    erased_at: Option<DateTime<Utc>>,
}

/// One merge; of a refused one the profiles are those that were asked for.
#[derive(Debug, Serialize, ToSchema)]
struct MergeLine {
    merge: i64,
    source_id: Uuid,
    target_id: Uuid,
    outcome: MergeOutcome,
    actor: String,
    reason: Option<String>,
    session_id: Option<Uuid>,
    sessions_moved: i32,
    messages_moved: i64,
    at: DateTime<Utc>,
    undone_at: Option<DateTime<Utc>>,
    undone_by: Option<String>,
    undone_reason: Option<String>,
    /// It holds now: an unmerge of its source would undo it.
    in_force: bool,
}

/// A row of the audit chain.
#[derive(Debug, Serialize, ToSchema)]
struct Attempt {
    number: i64,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    profile_id: Option<String>,
    /// What became of it, where the row has it: `merged`, `refused_erased`, `not_merged` …
    outcome: Option<String>,
    /// A reason was given; its words are the merge's, and go when the person is erased.
    reason_given: bool,
    /// The merge it was about.
    merge: Option<i64>,
}

/// A person's profiles, by any of them
///
/// What was merged, unmerged and refused, and by whom. Opening it is in the audit log before
/// anything is shown.
#[utoipa::path(
    get,
    path = "/profiles/{id}",
    tag = "profiles",
    operation_id = "open_profile",
    params(("id" = Uuid, Path, description = "Any profile of the person.")),
    responses(
        (status = 200, description = "The history.", body = ProfileHistory),
        NoSuchThing,
        DatabaseProblems
    )
)]
pub(super) async fn show(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    Extension(holder): Extension<KeyHolder>,
    Path(id): Path<String>,
) -> Result<Json<ProfileHistory>, ApiError> {
    let id = profile_id(&id)?;
    let unknown = || ApiError::NotFound("this profile");
    let profiles = ProfileRepository::new(&state.database);
    let history = profiles.full_history(id).await?.ok_or_else(unknown)?;
    let reader = AuditedReader {
        actor: holder.actor(),
        through: "GET /v1/profiles",
        address: Some(address),
    };
    let subject = ("profile", &*id.to_string());
    reader
        .note(&state.database, "profile.opened", subject)
        .await?;
    let may_unmerge = holder == KeyHolder::Administrator;
    Ok(Json(ProfileHistory::new(history, may_unmerge)))
}

impl ProfileHistory {
    fn new(history: database::ProfileHistory, may_unmerge: bool) -> Self {
        Self {
            profile: history.profile.into(),
            live: history.live.into(),
            merged_profiles: history.merged_profiles,
            merges: history.merges.into_iter().map(MergeLine::from).collect(),
            attempts: history.attempts.into_iter().map(Attempt::from).collect(),
            may_unmerge,
        }
    }
}

impl From<Profile> for ProfileLine {
    fn from(profile: Profile) -> Self {
        Self {
            profile_id: profile.id.0,
            profile_type: profile.kind.into(),
            username: profile.username,
            first_seen_at: profile.first_seen_at,
            last_seen_at: profile.last_seen_at,
            total_sessions: profile.total_sessions,
            total_messages: profile.total_messages,
            merged_into: profile.merged_into.map(|id| id.0),
            erased_at: profile.erased_at,
        }
    }
}

impl From<MergeRecord> for MergeLine {
    fn from(merge: MergeRecord) -> Self {
        let (source, target) = merge.resolved;
        Self {
            merge: merge.id,
            source_id: source.unwrap_or(merge.requested.0).0,
            target_id: target.unwrap_or(merge.requested.1).0,
            in_force: merge.outcome == database::MergeOutcome::Merged
                && merge.reverted_at.is_none(),
            outcome: merge.outcome.into(),
            actor: merge.actor,
            reason: merge.reason,
            session_id: merge.session.map(|id| id.0),
            sessions_moved: merge.sessions_moved,
            messages_moved: merge.messages_moved,
            at: merge.merged_at,
            undone_at: merge.reverted_at,
            undone_by: merge.reverted_by,
            undone_reason: merge.reverted_reason,
        }
    }
}

impl From<AuditEntry> for Attempt {
    fn from(entry: AuditEntry) -> Self {
        let text = |name| entry.detail.get(name).and_then(Value::as_str);
        Self {
            outcome: text("outcome").map(str::to_owned),
            // Rows of an older schema hold the words themselves.
            reason_given: text("reason").is_some()
                || entry.detail.get("reason_given") == Some(&Value::Bool(true)),
            merge: entry.detail.get("merge").and_then(Value::as_i64),
            number: entry.id,
            at: entry.at,
            actor: entry.actor,
            action: entry.action,
            profile_id: entry.subject_id,
        }
    }
}
