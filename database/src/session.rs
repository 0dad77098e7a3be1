//! `agent_sessions`: one participant's conversation with the agent.

mod closing;

use call::{
    AuthLevel, Channel,
    input::{caller_number, clean_identifier},
    sql_text, text_enum,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::closing::{AbandonedSession, SessionEnd, StaleAfter};
use crate::{
    DatabaseError, MergeOutcome, ProfileId, SessionId,
    keys::{IndexKind, Keyring, SessionKey},
    pool::Params,
};

repository!(
    /// All SQL about sessions. Listing them for supervisors is in `session_list.rs`.
    SessionRepository
);

text_enum! {
    /// Where a session stands.
    pub enum SessionStatus {
        /// The call goes on.
        Active = "active",
        /// It ended in order.
        Ended = "ended",
        /// Its worker died; the sweeper closed it.
        Abandoned = "abandoned",
    }
}
sql_text!(SessionStatus);

/// A caller joined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewSession {
    /// Minted by the agent; the key that makes a repeated attempt harmless.
    pub id: SessionId,
    /// The room's name.
    pub room_id: String,
    /// The participant's identity; recognises a device if no `anonymous_id` is given.
    pub participant_id: String,
    /// The device id that the token endpoint minted.
    pub anonymous_id: Option<String>,
    /// A telephone call gets a fresh profile each time.
    pub channel: Channel,
    /// The number as the network claims it: a hint.
    pub caller_number: Option<String>,
    /// Whose lease keeps the sweeper away.
    pub worker_id: Option<String>,
    /// When the caller joined.
    pub started_at: DateTime<Utc>,
}

/// Who the caller seems to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedSession {
    /// The session's profile.
    pub profile_id: ProfileId,
    /// The device or number has called before. Good for "welcome back" and nothing more.
    pub seen_before: bool,
    /// Sessions of this profile, this one included.
    pub total_sessions: i32,
    /// A customer that the device or number points at. Not proof: no facts for it.
    pub hint: Option<ProfileId>,
    /// The person was erased after this session began: nothing was stored, nothing of it will be,
    /// and what comes is counted in `erased_sessions`. The profile is the nil id.
    pub erased: bool,
}

impl StartedSession {
    const ERASED: Self = Self {
        profile_id: ProfileId(uuid::Uuid::nil()),
        seen_before: false,
        total_sessions: 0,
        hint: None,
        erased: true,
    };
}

row! {
    /// A row of `agent_sessions`.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Session {
        /// Its id.
        pub id: SessionId = "session_id",
        /// The room's name.
        pub room_id: String,
        /// The participant's identity.
        pub participant_id: String,
        /// The live profile it belongs to now.
        pub profile_id: ProfileId,
        /// The profile it began with.
        pub origin_profile_id: ProfileId,
        /// How the caller came.
        pub channel: Channel,
        /// The number as the network claimed it.
        pub caller_number: Option<String> = sealed,
        /// 0 device, 1 declared, 2 one-time code, 3 strong.
        pub auth_level: AuthLevel,
        /// Where it stands.
        pub status: SessionStatus,
        /// Why it ended.
        pub end_reason: Option<String>,
        /// The worker that serves it.
        pub worker_id: Option<String>,
        /// When the caller joined.
        pub started_at: DateTime<Utc>,
        /// When it ended.
        pub ended_at: Option<DateTime<Utc>>,
        /// Messages stored. Exact.
        pub message_count: i32,
        /// Whatever the agent measured.
        pub metrics: Value,
    }
}

