//! `facts`: what is known of a person, as far as they said it. Sealed, unless the pack searches by it.

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    DatabaseError, ProfileId, SessionId,
    clean::clean_text,
    keys::{KeyError, SessionKey},
    pool::Params,
};

/// Rows of a person that are looked at in a call, the newest: what is older says less of them.
const MOST: i64 = 200;

repository!(
    /// All SQL about facts.
    FactRepository
);

/// A fact as it was learned.
#[derive(Clone, Debug, PartialEq)]
pub struct NewFact {
    /// In which call; its row may be stored later.
    pub session_id: SessionId,
    /// In which turn.
    pub seq: i32,
    /// Which of the turn's.
    pub place: i16,
    /// Of the pack, `selling`, or `*` for all others.
    pub key: String,
    /// `holds`, `denied` or `forgotten`.
    pub what: String,
    /// What of the key; none where it is forgotten.
    pub value: Option<String>,
    /// It is searched for, and kept readable.
    pub query: bool,
    /// Hundredths, 0 to 100.
    pub confidence: i16,
    /// `said`, `form`, `tool`, `page` or `inferred`.
    pub source: String,
    /// When.
    pub learned_at: DateTime<Utc>,
    /// It does not count from then on; none: it always does.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The same as it is stored: repeating it after a lost reply changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the other fields are those of NewFact")]
pub struct SealedFact {
    pub session_id: SessionId,
    pub seq: i32,
    pub place: i16,
    pub key: String,
    pub what: String,
    /// Of a key that is searched for.
    pub value: Option<String>,
    /// Of all others, in hexadecimal: `nonce ‖ ciphertext ‖ tag` under the session's key.
    pub value_ct: Option<String>,
    pub confidence: i16,
    pub source: String,
    pub learned_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

row! {
    /// A fact that is stored.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct StoredFact {
        /// Of which call.
        pub session: SessionId = "session_id",
        /// Of which turn.
        pub seq: i32,
        /// Which of the turn's.
        pub place: i16,
        /// Of the pack, `selling`, or `*` for all others.
        pub key: String,
        /// `holds`, `denied` or `forgotten`.
        pub what: String,
        /// What of the key; none where it is forgotten, where the key was destroyed, or is not here.
        pub value: Option<String>,
        /// Hundredths, 0 to 100.
        pub confidence: i16,
        /// `said`, `form`, `tool`, `page` or `inferred`.
        pub source: String,
        /// When.
        pub learned_at: DateTime<Utc>,
        /// It does not count from then on; none: it always does.
        pub expires_at: Option<DateTime<Utc>>,
    }
}

/// What a sealed value is bound to, with its session.
fn place(seq: i32, place: i16) -> String {
    format!("facts.value_ct {seq} {place}")
}

impl NewFact {
    /// The record to store.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the system gives no random bytes.
    pub fn seal(&self, key: &SessionKey) -> Result<SealedFact, KeyError> {
        let value = self.value.as_deref().map(clean_text);
        let sealed = value.as_ref().filter(|_| !self.query).map(|value| {
            key.seal_field(&place(self.seq, self.place), self.session_id, value)
                .map(hex::encode)
        });
        Ok(SealedFact {
            session_id: self.session_id,
            seq: self.seq,
            place: self.place,
            key: clean_text(&self.key),
            what: self.what.clone(),
            value_ct: sealed.transpose()?,
            value: value.filter(|_| self.query),
            confidence: self.confidence,
            source: self.source.clone(),
            learned_at: self.learned_at,
            expires_at: self.expires_at,
        })
    }
}

/// What is there already stays as it is.
const INSERT: &str = "
    INSERT INTO facts (session_id, seq, place, key, what, value, value_ct, confidence, source, learned_at, expires_at)
    SELECT r.session_id, r.seq, r.place, r.key, r.what, r.value, decode(r.value_ct, 'hex'), r.confidence, r.source, r.learned_at, r.expires_at
      FROM jsonb_to_recordset($1) AS r(session_id uuid, seq int, place smallint, key text, what text, value text, value_ct text,
           confidence smallint, source text, learned_at timestamptz, expires_at timestamptz)
     ORDER BY r.session_id, r.seq, r.place
    ON CONFLICT DO NOTHING RETURNING 1";

/// With what opens it; the wish to be sold nothing is never crowded out. `PERSON` stands for the calls that are looked at.
const WITH_KEYS: &str = "
    SELECT f.*, s.profile_id, s.wrapped AS session_wrapped, p.key_id, p.wrapped
      FROM (SELECT * FROM facts WHERE PERSON ORDER BY (key = 'selling') DESC, learned_at DESC, session_id DESC, seq DESC, place DESC LIMIT $2) f
      LEFT JOIN session_keys s USING (session_id) LEFT JOIN person_keys p USING (profile_id)
     ORDER BY f.learned_at, f.session_id, f.seq, f.place";

/// Of this call's person, of other calls in which they had proved who they are: whoever else held the same device is not them.
const ELSEWHERE: &str = "session_id <> $1 AND session_id IN (SELECT s.session_id FROM agent_sessions me, sessions_of(me.profile_id) s
                          WHERE me.session_id = $1 AND s.auth_level > 0)";
