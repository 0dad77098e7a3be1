//! Promises that a person gets back to a caller: to call them back, to look into a complaint.

mod queue;

use call::{
    Reference,
    input::{caller_number, clean_identifier, clean_line},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

pub use queue::{CallbackChange, CallbackCursor, CallbackFilter, CallbackName, CallbackNameError};

use crate::{
    DatabaseError, SessionId,
    clean::clean_text,
    keys::{KeyError, SessionKey},
    pool::Params,
};

/// What the sealed values are bound to, with their session.
pub(crate) const PHONE: &str = "callbacks.phone_ct";
pub(crate) const REASON: &str = "callbacks.reason_ct";
pub(crate) const WANTED: &str = "callbacks.wanted_ct";
pub(crate) const NOTE: &str = "callbacks.note_ct";

/// With the keys of their calls, which erased calls do not have. What was promised for no day is a call back, and that
/// is due a day later.
const OPENABLE: &str = "
    SELECT * FROM (
      SELECT c.*, coalesce(c.due_at, c.requested_at + interval '1 day') AS due, k.profile_id, k.wrapped AS session_wrapped, p.key_id, p.wrapped,
             EXISTS (SELECT FROM erased_sessions e WHERE e.session_id = c.session_id) AS is_erased
        FROM callbacks c LEFT JOIN session_keys k USING (session_id) LEFT JOIN person_keys p USING (profile_id)
       WHERE c.tenant_id = current_tenant()) c";

const STORE: &str = "
    INSERT INTO callbacks (callback_id, session_id, kind, reference, phone_ct, reason_ct, wanted_ct, urgent, due_at, requested_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT DO NOTHING RETURNING 1";

repository!(
    /// All SQL about callbacks.
    CallbackRepository
);

/// A promise to get back to a caller. One that an earlier version wrote into the spool is a call back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewCallback {
    /// Minted by the agent; the key that makes a repeated attempt harmless. Its [`Reference`] is what the caller was
    /// told.
    pub id: Uuid,
    /// In which call; its row must be stored before.
    pub session: SessionId,
    /// What it is: `callback`, or a kind of the pack's.
    #[serde(default = "call_back")]
    pub kind: String,
    /// Where to call, as the caller or the network gives it; `None`, or what is no number: the one on file.
    pub phone_number: Option<String>,
    /// What it is about; sealed as the number is.
    pub reason: Option<String>,
    /// When to call, as it was said; sealed, too.
    #[serde(default)]
    pub wanted: Option<String>,
    /// Before the others.
    #[serde(default)]
    pub urgent: bool,
    /// Until when; `None`: a day after it was promised.
    #[serde(default)]
    pub due_at: Option<DateTime<Utc>>,
    /// When it was promised.
    pub requested_at: DateTime<Utc>,
}

fn call_back() -> String {
    "callback".to_owned()
}

impl NewCallback {
    /// To call back, where and why nobody said.
    #[must_use]
    pub fn new(id: Uuid, session: SessionId, requested_at: DateTime<Utc>) -> Self {
        Self {
            id,
            session,
            kind: call_back(),
            phone_number: None,
            reason: None,
            wanted: None,
            urgent: false,
            due_at: None,
            requested_at,
        }
    }
}

row! {
    /// A stored promise.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    #[expect(missing_docs, reason = "the other fields are those of NewCallback")]
    pub struct Callback {
        pub id: Uuid = "callback_id",
        pub session: SessionId = "session_id",
        pub kind: String,
        /// What the caller was told, or that with a letter more; `None`: an earlier version stored it.
        pub reference: Option<String>,
        pub phone_number: Option<String> = sealed,
        pub reason: Option<String> = sealed,
        pub wanted: Option<String> = sealed,
        pub urgent: bool,
        pub requested_at: DateTime<Utc>,
        /// Until when it is to be kept.
        pub due_at: DateTime<Utc> = "due",
        /// When somebody of the company made it theirs.
        pub taken_at: Option<DateTime<Utc>>,
        /// Who.
        pub taken_by: Option<String>,
        /// When it was kept, or its person erased.
        pub done_at: Option<DateTime<Utc>>,
        /// By whom; `erased`: by nobody.
        pub done_by: Option<String>,
        /// What they noted.
        pub note: Option<String> = sealed,
        /// Its person was erased: what was sealed is gone.
        pub erased: bool = "is_erased",
    }
}

impl CallbackRepository {
    /// Stores a promise.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the session is not stored. Repeating is safe.
    pub async fn request(&self, new: &NewCallback) -> Result<(), DatabaseError> {
        let key = match (&new.phone_number, &new.reason, &new.wanted) {
            (None, None, None) => None,
            // Without a key the session is erased or not stored, and then the callback is not either.
            _ => self.db.session_key(new.session).await?,
        };
        let seal =
            |column: &str, text: Option<String>| seal(key.as_ref(), new.session, column, text);
        let phone = seal(PHONE, new.phone_number.as_deref().and_then(caller_number))?;
        let reason = seal(REASON, new.reason.as_deref().map(clean_text))?;
        let wanted = seal(WANTED, new.wanted.as_deref().map(clean_line))?;
        let kind = clean_identifier(&new.kind);
        let forms = Reference::of(new.id).and_longer().map(Some);
        // With none of them free it is found by its id.
        for reference in forms.chain([None]) {
            let reference = reference.as_ref().map(Reference::as_str);
            let params: Params<'_> = &[
                &new.id,
                &new.session,
                &kind,
                &reference,
                &phone,
                &reason,
                &wanted,
                &new.urgent,
                &new.due_at,
                &new.requested_at,
            ];
            if self.db.count(STORE, params).await? > 0 {
                break;
            }
            // Stored before, or erased; unless the reference is another promise's.
            let taken = "SELECT 1 FROM callbacks WHERE tenant_id = current_tenant() AND reference = $1 AND callback_id <> $2
                            AND NOT EXISTS (SELECT FROM callbacks WHERE callback_id = $2)";
            if self.db.count(taken, &[&reference, &new.id]).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// The promises of a call.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<Callback>, DatabaseError> {
        let condition = "session_id = $1 ORDER BY requested_at, callback_id";
        self.opened(condition, &[&session]).await
    }

    async fn opened(
        &self,
        condition: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Callback>, DatabaseError> {
        let sql = format!("{OPENABLE} WHERE {condition}");
        let rows = self.db.query(&sql, params).await?;
        rows.iter().map(|row| self.open(row)).collect()
    }

    fn open(&self, row: &Row) -> Result<Callback, DatabaseError> {
        let mut callback = Callback::from(row);
        let session = callback.session;
        let has_key = row.get::<_, Option<&[u8]>>("session_wrapped").is_some();
        let key = match has_key {
            true => self.db.session_key_in(row, session)?,
            false => None,
        };
        let open = |name: &str, column: &str| {
            let sealed: Option<&[u8]> = row.get(name);
            let opened = sealed.zip(key.as_ref());
            opened
                .map(|(sealed, key)| key.open_field(column, session, sealed))
                .transpose()
        };
        callback.phone_number = open("phone_ct", PHONE)?;
        callback.reason = open("reason_ct", REASON)?;
        callback.wanted = open("wanted_ct", WANTED)?;
        callback.note = open("note_ct", NOTE)?;
        Ok(callback)
    }
}

/// `None`: there is nothing to seal, or nothing to seal it with.
fn seal(
    key: Option<&SessionKey>,
    session: SessionId,
    column: &str,
    text: Option<String>,
) -> Result<Option<Vec<u8>>, KeyError> {
    key.zip(text)
        .map(|(key, text)| key.seal_field(column, session, &text))
        .transpose()
}
