//! Sealing what an older schema stored readable: numbers and addresses that V0015 put into
//! `unsealed`, names in `profile_metadata` and in summaries, words in `conversation_messages`, why
//! callbacks were asked for.

mod names;
mod stated;
mod waiting;
mod words;

use tokio_postgres::Row;
use uuid::Uuid;

pub use self::waiting::Unsealed;
use crate::callback::PHONE;
use crate::keys::{IndexKind, SessionKey};
use crate::session::without_number;
use crate::{Database, DatabaseError, ProfileId, SessionId};

/// Rows of one round: each is sealed and done with before the next, so any cut is harmless.
const ROUND: i64 = 500;

/// Told after each round: values sealed in this run so far.
pub type SealProgress<'a> = &'a (dyn Fn(u64) + Sync);

impl Database {
    /// Seals what waits of this tenant; returns how many values. It may be cut off at any moment
    /// and repeated: what is sealed stays so. Messages without a session have nobody's key and
    /// stay as they are: [`Self::unsealed`] counts them.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn seal_leftovers(&self, progress: SealProgress<'_>) -> Result<u64, DatabaseError> {
        let mut sealed = 0;
        loop {
            let sql = "SELECT kind, id, value FROM unsealed ORDER BY kind, id LIMIT $1";
            let rows = self.query(sql, &[&ROUND]).await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                self.seal_leftover(row).await?;
                sealed += 1;
            }
            progress(sealed);
        }
        sealed = self.seal_names(sealed, progress).await?;
        sealed = self.seal_stated_names(sealed, progress).await?;
        sealed = self.seal_stated_traits(sealed, progress).await?;
        sealed = self.seal_images(sealed).await?;
        sealed = self.seal_reasons(sealed, progress).await?;
        self.seal_words(sealed, progress).await
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

    /// Of a call by telephone the room's and the participant's names hold the number too.
    async fn seal_caller(&self, session: SessionId, value: &str) -> Result<(), DatabaseError> {
        let Some(key) = self.old_session_key(session).await? else {
            return Ok(());
        };
        let sealed = key.seal_field("caller_ct", session, value)?;
        let index = self.keys().index(IndexKind::Phone, value).to_vec();
        let names = "SELECT room_id, participant_id FROM session_rows WHERE session_id = $1";
        let Some(names) = self.optional(names, &[&session]).await? else {
            return Ok(());
        };
        let room = without_number(names.get(0), self.keys());
        let participant = without_number(names.get(1), self.keys());
        self.query(
            "WITH kept AS (UPDATE session_keys SET caller_ct = $2 WHERE session_id = $1)
             UPDATE session_rows SET caller_bidx = $3, room_id = $4, participant_id = $5 WHERE session_id = $1",
            &[&session, &sealed, &index, &room, &participant],
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
        let Some(key) = self.old_session_key(session).await? else {
            return Ok(());
        };
        let sealed = key.seal_field(PHONE, session, value)?;
        let sql = "UPDATE callbacks SET phone_ct = $2 WHERE callback_id = $1";
        self.query(sql, &[&callback, &sealed]).await.map(drop)
    }

    /// The key of a session that may be of before there were keys; `None` if its person was erased.
    async fn old_session_key(
        &self,
        session: SessionId,
    ) -> Result<Option<SessionKey>, DatabaseError> {
        let made = self.keys().new_session_key()?;
        self.keep_session_key(session, &made, None).await
    }
}
