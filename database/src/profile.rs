//! `user_profiles`, and joining and separating profiles.

mod customers;
mod erasure;
mod export;
mod history;
mod merges;
mod overview;

use call::{input::clean_line, sql_text, text_enum};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::{Row, types::ToSql};

pub use self::{
    customers::{CustomerRow, CustomersImported},
    erasure::{Erasure, ErasureOutcome},
    export::{ProfileExport, SessionExport},
    history::{ProfileHistory, Separation, WouldUnmerge},
    merges::{DrainProgress, MergeOutcome, MergeRecord, UnmergeOutcome},
    overview::{CallSentiment, Counted, PersonOverview},
};
use crate::{
    DatabaseError, ProfileId, SessionId, clean::clean_json, keys::Keyring, pool::Params,
    stored_keys::person_key,
};

repository!(
    /// All SQL about profiles.
    ProfileRepository
);

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

row! {
    /// A row of `user_profiles`.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub struct Profile {
        /// Its id.
        pub id: ProfileId,
        /// Whether we know who it is.
        pub kind: ProfileKind = "profile_type",
        /// The device, or `call-…` for a call without one. Anonymous profiles have it.
        pub anonymous_id: Option<String>,
        /// Authenticated profiles have it. Compared without regard to case.
        pub username: Option<String>,
        /// How to address a customer, as an administrator imported it.
        pub name: Option<String> = sealed,
        /// E.164.
        pub phone_number: Option<String> = sealed,
        /// E-mail address.
        pub email: Option<String> = sealed,
        /// What conversations taught us: an object, for example `{"name": "Sarah"}`.
        pub metadata: Value = "profile_metadata",
        /// For each key of `metadata`, where it came from.
        pub provenance: Value = "metadata_provenance",
        /// Sessions of this profile and of those merged into it. Exact.
        pub total_sessions: i32,
        /// Messages of those sessions. Exact.
        pub total_messages: i64,
        /// A customer this may be, by device or number. Never show anything of theirs for it.
        pub hint: Option<ProfileId> = "hint_profile_id",
        /// The live profile this one was merged into.
        pub merged_into: Option<ProfileId> = "merged_into_profile_id",
        /// When the person was first seen.
        pub first_seen_at: DateTime<Utc>,
        /// When the person last said something.
        pub last_seen_at: DateTime<Utc>,
        /// When it was erased; nothing above but counts is left of it.
        pub erased_at: Option<DateTime<Utc>>,
    }
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
    /// This very row, merged or not.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn get_by_id(&self, id: ProfileId) -> Result<Option<Profile>, DatabaseError> {
        self.find("id = $1", &id).await
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
        let sql = "SELECT patch_profile_metadata($1, $2, $3)";
        let params: Params<'_> = &[&id, &clean_json(patch), &json!(origin)];
        self.db.value(sql, params).await
    }

    pub(crate) async fn find(
        &self,
        condition: &str,
        param: &(dyn ToSql + Sync),
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
    let mut profile = Profile::from(row);
    let id = profile.id;
    let key = person_key(keys, row, id)?;
    let open = |column: &str| {
        let sealed: Option<&[u8]> = row.get(column);
        let opened = key.as_ref().zip(sealed);
        opened
            .map(|(key, sealed)| key.open_field(column, id, sealed))
            .transpose()
    };
    profile.name = open("name_ct")?;
    profile.phone_number = open("phone_ct")?;
    profile.email = open("email_ct")?;
    Ok(profile)
}