impl SessionRepository {
    /// Finds or creates the caller's profile, stores the session and the key that its messages
    /// are sealed with. Repeating it with the same id and key changes nothing and gives the same
    /// answer.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the session was begun with another key.
    pub async fn start(
        &self,
        new: &NewSession,
        key: &SessionKey,
    ) -> Result<StartedSession, DatabaseError> {
        let started = self.store(new).await?;
        if started.erased {
            return Ok(started);
        }
        let stored = self
            .db
            .keep_session_key(new.id, key, new.number().as_deref())
            .await?;
        match stored {
            Some(stored) if stored == *key => Ok(started),
            Some(_another) => Err(DatabaseError::Invalid(
                "this session was begun with another key".to_owned(),
            )),
            None => Ok(StartedSession::ERASED),
        }
    }

    pub(crate) async fn store(&self, new: &NewSession) -> Result<StartedSession, DatabaseError> {
        let keys = self.db.keys();
        let caller = new
            .number()
            .map(|n| keys.index(IndexKind::Phone, &n).to_vec());
        let anonymous_id = new.anonymous_id.as_deref().map(clean_identifier);
        let device = anonymous_id.as_deref();
        let device = device.map(|id| keys.index(IndexKind::Device, id).to_vec());
        let identity = clean_identifier(&new.participant_id);
        let participant = keys.index(IndexKind::Device, &identity).to_vec();
        let row = self
            .db
            .one(
                "SELECT * FROM start_session($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    &new.id,
                    &new.without_number(&clean_identifier(&new.room_id), keys),
                    &new.without_number(&identity, keys),
                    &anonymous_id,
                    &new.channel,
                    &caller,
                    &device,
                    &participant,
                    &new.worker_id,
                    &new.started_at,
                ],
            )
            .await?;
        if row.get("erased") {
            return Ok(StartedSession::ERASED);
        }
        Ok(StartedSession {
            profile_id: row.get("profile_id"),
            seen_before: row.get("seen_before"),
            total_sessions: row.get("total_sessions"),
            hint: row.get("hint"),
            erased: false,
        })
    }

    /// The caller proved to be this customer: their anonymous profile is merged into it, and the
    /// session gets the level. A session that belongs to another customer is
    /// refused as [`MergeOutcome::SourceAuthenticated`].
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn authenticate(
        &self,
        session: SessionId,
        customer: ProfileId,
        level: AuthLevel,
        actor: &str,
    ) -> Result<MergeOutcome, DatabaseError> {
        let sql = "SELECT authenticate_session($1, $2, $3, $4)";
        let level = i32::from(level.number());
        let params: Params<'_> = &[&session, &customer, &level, &actor];
        self.db.value(sql, params).await
    }

    /// The session, if it is stored.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get(&self, session: SessionId) -> Result<Option<Session>, DatabaseError> {
        let sql = "SELECT s.*, k.caller_ct FROM agent_sessions s LEFT JOIN session_keys k USING (session_id) WHERE s.session_id = $1";
        let Some(row) = self.db.optional(sql, &[&session]).await? else {
            return Ok(None);
        };
        let mut stored = Session::from(&row);
        let caller: Option<&[u8]> = row.get("caller_ct");
        if let Some(sealed) = caller {
            let key = self.db.session_key(session).await?;
            let number = key.map(|key| key.open_field("caller_ct", session, sealed));
            stored.caller_number = number.transpose()?;
        }
        Ok(Some(stored))
    }
}

impl NewSession {
    pub(crate) fn number(&self) -> Option<String> {
        caller_number(self.caller_number.as_deref()?)
    }

    fn without_number(&self, text: &str, keys: &Keyring) -> String {
        if self.channel == Channel::Phone {
            without_number(text, keys)
        } else {
            text.to_owned()
        }
    }
}

/// The identity of a telephone and its room's name usually hold the number: each run of seven
/// and more digits becomes a few digits of its index, equal for equal numbers.
pub(crate) fn without_number(text: &str, keys: &Keyring) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if digits.len() >= 7 {
            let index = keys.index(IndexKind::Phone, &format!("+{digits}"));
            out.push_str(&hex::encode(&index[..4]));
        } else {
            out.push_str(&digits);
        }
        digits.clear();
        out.push(c);
    }
    out.pop();
    out
}
