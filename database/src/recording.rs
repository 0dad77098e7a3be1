//! `recording_segments`: the sound of calls, sealed with their keys, a row every ten seconds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    DatabaseError, SessionId,
    keys::{KeyError, SessionKey},
};

repository!(
    /// All SQL about recordings.
    RecordingRepository
);

/// A segment as it was made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSound {
    /// Of which call; its row may be stored later.
    pub session_id: SessionId,
    /// Counts from 0.
    pub number: i32,
    /// Whole Ogg pages.
    pub pages: Vec<u8>,
    /// When it was made.
    pub recorded_at: DateTime<Utc>,
}

/// The same as it is stored: repeating it after a lost reply changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the other fields are those of NewSound")]
pub struct SealedSound {
    pub session_id: SessionId,
    pub number: i32,
    /// The pages: `nonce ‖ ciphertext ‖ tag` under the session's key.
    #[serde(with = "hex::serde")]
    pub sound_ct: Vec<u8>,
    pub recorded_at: DateTime<Utc>,
}

row! {
    /// A segment that is stored.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SoundSegment {
        /// Counts from 0; one that is missing was lost.
        pub number: i32,
        /// Length of its pages.
        pub bytes: i64,
    }
}

impl NewSound {
    /// The record to store.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the system gives no random bytes.
    pub fn seal(&self, key: &SessionKey) -> Result<SealedSound, KeyError> {
        Ok(SealedSound {
            session_id: self.session_id,
            number: self.number,
            sound_ct: key.seal_sound(self.session_id, self.number, &self.pages)?,
            recorded_at: self.recorded_at,
        })
    }
}

impl RecordingRepository {
    /// Stores a segment, unless it is there.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn keep(&self, sound: &SealedSound) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO recording_segments (session_id, number, sound_ct, recorded_at) VALUES ($1, $2, $3, $4)
                   ON CONFLICT DO NOTHING";
        self.db
            .run(
                sql,
                &[
                    &sound.session_id,
                    &sound.number,
                    &sound.sound_ct,
                    &sound.recorded_at,
                ],
            )
            .await
    }

    /// What is stored of a call's recording, in order, without a sound of it; nothing if its person was erased.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn segments(&self, session: SessionId) -> Result<Vec<SoundSegment>, DatabaseError> {
        // Sealing adds nonce and tag.
        let sql = "SELECT number, (octet_length(sound_ct) - 28)::bigint AS bytes FROM recording_segments
                    WHERE session_id = $1 AND EXISTS (SELECT FROM session_keys WHERE session_id = $1) ORDER BY number";
        self.db.list(sql, &[&session]).await
    }

    /// Whether there is anything of a call's recording.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn exists(&self, session: SessionId) -> Result<bool, DatabaseError> {
        let sql = "SELECT EXISTS (SELECT FROM recording_segments WHERE session_id = $1)
                      AND EXISTS (SELECT FROM session_keys WHERE session_id = $1)";
        self.db.value(sql, &[&session]).await
    }

    /// A segment's pages; `None` if there is no such segment, or its person was erased.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn pages(
        &self,
        session: SessionId,
        number: i32,
    ) -> Result<Option<Vec<u8>>, DatabaseError> {
        let sql = "SELECT sound_ct FROM recording_segments WHERE session_id = $1 AND number = $2";
        let Some(row) = self.db.optional(sql, &[&session, &number]).await? else {
            return Ok(None);
        };
        let Some(key) = self.db.session_key(session).await? else {
            return Ok(None);
        };
        let sealed: &[u8] = row.get("sound_ct");
        Ok(Some(key.open_sound(session, number, sealed)?))
    }
}
