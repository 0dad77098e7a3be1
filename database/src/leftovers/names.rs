//! Customers' names that lay among the traits of their profiles, and the copies of any name that
//! merges wrote down.

use tokio_postgres::Row;

use super::waiting::{IMPORTED_NAME, NAMED_IMAGE};
use super::{ROUND, SealProgress};
use crate::{Database, DatabaseError, ProfileId};

impl Database {
    /// A name lay in the metadata. One that a merge brought is on the row it came from, too, and
    /// goes from the target: sealed names stay with their own profile.
    pub(super) async fn seal_names(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        loop {
            let sql = format!(
                "SELECT id, profile_metadata ->> 'name' AS name, (metadata_provenance -> 'name') ? 'merge' AS brought
                   FROM user_profiles WHERE {IMPORTED_NAME} LIMIT $1"
            );
            let rows = self.query(&sql, &[&ROUND]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                self.seal_name(row).await?;
                sealed += 1;
            }
            progress(sealed);
        }
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

    /// A merge no longer carries a name, nor brings one back when it is undone.
    pub(super) async fn seal_images(&self, sealed: u64) -> Result<u64, DatabaseError> {
        let sql = format!(
            "UPDATE profile_merges SET imported = imported - '{{name,stated_name}}'::text[],
                    source_before = source_before #- '{{profile_metadata,name}}' #- '{{metadata_provenance,name}}'
                      #- '{{profile_metadata,stated_name}}' #- '{{metadata_provenance,stated_name}}',
                    target_before = target_before #- '{{profile_metadata,name}}' #- '{{metadata_provenance,name}}'
                      #- '{{profile_metadata,stated_name}}' #- '{{metadata_provenance,stated_name}}'
              WHERE {NAMED_IMAGE} RETURNING 1"
        );
        Ok(sealed + self.query(&sql, &[]).await?.len() as u64)
    }
}
