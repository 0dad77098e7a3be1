//! `user_profiles`, and joining and separating profiles.

mod customers;
mod erasure;
mod export;
mod history;
mod merges;

use call::{
    input::{clean_identifier, clean_line},
    sql_text, text_enum,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::Row;

pub use self::{
    customers::{CustomerRow, CustomersImported},
    erasure::{Erasure, ErasureOutcome},
    export::{ProfileExport, SessionExport},
    history::{ProfileHistory, Separation, WouldUnmerge},
    merges::{DrainProgress, MergeOutcome, MergeRecord, UnmergeOutcome},
};
use crate::{
    Database, DatabaseError, ProfileId, SessionId, clean::clean_json, keys::Keyring,
    stored_keys::person_key,
};

/// All SQL about profiles.
#[derive(Clone, Debug)]
pub struct ProfileRepository {
    pub(crate) db: Database,
}

text_enum! {
    /// Whether we know who a profile is.
    pub enum ProfileKind {
        /// A device or a call.
        Anonymous = "anonymous",
        /// A customer, known by name.
        Authenticated = "authenticated",
    }
}
sql_text!(ProfileKind);

/// A row of `user_profiles`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// Whether we know who it is.
    pub kind: ProfileKind,
    /// The device, or `call-…` for a call without one. Anonymous profiles have it.
    pub anonymous_id: Option<String>,
    /// Authenticated profiles have it. Compared without regard to case.
    pub username: Option<String>,
    /// How to address a customer, as an administrator imported it.
    pub name: Option<String>,
    /// E.164.
    pub phone_number: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// What conversations taught us: an object, for example `{"name": "Sarah"}`.
    pub metadata: Value,
    /// For each key of `metadata`, where it came from.
    pub provenance: Value,
    /// Sessions of this profile and of those merged into it. Exact.
    pub total_sessions: i32,
    /// Messages of those sessions. Exact.
    pub total_messages: i64,
    /// A customer this may be, by device or number. Never show anything of theirs for it.
    pub hint: Option<ProfileId>,
    /// The live profile this one was merged into.
    pub merged_into: Option<ProfileId>,
    /// When the person was first seen.
    pub first_seen_at: DateTime<Utc>,
    /// When the person last said something.
    pub last_seen_at: DateTime<Utc>,
    /// When it was erased; nothing above but counts is left of it.
    pub erased_at: Option<DateTime<Utc>>,
}

/// Where a piece of metadata came from.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Origin {
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// `seq` of the message that said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<i32>,
    /// Who wrote it: `summary`, `import`, an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

const COLUMNS: &str = "id, profile_type, anonymous_id, username, name_ct, phone_ct, email_ct, erased_at, k.key_id, k.wrapped, profile_metadata, metadata_provenance, \
     total_sessions, total_messages, hint_profile_id, merged_into_profile_id, first_seen_at, last_seen_at";

