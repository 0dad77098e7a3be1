//! Names and words of before. Words were chained by nobody when they were said: they are sealed
//! and have no hash, and `teller verify` counts them as unproven.

use tokio_postgres::Row;
use uuid::Uuid;

use super::{ROUND, SealProgress};
use crate::{Database, DatabaseError, ProfileId, SessionId};

impl Database {
    /// A name lay in the metadata. One that a merge brought is on the row it came from, too, and
    /// goes from the target: sealed names stay with their own profile.
    pub(super) async fn seal_names(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        loop {
            let sql = "SELECT id, profile_metadata ->> 'name' AS name, (metadata_provenance -> 'name') ? 'merge' AS brought
                         FROM user_profiles WHERE jsonb_typeof(profile_metadata -> 'name') = 'string' LIMIT $1";
            let rows = self.query(sql, &[&ROUND]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                self.seal_name(row).await?;
                sealed += 1;
            }
            progress(sealed);
        }
        let images = "UPDATE profile_merges SET imported = imported - 'name',
                source_before = source_before #- '{profile_metadata,name}' #- '{metadata_provenance,name}',
                target_before = target_before #- '{profile_metadata,name}' #- '{metadata_provenance,name}'
          WHERE imported ? 'name' OR source_before -> 'profile_metadata' ? 'name' OR target_before -> 'profile_metadata' ? 'name'";
        self.query(images, &[]).await?;
        Ok(sealed)
    }

    async fn seal_name(&self, row: &Row) -> Result<(), DatabaseError> {
        let (profile, name): (ProfileId, &str) = (row.get("id"), row.get("name"));
        let brought = row.get::<_, Option<bool>>("brought").unwrap_or(false);
        let key = if brought {
            None
        } else {
            self.person_key(profile).await?
        };
        let sealed = key
            .map(|key| key.seal_field("name_ct", profile, name))
            .transpose()?;
        // A name that was imported since wins.
        let sql = "UPDATE user_profiles SET name_ct = coalesce(name_ct, $3), profile_metadata = profile_metadata - 'name',
                metadata_provenance = metadata_provenance - 'name', updated_at = now(), version = version + 1
          WHERE id = $1 AND profile_metadata ->> 'name' = $2";
        self.query(sql, &[&profile, &name, &sealed]).await.map(drop)
    }

    /// In the order of their keys, so that those that cannot be sealed are passed once.
    pub(super) async fn seal_words(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        let mut after = (SessionId(Uuid::nil()), -1_i32);
        loop {
            let sql = "SELECT session_id, seq, content FROM conversation_messages
                        WHERE content IS NOT NULL AND (session_id, seq) > ($1, $2) ORDER BY session_id, seq LIMIT $3";
            let rows = self.query(sql, &[&after.0, &after.1, &ROUND]).await?;
            let Some(last) = rows.last() else {
                return Ok(sealed);
            };
            after = (last.get(0), last.get(1));
            for said in rows.chunk_by(|a, b| a.get::<_, Uuid>(0) == b.get::<_, Uuid>(0)) {
                sealed += self.seal_session(said).await?;
            }
            progress(sealed);
        }
    }

    /// Words of one session.
    async fn seal_session(&self, said: &[Row]) -> Result<u64, DatabaseError> {
        let Some(session) = said.first().map(|row| row.get::<_, SessionId>(0)) else {
            return Ok(0);
        };
        let made = self.keys().new_session_key()?;
        let Some(key) = self.keep_session_key(session, &made, None).await? else {
            return Ok(0);
        };
        let seqs: Vec<i32> = said.iter().map(|row| row.get(1)).collect();
        let seal = |row: &Row| key.seal_message(session, row.get(1), row.get(2));
        let words = said.iter().map(seal).collect::<Result<Vec<_>, _>>()?;
        let sql = "SELECT seal_old_messages($1, $2, $3)";
        let changed: i32 = self.one(sql, &[&session, &seqs, &words]).await?.get(0);
        Ok(u64::try_from(changed).unwrap_or(0))
    }
}
