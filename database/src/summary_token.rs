//! One look at one's own summary, by a random token.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Database, DatabaseError, SessionId, Summary, summary::from_row};

/// All SQL about summary tokens. The database holds their hashes only.
#[derive(Clone, Debug)]
pub struct SummaryTokenRepository {
    db: Database,
}

/// A token: 64 hexadecimal digits, 244 random bits. Secret: it stands for the caller. Serialised
/// for the spool alone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SummaryToken(String);

impl SummaryToken {
    /// A fresh one.
    #[must_use]
    pub fn random() -> Self {
        Self(format!(
            "{}{}",
            Uuid::new_v4().simple(),
            Uuid::new_v4().simple()
        ))
    }

    /// To hand to the caller.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SummaryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SummaryToken(…)")
    }
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq)]
pub enum RedeemedSummary {
    /// The summary, without the name that the caller stated. The token is spent.
    Ready(Box<Summary>),
    /// The summary is not written yet; the token stays good.
    NotYet,
    /// Unknown, expired or spent.
    Refused,
}

impl SummaryTokenRepository {
    /// Uses this database.
    #[must_use]
    pub fn new(db: &Database) -> Self {
        Self { db: db.clone() }
    }

    /// Makes a token good for a session's summary, for so long. The session's row may follow.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn save(
        &self,
        token: &SummaryToken,
        session: SessionId,
        lifetime: Duration,
    ) -> Result<(), DatabaseError> {
        self.db
            .query(
                "INSERT INTO summary_tokens (token_hash, session_id, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
                 ON CONFLICT (token_hash) DO NOTHING",
                &[&hash(&token.0), &session, &lifetime.as_secs_f64()],
            )
            .await
            .map(drop)
    }

    /// Spends a token for its summary.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn redeem(&self, token: &str) -> Result<RedeemedSummary, DatabaseError> {
        let hash = hash(token);
        let row = self
            .db
            .optional(
                "UPDATE summary_tokens t SET used_at = now() FROM conversation_summaries c
                  WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > now() AND c.session_id = t.session_id
                 RETURNING c.*",
                &[&hash],
            )
            .await?;
        if let Some(row) = row {
            return Ok(RedeemedSummary::Ready(Box::new(from_row(&row))));
        }
        let waiting = self
            .db
            .optional("SELECT 1 FROM summary_tokens WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()", &[&hash])
            .await?;
        Ok(if waiting.is_some() {
            RedeemedSummary::NotYet
        } else {
            RedeemedSummary::Refused
        })
    }

    /// Deletes tokens that expired; returns how many.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn delete_expired(&self) -> Result<usize, DatabaseError> {
        Ok(self
            .db
            .query(
                "DELETE FROM summary_tokens WHERE expires_at < now() RETURNING 1",
                &[],
            )
            .await?
            .len())
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