const OF_PERSON: &str = "session_id IN (SELECT session_id FROM sessions_of($1))";
const OF_SESSION: &str = "session_id = $1";

impl FactRepository {
    /// Stores facts, in one statement; how many were new. What belongs to an erased call is turned away.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if one of them can never be stored. Repeating is safe.
    pub async fn insert(&self, facts: &[SealedFact]) -> Result<usize, DatabaseError> {
        if facts.is_empty() {
            return Ok(0);
        }
        let rows: Vec<Value> = facts.iter().map(as_json).collect();
        let rows = Value::from(rows);
        let params: Params<'_> = &[&rows];
        self.db.count(INSERT, params).await
    }

    /// What a call learned, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<StoredFact>, DatabaseError> {
        self.list(OF_SESSION, &session, i64::MAX).await
    }

    /// What was learned of this call's person in other calls in which they had proved who they are: the newest 200, oldest
    /// first. The person is whoever the calls belong to now.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn elsewhere(&self, session: SessionId) -> Result<Vec<StoredFact>, DatabaseError> {
        self.list(ELSEWHERE, &session, MOST).await
    }

    /// What was learned of a person in any of their calls: the newest 200, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn of_person(&self, profile: ProfileId) -> Result<Vec<StoredFact>, DatabaseError> {
        self.list(OF_PERSON, &profile, MOST).await
    }

    async fn list(
        &self,
        of: &str,
        whose: &(dyn tokio_postgres::types::ToSql + Sync),
        most: i64,
    ) -> Result<Vec<StoredFact>, DatabaseError> {
        let sql = WITH_KEYS.replace("PERSON", of);
        let rows = self.db.query(&sql, &[whose, &most]).await?;
        let mut keys: HashMap<SessionId, Option<SessionKey>> = HashMap::new();
        let mut facts = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut fact = StoredFact::from(row);
            let sealed: Option<&[u8]> = row.get("value_ct");
            if let Some(sealed) = sealed {
                let key = match keys.entry(fact.session) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(unknown) => unknown.insert(self.key_in(row, fact.session)?),
                };
                let place = place(fact.seq, fact.place);
                let open = |key: &SessionKey| key.open_field(&place, fact.session, sealed).ok();
                fact.value = key.as_ref().and_then(open);
            }
            facts.push(fact);
        }
        Ok(facts)
    }

    /// `None`: it was destroyed, or is not here.
    fn key_in(&self, row: &Row, session: SessionId) -> Result<Option<SessionKey>, DatabaseError> {
        let is_there: Option<&[u8]> = row.get("session_wrapped");
        let of_person: Option<&[u8]> = row.get("wrapped");
        match is_there.zip(of_person) {
            Some(_) => self.db.session_key_in(row, session),
            None => Ok(None),
        }
    }
}

fn as_json(fact: &SealedFact) -> Value {
    serde_json::to_value(fact).expect("its keys are texts")
}
