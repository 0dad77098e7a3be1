//! The name that a caller states in a call: taken out of the summary before it is stored, sealed
//! beside the session's key, put back when the summary is read.

use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    DatabaseError, NewSummary, ProfileId, ProfileRepository, SessionId,
    keys::{Keyring, SessionKey},
    stored_keys::person_key,
};

/// The name's key in a summary's `extracted_info`. Stored it is always null.
const KEY: &str = "user_name";
/// What the sealed name is bound to, with its session.
const COLUMN: &str = "name_ct";

/// What [`opened`] reads, from [`JOIN`].
pub(crate) const COLUMNS: &str =
    "k.profile_id AS key_profile_id, k.wrapped AS session_wrapped, k.name_ct, p.key_id, p.wrapped";
/// To a table `c` with a `session_id`.
pub(crate) const JOIN: &str =
    "LEFT JOIN session_keys k ON k.session_id = c.session_id AND k.name_ct IS NOT NULL
     LEFT JOIN person_keys p ON p.profile_id = k.profile_id";

/// The name in a summary's `extracted_info`, if it gives one.
pub(crate) fn of(info: &Value) -> Option<&str> {
    info.get(KEY).and_then(Value::as_str)
}

/// `extracted_info` without the name, and the name sealed. Without a key (the person was erased)
/// nobody keeps it.
pub(crate) fn sealed(
    new: &NewSummary,
    key: Option<&SessionKey>,
) -> Result<(Value, Option<Vec<u8>>), DatabaseError> {
    let name = of(&new.extracted_info).zip(key);
    let name = name.map(|(name, key)| seal(key, new.session_id, name));
    let mut info = new.extracted_info.clone();
    put_back(&mut info, None);
    Ok((info, name.transpose()?))
}

pub(crate) fn seal(
    key: &SessionKey,
    session: SessionId,
    name: &str,
) -> Result<Vec<u8>, DatabaseError> {
    Ok(key.seal_field(COLUMN, session, &call::input::clean_line(name))?)
}

/// The name in a row with [`COLUMNS`]. One that does not open reads as none, as words do.
pub(crate) fn opened(
    row: &Row,
    keys: &Keyring,
    session: SessionId,
) -> Result<Option<String>, DatabaseError> {
    let (owner, wrapped): (Option<ProfileId>, Option<&[u8]>) =
        (row.get("key_profile_id"), row.get("session_wrapped"));
    let name: Option<&[u8]> = row.get("name_ct");
    let (Some(owner), Some(wrapped), Some(name)) = (owner, wrapped, name) else {
        return Ok(None);
    };
    let Some(person) = person_key(keys, row, owner)? else {
        return Ok(None);
    };
    let key = person.unwrap_session(wrapped, session)?;
    Ok(key.open_field(COLUMN, session, name).ok())
}

/// Into the place it was taken from; a summary without that place (an erased one) stays as it is.
pub(crate) fn put_back(info: &mut Value, name: Option<String>) {
    if let Some(place) = info.get_mut(KEY) {
        *place = name.map_or(Value::Null, Value::String);
    }
}

impl ProfileRepository {
    /// The name that a person stated last in a call, of all profiles that are the same person. They
    /// said so; nobody proved it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn stated_name(&self, id: ProfileId) -> Result<Option<String>, DatabaseError> {
        let sql = format!(
            "SELECT c.session_id, {COLUMNS} FROM sessions_of($1) c {JOIN} WHERE k.name_ct IS NOT NULL
              ORDER BY c.started_at DESC, c.session_id DESC LIMIT 1"
        );
        let Some(row) = self.db.optional(&sql, &[&id]).await? else {
            return Ok(None);
        };
        opened(&row, self.db.keys(), row.get("session_id"))
    }
}
