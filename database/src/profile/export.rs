//! Everything that is held of a person, readable: what they may ask for.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{MergeRecord, Profile, ProfileRepository};
use crate::{
    AuditEntry, AuditRepository, Callback, CallbackRepository, ConversationSummaryRepository,
    DatabaseError, DraftAsk, DraftRepository, FactRepository, LeadEvent, LeadEventRepository,
    LeadScoreRepository, LeadScoreRow, LeftTask, LeftTaskRepository, Message, MessageRepository,
    ProfileId, RecordingRepository, Session, SessionId, SessionRepository, StoredFact, Summary,
    ToolCall, ToolCallRepository, TurnInsight, TurnInsightRepository,
};

/// A person as the database knows them.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileExport {
    /// The live profile.
    pub profile: Profile,
    /// The name stated last in a call; each call's summary has its own.
    pub stated_name: Option<String>,
    /// Those merged into it.
    pub merged: Vec<Profile>,
    /// Devices, participants and customer numbers.
    pub identifiers: Vec<Value>,
    /// How near they seemed to taking what the company offers, when that was made last.
    pub lead_score: Option<LeadScoreRow>,
    /// Their calls, oldest first.
    pub sessions: Vec<SessionExport>,
    /// Every merge, undone and refused ones too.
    pub merges: Vec<MergeRecord>,
    /// When codes were asked for and what became of them; never a code.
    pub challenges: Vec<Value>,
    /// Codes that were typed, by call: when and what became of it; never a code.
    pub attempts: Vec<Value>,
    /// What merges wrote down of these profiles, to undo them.
    pub merge_images: Vec<Value>,
    /// Files that hold words of these calls whose month was put away.
    pub archives: Vec<Value>,
    /// What was done to the profiles, the calls and what was promised in them, by whom.
    pub audit: Vec<AuditEntry>,
}

/// A call with what was said and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct SessionExport {
    /// The call.
    pub session: Session,
    /// What was said. Words whose month was put away are in its file.
    pub messages: Vec<Message>,
    /// Its summary.
    pub summary: Option<Summary>,
    /// What was promised: calls back, and whatever a person looks into.
    pub callbacks: Vec<Callback>,
    /// Tools that were called.
    pub tool_calls: Vec<ToolCall>,
    /// What a task knew when the call broke off, until it was offered to go on with it.
    pub left_task: Option<LeftTask>,
    /// The recording, as Ogg pages in hexadecimal, a text every ten seconds.
    pub recording: Vec<String>,
    /// What was read in the caller's turns: how they felt, what they wanted.
    pub turn_insights: Vec<TurnInsight>,
    /// What in it counted for a lead.
    pub lead_events: Vec<LeadEvent>,
    /// What was learned of them.
    pub facts: Vec<StoredFact>,
    /// Questions that were adopted for a pack and are not in it yet.
    pub adopted: Vec<DraftAsk>,
}

const IDENTIFIERS: &str = "SELECT to_jsonb(i) - 'bidx' - 'tenant_id' FROM profile_identifiers i WHERE profile_id = ANY ($1) ORDER BY first_seen_at";
const CHALLENGES: &str = "
    SELECT jsonb_build_object('session', session_id, 'at', created_at, 'sent', sent, 'attempts', attempts, 'consumed_at', consumed_at)
      FROM auth_challenges WHERE profile_id = ANY ($1) ORDER BY created_at";
const ATTEMPTS: &str = "SELECT jsonb_build_object('session', session_id, 'at', at, 'outcome', outcome) FROM auth_attempts WHERE session_id = ANY ($1) ORDER BY at";
/// Of a merge with somebody else only the half that is this person's.
const MERGE_IMAGES: &str = "
    SELECT jsonb_build_object('merge', merge_id, 'source_before', CASE WHEN source_id = ANY ($1) THEN source_before END,
             'target_before', CASE WHEN target_id = ANY ($1) THEN target_before END, 'imported', CASE WHEN source_id = ANY ($1) THEN imported END)
      FROM profile_merges WHERE ARRAY[source_id, target_id] && $1 ORDER BY merge_id";
