//! `person_keys`, `session_keys` and `key_files`: the wrapped keys, and whose file wrapped them.

use serde::Serialize;
use tokio_postgres::Row;

use crate::{
    Database, DatabaseError, ProfileId, SessionId, SessionRepository,
    keys::{Keyring, PersonKey, SessionKey, WrappedKey},
    pool::Params,
};

/// What [`Database::rewrap_person_keys`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rewrapped {
    /// Keys wrapped anew.
    pub keys: u64,
    /// Keys still under an older wrapping key; 0 when it is finished.
    pub left: u64,
}

impl Database {
    /// The key of a profile, made now if it has none; `None` if there is no such profile or it
    /// was erased.
    pub(crate) async fn person_key(
        &self,
        profile: ProfileId,
    ) -> Result<Option<PersonKey>, DatabaseError> {
        let sql = "SELECT key_id, wrapped FROM person_keys WHERE profile_id = $1";
        if let Some(row) = self.optional(sql, &[&profile]).await? {
            return person_key(self.keys(), &row, profile);
        }
        let made = self.keys().new_person_key()?;
        let candidate = self.keys().wrap_person(&made, profile)?;
        let sql = "SELECT key_id, wrapped FROM keep_person_key($1, $2, $3)";
        let params: Params<'_> = &[&profile, &candidate.key_id, &candidate.bytes];
        let row = self.one(sql, params).await?;
        person_key(self.keys(), &row, profile)
    }

    /// The key of a session; `None` if it has none, or its person was erased.
    pub(crate) async fn session_key(
        &self,
        session: SessionId,
    ) -> Result<Option<SessionKey>, DatabaseError> {
        let sql = "SELECT s.profile_id, s.wrapped AS session_wrapped, p.key_id, p.wrapped
                     FROM session_keys s JOIN person_keys p USING (profile_id) WHERE s.session_id = $1";
        let Some(row) = self.optional(sql, &[&session]).await? else {
            return Ok(None);
        };
        self.session_key_in(&row, session)
    }

    /// The key of a session from a row that holds it with its person's: `profile_id`, `session_wrapped`, `key_id`,
    /// `wrapped`.
    pub(crate) fn session_key_in(
        &self,
        row: &Row,
        session: SessionId,
    ) -> Result<Option<SessionKey>, DatabaseError> {
        let person = person_key(self.keys(), row, row.get("profile_id"))?;
        let wrapped: &[u8] = row.get("session_wrapped");
        let key = person.map(|person| person.unwrap_session(wrapped, session));
        Ok(key.transpose()?)
    }

    /// Stores a session's key under its person's, and the caller's number under it; returns the stored one, which is another if
    /// the session was begun with another before. `None`: its person was erased.
    pub(crate) async fn keep_session_key(
        &self,
        session: SessionId,
        key: &SessionKey,
        caller: Option<&str>,
    ) -> Result<Option<SessionKey>, DatabaseError> {
        let sql = "SELECT s.home_profile_id, k.key_id, k.wrapped FROM session_rows s
                     LEFT JOIN person_keys k ON k.profile_id = s.home_profile_id WHERE s.session_id = $1";
        let Some(row) = self.optional(sql, &[&session]).await? else {
            return Ok(None);
        };
        let home = row.get("home_profile_id");
        let person = match person_key(self.keys(), &row, home)? {
            Some(person) => person,
            None => match self.person_key(home).await? {
                Some(person) => person,
                None => return Ok(None),
            },
        };
        let candidate = person.wrap_session(key, session)?;
        let caller = caller
            .map(|number| key.seal_field("caller_ct", session, number))
            .transpose()?;
        let sql = "SELECT keep_session_key($1, $2, $3)";
        let stored: Option<Vec<u8>> = self.value(sql, &[&session, &candidate, &caller]).await?;
        let stored = stored.map(|wrapped| person.unwrap_session(&wrapped, session));
        Ok(stored.transpose()?)
    }

    /// Wraps up to `limit` person keys with the newest wrapping key. Call it until nothing is
    /// left; it may be stopped and repeated at any time, while calls go on. Nothing else is
    /// rewritten: what people keys seal stays as it is.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn rewrap_person_keys(&self, limit: i64) -> Result<Rewrapped, DatabaseError> {
        let newest = self.keys().newest_wrapping_key();
        let rows = self
            .query(
                "SELECT profile_id, key_id, wrapped FROM person_keys WHERE key_id < $1 ORDER BY profile_id LIMIT $2",
                &[&newest, &limit],
            )
            .await?;
        let (mut profiles, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let profile: ProfileId = row.get("profile_id");
            let Some(key) = person_key(self.keys(), row, profile)? else {
                continue;
            };
            profiles.push(profile);
            before.push(row.get::<_, Vec<u8>>("wrapped"));
            after.push(self.keys().wrap_person(&key, profile)?.bytes);
        }
        // Only where it is still the key that was read: another rotation may run.
        let changed = self
            .count(
                "UPDATE person_keys k SET key_id = $4, wrapped = n.after
                   FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS n(profile_id, before, after)
                  WHERE k.profile_id = n.profile_id AND k.wrapped = n.before RETURNING 1",
                &[&profiles, &before, &after, &newest],
            )
            .await?;
        let left = "SELECT count(*) FROM person_keys WHERE key_id < $1";
        let left: i64 = self.value(left, &[&newest]).await?;
        Ok(Rewrapped {
            keys: changed as u64,
            left: u64::try_from(left).unwrap_or(0),
        })
    }

    /// How many person keys each wrapping key holds, by its number.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn wrapped_keys(&self) -> Result<Vec<(i32, i64)>, DatabaseError> {
        let sql = "SELECT key_id, count(*) FROM person_keys GROUP BY key_id ORDER BY key_id";
        let rows = self.query(sql, &[]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

impl SessionRepository {
    /// The key that a session's messages are sealed with; `None` if it has none, or its person
    /// was erased.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn key(&self, session: SessionId) -> Result<Option<SessionKey>, DatabaseError> {
        self.db.session_key(session).await
    }
}

/// From the columns `key_id` and `wrapped`, which may be null.
pub(crate) fn person_key(
    keys: &Keyring,
    row: &Row,
    profile: ProfileId,
) -> Result<Option<PersonKey>, DatabaseError> {
    let (key_id, bytes): (Option<i32>, Option<Vec<u8>>) = (row.get("key_id"), row.get("wrapped"));
    let Some((key_id, bytes)) = key_id.zip(bytes) else {
        return Ok(None);
    };
    Ok(Some(
        keys.unwrap_person(&WrappedKey { key_id, bytes }, profile)?,
    ))
}
