//! What callers told, as workers of before stored it: names in summaries and among the traits of
//! profiles, and why a callback was asked for. Each goes under the key of its session.

use tokio_postgres::Row;
use uuid::Uuid;

use super::waiting::{STATED_NAME, STATED_TRAIT};
use super::{ROUND, SealProgress};
use crate::callback::REASON;
use crate::{Database, DatabaseError, ProfileId, SessionId, stated_name};

impl Database {
    /// A summary's name. One that is readable is newer than what is sealed: whoever writes today
    /// leaves none. Without a key the person was erased, and the name only goes.
    pub(super) async fn seal_stated_names(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        loop {
            let sql = format!(
                "SELECT session_id, extracted_info ->> 'user_name' FROM summary_rows WHERE {STATED_NAME} LIMIT $1"
            );
            let rows = self.query(&sql, &[&ROUND]).await?;
            if rows.is_empty() {
                return Ok(sealed);
            }
            for row in &rows {
                let (session, name): (SessionId, &str) = (row.get(0), row.get(1));
                let key = self.old_session_key(session).await?;
                let name_ct = key.map(|key| stated_name::seal(&key, session, name));
                self.query(
                    "WITH changed AS (
                       UPDATE summary_rows SET extracted_info = jsonb_set(extracted_info, '{user_name}', 'null')
                        WHERE session_id = $1 AND extracted_info ->> 'user_name' = $2 RETURNING session_id)
                     SELECT keep_stated_name(session_id, $3) FROM changed",
                    &[&session, &name, &name_ct.transpose()?],
                )
                .await?;
                sealed += 1;
            }
            progress(sealed);
        }
    }

    /// A copy of a name among a profile's traits, which says in which call it was stated. It goes to
    /// that call, unless its summary has told one; a copy that a merge brought is on its source too.
    pub(super) async fn seal_stated_traits(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        loop {
            let sql = format!(
                "SELECT id, profile_metadata ->> 'stated_name' AS name, metadata_provenance -> 'stated_name' ->> 'session' AS stated_in
                   FROM user_profiles WHERE {STATED_TRAIT} LIMIT $1"
            );
            let rows = self.query(&sql, &[&ROUND]).await?;
            if rows.is_empty() {
                return Ok(sealed);
            }
            for row in &rows {
                self.seal_stated_trait(row).await?;
                sealed += 1;
            }
            progress(sealed);
        }
    }

    async fn seal_stated_trait(&self, row: &Row) -> Result<(), DatabaseError> {
        let profile: ProfileId = row.get("id");
        let name: Option<&str> = row.get("name");
        if let Some((name, session)) = name.zip(self.stated_in(row).await?)
            && let Some(key) = self.old_session_key(session).await?
        {
            let sql =
                "UPDATE session_keys SET name_ct = $2 WHERE session_id = $1 AND name_ct IS NULL";
            let name_ct = stated_name::seal(&key, session, name)?;
            self.query(sql, &[&session, &name_ct]).await?;
        }
        // One that was stated since is sealed in the next round.
        let sql = "UPDATE user_profiles SET profile_metadata = profile_metadata - 'stated_name',
                metadata_provenance = metadata_provenance - 'stated_name', updated_at = now(), version = version + 1
          WHERE id = $1 AND profile_metadata ->> 'stated_name' IS NOT DISTINCT FROM $2";
        self.query(sql, &[&profile, &name]).await.map(drop)
    }

    /// In which call a trait was stated; if it does not say, the person's newest.
    async fn stated_in(&self, row: &Row) -> Result<Option<SessionId>, DatabaseError> {
        let said: Option<&str> = row.get("stated_in");
        if let Some(session) = said.and_then(|id| id.parse::<Uuid>().ok()) {
            return Ok(Some(SessionId(session)));
        }
        let profile: ProfileId = row.get("id");
        let sql = "SELECT session_id FROM sessions_of($1) ORDER BY started_at DESC, session_id DESC LIMIT 1";
        let newest = self.optional(sql, &[&profile]).await?;
        Ok(newest.map(|row| row.get(0)))
    }

    /// Why a callback was asked for.
    pub(super) async fn seal_reasons(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        loop {
            let sql = "SELECT callback_id, session_id, reason FROM callbacks WHERE reason IS NOT NULL LIMIT $1";
            let rows = self.query(sql, &[&ROUND]).await?;
            if rows.is_empty() {
                return Ok(sealed);
            }
            for row in &rows {
                let (callback, session, reason): (Uuid, SessionId, &str) =
                    (row.get(0), row.get(1), row.get(2));
                let key = self.old_session_key(session).await?;
                let reason_ct = key.map(|key| key.seal_field(REASON, session, reason));
                let sql = "UPDATE callbacks SET reason = NULL, reason_ct = $3 WHERE callback_id = $1 AND reason = $2";
                self.query(sql, &[&callback, &reason, &reason_ct.transpose()?])
                    .await?;
                sealed += 1;
            }
            progress(sealed);
        }
    }
}
