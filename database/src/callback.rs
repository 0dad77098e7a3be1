//! Callers who want to be called back by a person.

use call::input::caller_number;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::{DatabaseError, SessionId, clean::clean_text, pool::Params};

/// What the sealed values are bound to, with their session.
pub(crate) const PHONE: &str = "callbacks.phone_ct";
pub(crate) const REASON: &str = "callbacks.reason_ct";

repository!(
    /// All SQL about callbacks.
    CallbackRepository
);

/// A promise to call back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewCallback {
    /// Minted by the agent; the key that makes a repeated attempt harmless.
    pub id: Uuid,
    /// In which call; its row must be stored before.
    pub session: SessionId,
    /// Where to call, as the network claims it; `None`, or what is no number: the one on file.
    pub phone_number: Option<String>,
    /// What it is about; sealed as the number is.
    pub reason: Option<String>,
    /// When it was promised.
    pub requested_at: DateTime<Utc>,
}

row! {
    /// A stored callback.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    #[expect(missing_docs, reason = "the fields are those of NewCallback")]
    pub struct Callback {
        pub id: Uuid = "callback_id",
        pub session: SessionId = "session_id",
        pub phone_number: Option<String> = sealed,
        pub reason: Option<String> = sealed,
        pub requested_at: DateTime<Utc>,
    }
}

impl CallbackRepository {
    /// Stores a promise.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the session is not stored. Repeating is safe.
    pub async fn request(&self, new: &NewCallback) -> Result<(), DatabaseError> {
        let key = match (&new.phone_number, &new.reason) {
            (None, None) => None,
            // Without a key the session is erased or not stored, and then the callback is not either.
            _ => self.db.session_key(new.session).await?,
        };
        let seal = |column: &str, text: Option<String>| {
            let sealed = text.zip(key.as_ref());
            sealed
                .map(|(text, key)| key.seal_field(column, new.session, &text))
                .transpose()
        };
        let phone = seal(PHONE, new.phone_number.as_deref().and_then(caller_number))?;
        let reason = seal(REASON, new.reason.as_deref().map(clean_text))?;
        let sql = "INSERT INTO callbacks (callback_id, session_id, phone_ct, reason_ct, requested_at) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (callback_id) DO NOTHING";
        let params: Params<'_> = &[&new.id, &new.session, &phone, &reason, &new.requested_at];
        self.db.run(sql, params).await
    }

    /// The promises of a call.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<Callback>, DatabaseError> {
        self.list("session_id = $1 ORDER BY requested_at", &session)
            .await
    }

    pub(crate) async fn list(
        &self,
        condition: &str,
        param: &(dyn ToSql + Sync),
    ) -> Result<Vec<Callback>, DatabaseError> {
        let sql = format!("SELECT * FROM callbacks WHERE {condition}");
        let rows = self.db.query(&sql, &[param]).await?;
        let mut callbacks = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut callback = Callback::from(row);
            let session = callback.session;
            let sealed: [Option<&[u8]>; 2] = [row.get("phone_ct"), row.get("reason_ct")];
            let key = match sealed {
                [None, None] => None,
                _ => self.db.session_key(session).await?,
            };
            let open = |column: &str, sealed: Option<&[u8]>| {
                let opened = sealed.zip(key.as_ref());
                opened
                    .map(|(sealed, key)| key.open_field(column, session, sealed))
                    .transpose()
            };
            callback.phone_number = open(PHONE, sealed[0])?;
            callback.reason = open(REASON, sealed[1])?;
            callbacks.push(callback);
        }
        Ok(callbacks)
    }
}
