//! What became of a person's profiles, and what would come apart: for the supervisor's page.

use serde::Serialize;

use super::{MergeRecord, Profile, ProfileRepository, UnmergeOutcome};
use crate::{AuditEntry, DatabaseError, ProfileId, pool::Params};

/// Merges and attempts that a history shows at most, the newest. Older ones are in
/// `teller profiles export`.
const LONGEST: i64 = 200;

/// A profile, the person's merges, and everything that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileHistory {
    /// The profile that was asked for.
    pub profile: Profile,
    /// The live profile of the same person; the same one, if it was not merged.
    pub live: Profile,
    /// Profiles merged into the live one, at any step.
    pub merged_profiles: usize,
    /// The merges that any of the person's profiles took part in, newest first, refused and undone
    /// ones too; at most 200.
    pub merges: Vec<MergeRecord>,
    /// The audit chain's rows of merging, unmerging, exporting and erasing them, newest first,
    /// refused ones too; at most 200.
    pub attempts: Vec<AuditEntry>,
}

/// What an unmerge would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WouldUnmerge {
    /// This comes apart.
    Parts(Separation),
    /// Nothing does, and why.
    Refused(UnmergeOutcome),
}

row! {
    /// What comes apart.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct Separation {
        /// The merge that is undone: what a confirmation names.
        pub merge: i64 = "merge_id",
        /// The profile that lives again.
        pub source: ProfileId = "source_id",
        /// The live profile that loses it.
        pub from: ProfileId = "id",
        /// That one's name, if it is a customer.
        pub from_username: Option<String> = "username",
        /// Profiles that go: the source and those merged into it before.
        pub profiles: i64,
        /// Calls that go with them.
        pub sessions: i64,
        /// Messages of those calls.
        pub messages: i64,
    }
}

impl ProfileRepository {
    /// The history of the person that this profile belongs to; `None` if there is no such profile.
    /// Reads in several steps: a merge meanwhile may be half in it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn full_history(
        &self,
        id: ProfileId,
    ) -> Result<Option<ProfileHistory>, DatabaseError> {
        let Some(profile) = self.get_by_id(id).await? else {
            return Ok(None);
        };
        let live = match profile.merged_into {
            None => None,
            Some(live) => self.get_by_id(live).await?,
        };
        let live = live.unwrap_or_else(|| profile.clone());
        let tree = "SELECT id FROM user_profiles WHERE $1 IN (id, merged_into_profile_id)";
        let tree: Vec<ProfileId> = self.db.column(tree, &[&live.id]).await?;
        let merges = self.merges_of_tree(&tree).await?;
        let attempts = self.attempts(&tree, &merges).await?;
        Ok(Some(ProfileHistory {
            merged_profiles: tree.len().saturating_sub(1),
            profile,
            live,
            merges,
            attempts,
        }))
    }

    async fn merges_of_tree(&self, tree: &[ProfileId]) -> Result<Vec<MergeRecord>, DatabaseError> {
        let sql = "SELECT * FROM profile_merges WHERE source_id = ANY ($1) OR target_id = ANY ($1)
                       OR requested_source = ANY ($1) OR requested_target = ANY ($1)
                    ORDER BY merge_id DESC LIMIT $2";
        self.db.list(sql, &[&tree, &LONGEST]).await
    }

    /// The audit names the source of a merge. That of a refused merge is not a profile of this person;
    /// that of an undone merge no longer is. Those rows are found by the number of their merge, and an
    /// unmerge that found nothing by its profile.
    async fn attempts(
        &self,
        tree: &[ProfileId],
        merges: &[MergeRecord],
    ) -> Result<Vec<AuditEntry>, DatabaseError> {
        let numbers: Vec<String> = merges.iter().map(|merge| merge.id.to_string()).collect();
        let own: Vec<String> = tree.iter().map(ToString::to_string).collect();
        let sources = merges
            .iter()
            .flat_map(|merge| [Some(merge.requested.0), merge.resolved.0]);
        let sources = sources.flatten().map(|id| id.to_string());
        let all: Vec<String> = own.iter().cloned().chain(sources).collect();
        let sql = "SELECT * FROM audit_log
                    WHERE tenant_id = current_tenant() AND subject_type = 'profile' AND subject_id = ANY ($1)
                      AND action IN ('profile.merge', 'profile.unmerge', 'profile.export', 'profile.erase')
                      AND (subject_id = ANY ($2) OR detail ->> 'merge' = ANY ($3)
                           OR action = 'profile.unmerge' AND detail ->> 'merge' IS NULL)
                    ORDER BY id DESC LIMIT $4";
        let params: Params<'_> = &[&all, &own, &numbers, &LONGEST];
        self.db.list(sql, params).await
    }

    /// What [`Self::unmerge`] would take apart; changes nothing. Takes the identity lock as an
    /// unmerge does, for as long.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn would_separate(&self, source: ProfileId) -> Result<WouldUnmerge, DatabaseError> {
        let outcome = self.would_unmerge(source).await?;
        if outcome != UnmergeOutcome::Unmerged {
            return Ok(WouldUnmerge::Refused(outcome));
        }
        let sql = "WITH parts AS MATERIALIZED (SELECT p.id FROM merged_subtree($1) p)
                   SELECT m.merge_id, m.source_id, live.id, live.username, (SELECT count(*) FROM parts) AS profiles, moved.sessions, moved.messages
                     FROM profile_merges m JOIN user_profiles live ON live.id = live_profile($1),
                          (SELECT count(*) AS sessions, coalesce(sum(s.message_count), 0)::bigint AS messages
                             FROM session_rows s WHERE s.home_profile_id IN (SELECT id FROM parts)) moved
                    WHERE m.source_id = $1 AND m.outcome = 'merged' AND m.reverted_at IS NULL";
        let row = self.db.optional(sql, &[&source]).await?;
        // None: undone between the two questions.
        let undone = WouldUnmerge::Refused(UnmergeOutcome::NotMerged);
        Ok(row.map_or(undone, |row| WouldUnmerge::Parts(Separation::from(&row))))
    }

    /// [`Self::unmerge`] of the merge that was confirmed ([`Separation::merge`]);
    /// [`UnmergeOutcome::Changed`] if another one holds the profile by now.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn unmerge_confirmed(
        &self,
        source: ProfileId,
        merge: i64,
        actor: &str,
        reason: Option<&str>,
    ) -> Result<UnmergeOutcome, DatabaseError> {
        let sql = "SELECT unmerge_profile($1, $3, $4, $2)";
        let params: Params<'_> = &[&source, &merge, &actor, &reason];
        self.db.value(sql, params).await
    }
}
