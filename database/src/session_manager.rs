//! The session operations by their documented names.

use std::time::Duration;

use call::{AuthLevel, PhoneNumber};

use crate::{
    Database, DatabaseError, MergeOutcome, NewSession, ProfileRepository, SessionEnd, SessionId,
    SessionRepository, StartedSession, SummaryToken, SummaryTokenRepository, keys::SessionKey,
};

/// A caller may read the summary this long after the call began.
const SUMMARY_TOKEN_LIFETIME: Duration = Duration::from_secs(3 * 3600);

/// Opens, authenticates and ends sessions.
#[derive(Debug, Clone)]
pub struct SessionManager {
    sessions: SessionRepository,
    profiles: ProfileRepository,
    tokens: SummaryTokenRepository,
}

impl SessionManager {
    /// Uses this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            sessions: SessionRepository::new(database),
            profiles: ProfileRepository::new(database),
            tokens: SummaryTokenRepository::new(database),
        }
    }

    /// Stores a session with its anonymous profile, found or created, the key that its messages
    /// were sealed with, and the token that reads its summary. Repeating it is safe.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn create_session(
        &self,
        new: &NewSession,
        key: &SessionKey,
        summary_token: &SummaryToken,
    ) -> Result<StartedSession, DatabaseError> {
        let started = self.sessions.start(new, key).await?;
        if !started.erased {
            self.tokens
                .save(summary_token, new.id, SUMMARY_TOKEN_LIFETIME)
                .await?;
        }
        Ok(started)
    }

    /// The caller of this session is the customer `username` whose number is `phone_number`:
    /// merges the anonymous profile into theirs. [`MergeOutcome::NotFound`] when no customer has
    /// both. Proof is the business of whoever asks.
    ///
    /// # Errors
    /// [`DatabaseError`]; repeating is safe.
    pub async fn authenticate_user(
        &self,
        session: SessionId,
        username: &str,
        phone_number: &str,
    ) -> Result<MergeOutcome, DatabaseError> {
        let Some(customer) = self.profiles.get_by_username(username).await? else {
            return Ok(MergeOutcome::NotFound);
        };
        let claimed = phone_number.parse::<PhoneNumber>().ok().map(String::from);
        if claimed.is_none() || customer.phone_number != claimed {
            return Ok(MergeOutcome::NotFound);
        }
        self.sessions
            .authenticate(session, customer.id, AuthLevel::OneTimeCode, "caller")
            .await
    }

    /// Closes a session. With `generate_summary` a summary is pending from then on, which any worker
    /// may write; without, nobody writes one, also not after late turns. Repeating it is safe.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn end_session(
        &self,
        session: SessionId,
        end: &SessionEnd,
        generate_summary: bool,
    ) -> Result<(), DatabaseError> {
        self.sessions
            .end_session(session, end, generate_summary)
            .await
            .map(drop)
    }
}
