//! One look at one's own summary, by a random token.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{DatabaseError, SessionId, Summary, pool::Params};

repository!(
    /// All SQL about summary tokens. The database holds their hashes only.
    SummaryTokenRepository
);

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
        let sql = "INSERT INTO summary_tokens (token_hash, session_id, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
                   ON CONFLICT (token_hash) DO NOTHING";
        let params: Params<'_> = &[&hash(&token.0), &session, &lifetime.as_secs_f64()];
        self.db.run(sql, params).await
    }

    /// Spends a token for its summary.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn redeem(&self, token: &str) -> Result<RedeemedSummary, DatabaseError> {
        let hash = hash(token);
        let spend = "UPDATE summary_tokens t SET used_at = now() FROM conversation_summaries c
                      WHERE t.token_hash = $1 AND t.used_at IS NULL AND t.expires_at > now() AND c.session_id = t.session_id
                     RETURNING c.*";
        if let Some(row) = self.db.optional(spend, &[&hash]).await? {
            return Ok(RedeemedSummary::Ready(Box::new(Summary::from(&row))));
        }
        let waits = "SELECT 1 FROM summary_tokens WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now()";
        Ok(match self.db.count(waits, &[&hash]).await? {
            0 => RedeemedSummary::Refused,
            _ => RedeemedSummary::NotYet,
        })
    }

    /// Deletes tokens that expired; returns how many.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn delete_expired(&self) -> Result<usize, DatabaseError> {
        let sql = "DELETE FROM summary_tokens WHERE expires_at < now() RETURNING 1";
        self.db.count(sql, &[]).await
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
