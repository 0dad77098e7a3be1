//! Words of before. They were chained by nobody when they were said: they are sealed
//! and have no hash, and `teller verify` counts them as unproven.

use tokio_postgres::Row;
use uuid::Uuid;

use super::{ROUND, SealProgress};
use crate::{Database, DatabaseError, SessionId};

impl Database {
    /// In the order of their keys, so that those that cannot be sealed are passed once.
    pub(super) async fn seal_words(
        &self,
        mut sealed: u64,
        progress: SealProgress<'_>,
    ) -> Result<u64, DatabaseError> {
        let mut after = (SessionId(Uuid::nil()), -1_i32);
        loop {
            let sql = "SELECT session_id, seq, content FROM conversation_messages
                        WHERE content IS NOT NULL AND (session_id, seq) > ($1, $2) ORDER BY session_id, seq LIMIT $3";
            let rows = self.query(sql, &[&after.0, &after.1, &ROUND]).await?;
            let Some(last) = rows.last() else {
                return Ok(sealed);
            };
            after = (last.get(0), last.get(1));
            for said in rows.chunk_by(|a, b| a.get::<_, Uuid>(0) == b.get::<_, Uuid>(0)) {
                sealed += self.seal_session(said).await?;
            }
            progress(sealed);
        }
    }

    /// Words of one session.
    async fn seal_session(&self, said: &[Row]) -> Result<u64, DatabaseError> {
        let Some(session) = said.first().map(|row| row.get::<_, SessionId>(0)) else {
            return Ok(0);
        };
        let Some(key) = self.old_session_key(session).await? else {
            return Ok(0);
        };
        let seqs: Vec<i32> = said.iter().map(|row| row.get(1)).collect();
        let seal = |row: &Row| key.seal_message(session, row.get(1), row.get(2));
        let words = said.iter().map(seal).collect::<Result<Vec<_>, _>>()?;
        let sql = "SELECT seal_old_messages($1, $2, $3)";
        let changed: i32 = self.one(sql, &[&session, &seqs, &words]).await?.get(0);
        Ok(u64::try_from(changed).unwrap_or(0))
    }
}
