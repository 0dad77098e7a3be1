//! Sealing what an older schema stored readable: numbers and addresses that V0015 put into
//! `unsealed`, names in `profile_metadata`, words in `conversation_messages`.

mod words;

use serde::Serialize;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::keys::IndexKind;
use crate::session::without_number;
use crate::{Database, DatabaseError, ProfileId, SessionId};

/// Rows of one round: each is sealed and done with before the next, so any cut is harmless.
const ROUND: i64 = 500;

/// What an older schema stored readable and nobody has sealed yet, of one tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unsealed {
    /// Telephone numbers and e-mail addresses.
    pub contacts: u64,
    /// Customers' names.
    pub names: u64,
    /// What was said.
    pub messages: u64,
}

impl Unsealed {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.contacts + self.names + self.messages
    }
}

/// Told after each round: values sealed in this run so far.
pub type SealProgress<'a> = &'a (dyn Fn(u64) + Sync);

impl Database {
    /// How much waits to be sealed, in any schema that has tables; changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn unsealed(&self) -> Result<Unsealed, DatabaseError> {
        let has = "SELECT to_regclass('user_profiles') IS NOT NULL, to_regclass('unsealed') IS NOT NULL, to_regclass('agent_sessions') IS NOT NULL";
        let row = self.one(has, &[]).await?;
        if !row.get::<_, bool>(0) {
            return Ok(Unsealed::default());
        }
        let contacts = if row.get(1) {
            "SELECT count(*) FROM unsealed"
        } else {
            "SELECT (SELECT count(phone_number) + count(email) FROM user_profiles)
                  + (SELECT count(caller_number) FROM agent_sessions) + (SELECT count(phone_number) FROM callbacks)"
        };
        let names = "SELECT count(*) FROM user_profiles WHERE jsonb_typeof(profile_metadata -> 'name') = 'string'";
        let messages = "SELECT count(*) FROM conversation_messages WHERE content IS NOT NULL";
        Ok(Unsealed {
            contacts: self.count(contacts).await?,
            names: self.count(names).await?,
            messages: self.count(messages).await?,
        })
    }

    async fn count(&self, sql: &str) -> Result<u64, DatabaseError> {
        let rows = self.query_slowly(sql, &[], 30).await?;
        let count = rows.first().map_or(0, |row| row.get::<_, i64>(0));
        Ok(u64::try_from(count).unwrap_or(0))
    }

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
        let made = self.keys().new_session_key()?;
        let Some(key) = self.keep_session_key(session, &made, None).await? else {
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
        let made = self.keys().new_session_key()?;
        let Some(key) = self.keep_session_key(session, &made, None).await? else {
            return Ok(());
        };
        let sealed = key.seal_field("callbacks.phone_ct", session, value)?;
        let sql = "UPDATE callbacks SET phone_ct = $2 WHERE callback_id = $1";
        self.query(sql, &[&callback, &sealed]).await.map(drop)
    }
}
