//! `draft_asks`: callers' phrasings that were adopted for a pack, until somebody puts them into its folder.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::{Row, types::ToSql};

use crate::{DatabaseError, SessionId, keys::IndexKind, pool::Params};

/// Lines of one pack's draft at most: somebody should put them into the pack before there are more.
const LONGEST_DRAFT: i64 = 1_000;

/// What a sealed phrasing is bound to, with its session.
const PHRASING: &str = "draft_asks.phrasing_ct";

const ADOPT: &str = "
    WITH room AS (SELECT count(*) < $7 AS is_left FROM draft_asks WHERE pack = $1),
         added AS (INSERT INTO draft_asks (pack, document, phrasing_bidx, session_id, phrasing_ct, adopted_by)
                   SELECT $1, $2, $3, $4, $5, $6 FROM room WHERE is_left
                   ON CONFLICT (tenant_id, pack, document, phrasing_bidx) DO NOTHING RETURNING 1)
    SELECT EXISTS (SELECT FROM added) AS is_new, is_left FROM room";

/// With the keys of their calls; of erased calls there are no lines.
const OPENABLE: &str = "
    SELECT d.*, s.profile_id, s.wrapped AS session_wrapped, p.key_id, p.wrapped
      FROM draft_asks d JOIN session_keys s USING (session_id) JOIN person_keys p USING (profile_id)";

repository!(
    /// All SQL about drafts of packs.
    DraftRepository
);

/// A phrasing to be adopted.
#[derive(Clone, Copy, Debug)]
pub struct NewDraftAsk<'a> {
    /// The name of the pack.
    pub pack: &'a str,
    /// The source of the document that answers it.
    pub document: &'a str,
    /// The question as [`call::input::phrasing()`] accepts it.
    pub phrasing: &'a str,
    /// In which call it was asked; its row must be stored before.
    pub session: SessionId,
    /// By whom it is adopted.
    pub adopted_by: &'a str,
}

/// A line of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DraftAsk {
    /// Its number.
    pub id: i64,
    /// The source of the document that answers it.
    pub document: String,
    /// The question.
    pub phrasing: String,
    /// In which call it was asked.
    pub session: SessionId,
    /// By whom it was adopted.
    pub adopted_by: String,
    /// When.
    pub adopted_at: DateTime<Utc>,
}

/// What became of an adoption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// It is a line of the draft now.
    Adopted,
    /// The document has it in the draft already.
    Known,
    /// The draft has as many lines as it takes.
    Full,
    /// There is no such call, or its person was erased.
    NoCall,
}

impl DraftRepository {
    /// Makes a phrasing a line of the pack's draft.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn adopt(&self, new: &NewDraftAsk<'_>) -> Result<Adoption, DatabaseError> {
        let Some(key) = self.db.session_key(new.session).await? else {
            return Ok(Adoption::NoCall);
        };
        let index = self.db.keys().index(IndexKind::Phrasing, new.phrasing);
        let index = &index[..];
        let sealed = key.seal_field(PHRASING, new.session, new.phrasing)?;
        let known =
            "SELECT 1 FROM draft_asks WHERE pack = $1 AND document = $2 AND phrasing_bidx = $3";
        let place: Params<'_> = &[&new.pack, &new.document, &index];
        if self.db.count(known, place).await? > 0 {
            return Ok(Adoption::Known);
        }
        let params: Params<'_> = &[
            &new.pack,
            &new.document,
            &index,
            &new.session,
            &sealed,
            &new.adopted_by,
            &LONGEST_DRAFT,
        ];
        let row = self.db.one(ADOPT, params).await?;
        match (row.get("is_new"), row.get("is_left")) {
            (true, _) => Ok(Adoption::Adopted),
            (false, false) => Ok(Adoption::Full),
            // Meanwhile somebody else adopted it, or the person was erased.
            (false, true) if self.db.count(known, place).await? > 0 => Ok(Adoption::Known),
            (false, true) => Ok(Adoption::NoCall),
        }
    }

    /// The lines of a pack's draft, by document, oldest first; at most 1000.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn lines(&self, pack: &str) -> Result<Vec<DraftAsk>, DatabaseError> {
        self.opened("d.pack = $1 ORDER BY d.document, d.id", &pack)
            .await
    }

    /// The lines of all drafts that were asked in a call.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_session(&self, session: SessionId) -> Result<Vec<DraftAsk>, DatabaseError> {
        self.opened("d.session_id = $1 ORDER BY d.id", &session)
            .await
    }

    /// Takes lines out of a pack's draft; how many were there.
    ///
    /// # Errors
    /// [`DatabaseError`]. Repeating is safe.
    pub async fn take_out(&self, pack: &str, lines: &[i64]) -> Result<usize, DatabaseError> {
        let sql = "DELETE FROM draft_asks WHERE pack = $1 AND id = ANY ($2) RETURNING 1";
        self.db.count(sql, &[&pack, &lines]).await
    }

    async fn opened(
        &self,
        condition: &str,
        param: &(dyn ToSql + Sync),
    ) -> Result<Vec<DraftAsk>, DatabaseError> {
        let sql = format!("{OPENABLE} WHERE {condition}");
        let rows = self.db.query(&sql, &[param]).await?;
        let lines = rows.iter().map(|row| self.line(row));
        lines.filter_map(Result::transpose).collect()
    }

    /// `None`: its person is being erased.
    fn line(&self, row: &Row) -> Result<Option<DraftAsk>, DatabaseError> {
        let session = row.get("session_id");
        let Some(key) = self.db.session_key_in(row, session)? else {
            return Ok(None);
        };
        Ok(Some(DraftAsk {
            id: row.get("id"),
            document: row.get("document"),
            phrasing: key.open_field(PHRASING, session, row.get("phrasing_ct"))?,
            session,
            adopted_by: row.get("adopted_by"),
            adopted_at: row.get("adopted_at"),
        }))
    }
}