const ARCHIVES: &str = "
    SELECT jsonb_build_object('partition', partition, 'file', file, 'archived_at', archived_at) FROM message_archives a
     WHERE EXISTS (SELECT FROM unnest($1::uuid[]) call WHERE call >= a.low AND call < a.high) ORDER BY partition";

impl ProfileRepository {
    /// Everything held of the person that this profile belongs to; `None` if there is no such
    /// profile. Reads in several steps: a call that goes on meanwhile may be half in it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn export(&self, id: ProfileId) -> Result<Option<ProfileExport>, DatabaseError> {
        let tree = "SELECT id FROM user_profiles WHERE live_profile($1) IN (id, merged_into_profile_id) ORDER BY merged_at NULLS FIRST, id";
        let tree: Vec<ProfileId> = self.db.column(tree, &[&id]).await?;
        let mut profiles = Vec::new();
        let mut merges = BTreeMap::new();
        for part in &tree {
            profiles.extend(self.get_by_id(*part).await?);
            let history = self.history(*part).await?;
            merges.extend(history.into_iter().map(|merge| (merge.id, merge)));
        }
        if profiles.is_empty() {
            return Ok(None);
        }
        let calls = "SELECT session_id FROM sessions_of($1) ORDER BY started_at, session_id";
        let calls: Vec<SessionId> = self.db.column(calls, &[&id]).await?;
        let mut sessions = Vec::new();
        for call in &calls {
            sessions.extend(self.export_session(*call).await?);
        }
        let subjects = tree.iter().map(ToString::to_string);
        let promises = sessions.iter().flat_map(|export| &export.callbacks);
        let subjects: Vec<String> = subjects
            .chain(calls.iter().map(ToString::to_string))
            .chain(promises.map(|promise| promise.id.to_string()))
            .collect();
        Ok(Some(ProfileExport {
            profile: profiles.remove(0),
            stated_name: self.stated_name(id).await?,
            merged: profiles,
            identifiers: self.db.column(IDENTIFIERS, &[&tree]).await?,
            lead_score: LeadScoreRepository::new(&self.db).get(tree[0]).await?,
            sessions,
            merges: merges.into_values().collect(),
            challenges: self.db.column(CHALLENGES, &[&tree]).await?,
            attempts: self.db.column(ATTEMPTS, &[&calls]).await?,
            merge_images: self.db.column(MERGE_IMAGES, &[&tree]).await?,
            archives: self.db.column(ARCHIVES, &[&calls]).await?,
            audit: AuditRepository::new(&self.db).about(&subjects).await?,
        }))
    }

    async fn export_session(&self, id: SessionId) -> Result<Option<SessionExport>, DatabaseError> {
        let Some(session) = SessionRepository::new(&self.db).get(id).await? else {
            return Ok(None);
        };
        let recordings = RecordingRepository::new(&self.db);
        let mut recording = Vec::new();
        for segment in recordings.segments(id).await? {
            let pages = recordings.pages(id, segment.number).await?;
            recording.extend(pages.map(hex::encode));
        }
        Ok(Some(SessionExport {
            session,
            messages: MessageRepository::new(&self.db).by_session(id).await?,
            summary: ConversationSummaryRepository::new(&self.db)
                .get_by_session(id)
                .await?,
            callbacks: CallbackRepository::new(&self.db).by_session(id).await?,
            tool_calls: ToolCallRepository::new(&self.db).by_session(id).await?,
            left_task: LeftTaskRepository::new(&self.db).by_session(id).await?,
            recording,
            turn_insights: TurnInsightRepository::new(&self.db).by_session(id).await?,
            lead_events: LeadEventRepository::new(&self.db).by_session(id).await?,
            facts: FactRepository::new(&self.db).by_session(id).await?,
            adopted: DraftRepository::new(&self.db).by_session(id).await?,
        }))
    }
}
