//! Joining two profiles and separating them again. The work is done by SQL functions, because
//! it must hold for psql too: see `migrations/V0006__merging.sql` and `V0007__unmerging.sql`.

use std::time::Duration;

use call::{sql_text, text_enum};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Row;

use super::ProfileRepository;
use crate::{DatabaseError, ProfileId, SessionId, pool::Params};

text_enum! {
    /// What became of a merge. Refusals are answers, not errors: repeating one is useless.
    pub enum MergeOutcome {
        /// Done now.
        Merged = "merged",
        /// They were one profile before; nothing changed.
        AlreadyMerged = "already_merged",
        /// One of the two does not exist.
        NotFound = "not_found",
        /// The source is a customer, and two customers are never joined by a device.
        SourceAuthenticated = "refused_source_authenticated",
        /// One of the two was erased.
        Erased = "refused_erased",
        /// The source's id is one that many people share.
        Blocked = "refused_blocked",
        /// Five other customers proved themselves on the source's device within 30 days.
        SharedDevice = "refused_shared_device",
        /// There is no such session (from [`SessionRepository::authenticate`](crate::SessionRepository::authenticate)).
        SessionNotFound = "session_not_found",
    }
}
sql_text!(MergeOutcome);

impl MergeOutcome {
    /// True if the two are one profile now.
    #[must_use]
    pub fn is_merged(self) -> bool {
        matches!(self, Self::Merged | Self::AlreadyMerged)
    }
}

text_enum! {
    /// What became of an unmerge.
    pub enum UnmergeOutcome {
        /// The profile lives again, with exactly the sessions that its merge moved.
        Unmerged = "unmerged",
        /// It is not merged.
        NotMerged = "not_merged",
        /// Somebody else has its username by now.
        NameTaken = "refused_name_taken",
        /// It was erased.
        Erased = "refused_erased",
        /// The merge that was confirmed is no longer the one that holds the profile.
        Changed = "refused_changed",
    }
}
sql_text!(UnmergeOutcome);

/// What [`ProfileRepository::drain_merges`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DrainProgress {
    /// Sessions brought up to date by this call.
    pub refiled: i32,
    /// Profiles whose sessions still wait; another worker may be at them.
    pub pending: i64,
}

/// A row of `profile_merges`: one attempt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MergeRecord {
    /// Its number.
    pub id: i64,
    /// What was asked for, before resolving to live profiles.
    pub requested: (ProfileId, ProfileId),
    /// The profiles it came down to: source and target.
    pub resolved: (Option<ProfileId>, Option<ProfileId>),
    /// What became of it.
    pub outcome: MergeOutcome,
    /// Who asked.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// In which call.
    pub session: Option<SessionId>,
    /// How many sessions it moved.
    pub sessions_moved: i32,
    /// How many messages came with them.
    pub messages_moved: i64,
    /// When.
    pub merged_at: DateTime<Utc>,
    /// When it was undone.
    pub reverted_at: Option<DateTime<Utc>>,
    /// Who undid it.
    pub reverted_by: Option<String>,
    /// Why it was undone.
    pub reverted_reason: Option<String>,
}

impl ProfileRepository {
    /// Makes everything of the anonymous profile the authenticated one's. `force` also joins two
    /// customers, for an administrator who knows that they are one person.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn merge_anonymous_to_authenticated(
        &self,
        anonymous: ProfileId,
        authenticated: ProfileId,
        actor: &str,
        reason: Option<&str>,
        force: bool,
    ) -> Result<MergeOutcome, DatabaseError> {
        let sql = "SELECT merge_profiles($1, $2, $3, $4, $5)";
        let params: Params<'_> = &[&anonymous, &authenticated, &actor, &reason, &force];
        self.db.value(sql, params).await
    }

    /// What [`Self::merge_anonymous_to_authenticated`] would answer; changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn would_merge(
        &self,
        anonymous: ProfileId,
        authenticated: ProfileId,
        force: bool,
    ) -> Result<MergeOutcome, DatabaseError> {
        let sql = "SELECT merge_profiles($1, $2, 'dry run', NULL, $3)";
        let params: Params<'_> = &[&anonymous, &authenticated, &force];
        Ok(self.db.dry_run(sql, params).await?.get(0))
    }

    /// What [`Self::unmerge`] would answer; changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn would_unmerge(&self, source: ProfileId) -> Result<UnmergeOutcome, DatabaseError> {
        let sql = "SELECT unmerge_profile($1, 'dry run', NULL)";
        Ok(self.db.dry_run(sql, &[&source]).await?.get(0))
    }

    /// Sessions of one round of draining: a round is short, because a merge of somebody else waits
    /// for it.
    pub const DRAIN_ROUND: i32 = 25;
    /// Between two rounds, so that calls come first: their turns use the same disk and cores.
    pub const DRAIN_BREATH: Duration = Duration::from_millis(20);

    /// Brings what merges and unmerges left for later up to date, for at most this many sessions.
    /// Every reader is right before and after; several workers may do it at once. Call again while
    /// [`DrainProgress::pending`] is not 0, at the pace of [`Self::DRAIN_ROUND`] and
    /// [`Self::DRAIN_BREATH`].
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn drain_merges(&self, limit: i32) -> Result<DrainProgress, DatabaseError> {
        let sql = "SELECT refiled, pending FROM drain_merges($1)";
        let row = self.db.one(sql, &[&limit]).await?;
        Ok(DrainProgress {
            refiled: row.get("refiled"),
            pending: row.get("pending"),
        })
    }

    /// Undoes the merge of this profile, exactly: see invariant M8 in the README.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn unmerge(
        &self,
        source: ProfileId,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<UnmergeOutcome, DatabaseError> {
        let sql = "SELECT unmerge_profile($1, $2, $3)";
        self.db.value(sql, &[&source, &actor, &reason]).await
    }

    /// Every merge that this profile took part in, newest first, refused and undone ones too.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn history(&self, profile: ProfileId) -> Result<Vec<MergeRecord>, DatabaseError> {
        let sql = "SELECT * FROM profile_merges
                    WHERE $1 IN (source_id, target_id, requested_source, requested_target) ORDER BY merge_id DESC";
        self.db.list(sql, &[&profile]).await
    }
}

impl From<&Row> for MergeRecord {
    fn from(row: &Row) -> Self {
        Self {
            id: row.get("merge_id"),
            requested: (row.get("requested_source"), row.get("requested_target")),
            resolved: (row.get("source_id"), row.get("target_id")),
            outcome: row.get("outcome"),
            actor: row.get("actor"),
            reason: row.get("reason"),
            session: row.get("session_id"),
            sessions_moved: row.get("sessions_moved"),
            messages_moved: row.get("messages_moved"),
            merged_at: row.get("merged_at"),
            reverted_at: row.get("reverted_at"),
            reverted_by: row.get("reverted_by"),
            reverted_reason: row.get("reverted_reason"),
        }
    }
}
