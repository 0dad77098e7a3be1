//! Sealing what an older schema stored readable: the table `unsealed`, which V0015 fills.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::keys::IndexKind;
use crate::{Database, DatabaseError, ProfileId, SessionId};

/// Rows of one round: each is sealed and deleted before the next, so any cut is harmless.
const ROUND: i64 = 500;

impl Database {
    /// Seals what waits of this tenant; returns how many values. Repeating it is safe.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn seal_leftovers(&self) -> Result<u64, DatabaseError> {
        let mut sealed = 0;
        loop {
            let sql = "SELECT kind, id, value FROM unsealed ORDER BY kind, id LIMIT $1";
            let rows = self.query(sql, &[&ROUND]).await?;
            if rows.is_empty() {
                return Ok(sealed);
            }
            for row in &rows {
                self.seal_leftover(row).await?;
                sealed += 1;
            }
        }
    }

    async fn seal_leftover(&self, row: &Row) -> Result<(), DatabaseError> {
        let (kind, id, value): (&str, Uuid, &str) = (row.get(0), row.get(1), row.get(2));
        match kind {
            "phone" | "email" => self.seal_contact(kind, ProfileId(id), value).await?,
            "caller" => self.seal_caller(SessionId(id), value).await?,
            _ => self.seal_callback(id, value).await?,
        }
        let done = "DELETE FROM unsealed WHERE kind = $1 AND id = $2";
        self.query(done, &[&kind, &id]).await.map(drop)
    }

    async fn seal_contact(
        &self,
        kind: &str,
        profile: ProfileId,
        value: &str,
    ) -> Result<(), DatabaseError> {
        let Some(key) = self.person_key(profile).await? else {
            return Ok(());
        };
        let (column, index) = match kind {
            "phone" => ("phone", IndexKind::Phone),
            _ => ("email", IndexKind::Email),
        };
        let sealed = key.seal_field(&format!("{column}_ct"), profile, value)?;
        // Something newer may have been stored since: it wins.
        let sql = format!(
            "UPDATE user_profiles SET {column}_ct = $2, {column}_bidx = $3 WHERE id = $1 AND {column}_ct IS NULL AND erased_at IS NULL"
        );
        let index = self.keys().index(index, value).to_vec();
        self.query(&sql, &[&profile, &sealed, &index])
            .await
            .map(drop)
    }

    async fn seal_caller(&self, session: SessionId, value: &str) -> Result<(), DatabaseError> {
        let made = self.keys().new_session_key()?;
        let Some(key) = self.keep_session_key(session, &made, None).await? else {
            return Ok(());
        };
        let sealed = key.seal_field("caller_ct", session, value)?;
        let index = self.keys().index(IndexKind::Phone, value).to_vec();
        self.query(
            "WITH kept AS (UPDATE session_keys SET caller_ct = $2 WHERE session_id = $1)
             UPDATE session_rows SET caller_bidx = $3 WHERE session_id = $1",
            &[&session, &sealed, &index],
        )
        .await
        .map(drop)
    }

    async fn seal_callback(&self, callback: Uuid, value: &str) -> Result<(), DatabaseError> {
        let sql = "SELECT session_id FROM callbacks WHERE callback_id = $1";
        let Some(row) = self.optional(sql, &[&callback]).await? else {
            return Ok(());
        };
        let session: SessionId = row.get(0);
        let made = self.keys().new_session_key()?;
        let Some(key) = self.keep_session_key(session, &made, None).await? else {
            return Ok(());
        };
        let sealed = key.seal_field("callbacks.phone_ct", session, value)?;
        let sql = "UPDATE callbacks SET phone_ct = $2 WHERE callback_id = $1";
        self.query(sql, &[&callback, &sealed]).await.map(drop)
    }
}