impl ProfileRepository {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// The live anonymous profile of a device, made if there is none. Without an id, or with one
    /// that many people share, a profile of its own. `metadata` is patched in.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn create_anonymous_profile(
        &self,
        anonymous_id: Option<&str>,
        metadata: Option<&Value>,
    ) -> Result<ProfileId, DatabaseError> {
        let fresh = format!("device-{}", uuid::Uuid::new_v4());
        let row = self
            .db
            .one(
                "SELECT profile FROM find_or_create_anonymous(
                   CASE WHEN is_blocked_identifier('anonymous_id', $1) THEN $2 ELSE btrim($1) END, NULL, now())",
                &[&anonymous_id.map(clean_identifier), &fresh],
            )
            .await?;
        let profile: ProfileId = row.get(0);
        if let Some(metadata) = metadata {
            self.update_metadata(profile, metadata, &Origin::default())
                .await?;
        }
        Ok(profile)
    }

    /// The live customer of this name, made if there is none. One that exists keeps its number
    /// and e-mail: knowing a name must not be enough to change them.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the number is not E.164 or the name is not acceptable.
    pub async fn create_authenticated_profile(
        &self,
        username: &str,
        phone_number: Option<&str>,
        email: Option<&str>,
    ) -> Result<ProfileId, DatabaseError> {
        let row = CustomerRow {
            username: username.to_owned(),
            phone_number: phone_number.map(str::to_owned),
            email: email.map(str::to_owned),
            ..CustomerRow::default()
        };
        Ok(self.ensure_customer(&row, false).await?.0)
    }

    /// This very row, merged or not.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_id(&self, id: ProfileId) -> Result<Option<Profile>, DatabaseError> {
        self.find("id = $1", &id).await
    }

    /// The live anonymous profile of a device. One whose profile was merged into a customer is
    /// not found: a device is not a person.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_anonymous_id(
        &self,
        anonymous_id: &str,
    ) -> Result<Option<Profile>, DatabaseError> {
        self.find(
            "anonymous_id = $1 AND profile_type = 'anonymous' AND merged_into_profile_id IS NULL",
            &clean_identifier(anonymous_id),
        )
        .await
    }

    /// The live customer of this name, in any case of letters.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_username(&self, username: &str) -> Result<Option<Profile>, DatabaseError> {
        self.find(
            "id = (SELECT coalesce(merged_into_profile_id, id) FROM user_profiles WHERE lower(username) = lower(btrim($1))
                   ORDER BY merged_into_profile_id NULLS FIRST, merged_at DESC LIMIT 1)",
            &clean_line(username),
        )
        .await
    }

    /// Patches the live profile's metadata (RFC 7396: null deletes a key, objects are merged),
    /// notes `origin` for each key, and returns what it is now; `None` if there is no such
    /// profile.
    ///
    /// # Errors
    /// [`DatabaseError::Invalid`] if the patch is not an object or the result exceeds 64 KiB.
    pub async fn update_metadata(
        &self,
        id: ProfileId,
        patch: &Value,
        origin: &Origin,
    ) -> Result<Option<Value>, DatabaseError> {
        if !patch.is_object() {
            return Err(DatabaseError::Invalid(
                "a metadata patch is a JSON object".to_owned(),
            ));
        }
        let origin = json!(origin);
        let row = self
            .db
            .one(
                "SELECT patch_profile_metadata($1, $2, $3)",
                &[&id, &clean_json(patch), &origin],
            )
            .await?;
        Ok(row.get(0))
    }

    async fn find(
        &self,
        condition: &str,
        param: &(dyn tokio_postgres::types::ToSql + Sync),
    ) -> Result<Option<Profile>, DatabaseError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM user_profiles LEFT JOIN person_keys k ON k.profile_id = id WHERE {condition}"
        );
        let row = self.db.optional(&sql, &[param]).await?;
        row.map(|row| from_row(&row, self.db.keys())).transpose()
    }
}

/// A row with its wrapped key (`key_id`, `wrapped`).
fn from_row(row: &Row, keys: &Keyring) -> Result<Profile, DatabaseError> {
    let id = row.get("id");
    let key = person_key(keys, row, id)?;
    let open = |column: &str| {
        let sealed: Option<&[u8]> = row.get(column);
        let opened = key.as_ref().zip(sealed);
        opened
            .map(|(key, sealed)| key.open_field(column, id, sealed))
            .transpose()
    };
    Ok(Profile {
        id,
        kind: row.get("profile_type"),
        anonymous_id: row.get("anonymous_id"),
        username: row.get("username"),
        name: open("name_ct")?,
        phone_number: open("phone_ct")?,
        email: open("email_ct")?,
        metadata: row.get("profile_metadata"),
        provenance: row.get("metadata_provenance"),
        total_sessions: row.get("total_sessions"),
        total_messages: row.get("total_messages"),
        hint: row.get("hint_profile_id"),
        merged_into: row.get("merged_into_profile_id"),
        first_seen_at: row.get("first_seen_at"),
        last_seen_at: row.get("last_seen_at"),
        erased_at: row.get("erased_at"),
    })
}
