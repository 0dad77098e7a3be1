//! Making a person disappear. What it means in each table is written in
//! `migrations/V0014__erasure.sql`.

use call::{sql_text, text_enum};
use serde::Serialize;

use super::ProfileRepository;
use crate::{DatabaseError, ProfileId};

text_enum! {
    /// What became of an erasure.
    pub enum ErasureOutcome {
        /// Done now.
        Erased = "erased",
        /// It was erased before; nothing changed.
        AlreadyErased = "already_erased",
        /// There is no such profile.
        NotFound = "not_found",
    }
}
sql_text!(ErasureOutcome);

/// How much an erasure took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Erasure {
    /// What became of it; the counts below are 0 unless it was done now.
    pub outcome: ErasureOutcome,
    /// Profiles of the tree: the live one and those merged into it.
    pub profiles: i32,
    /// Their sessions, whose rows stay without anything personal.
    pub sessions: i32,
    /// Messages that nobody can read any more.
    pub messages: i64,
    /// Summaries that were emptied.
    pub summaries: i32,
    /// Identifiers that were forgotten.
    pub identifiers: i32,
}

const ERASE: &str = "SELECT * FROM erase_profile($1, $2)";

impl ProfileRepository {
    /// Erases the person that this profile belongs to: the live profile, all merged into it, and
    /// what they said. Cannot be undone. `actor` is kept in the audit: no personal data.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn erase(&self, id: ProfileId, actor: &str) -> Result<Erasure, DatabaseError> {
        Ok(from_row(&self.db.one(ERASE, &[&id, &actor]).await?))
    }

    /// What [`Self::erase`] would do; changes nothing.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn would_erase(&self, id: ProfileId) -> Result<Erasure, DatabaseError> {
        Ok(from_row(&self.db.dry_run(ERASE, &[&id, &"dry run"]).await?))
    }
}

fn from_row(row: &tokio_postgres::Row) -> Erasure {
    let count = |column: &str| row.get::<_, Option<i32>>(column).unwrap_or(0);
    Erasure {
        outcome: row.get("outcome"),
        profiles: count("profiles"),
        sessions: count("sessions"),
        messages: row.get::<_, Option<i64>>("messages").unwrap_or(0),
        summaries: count("summaries"),
        identifiers: count("identifiers"),
    }
}
