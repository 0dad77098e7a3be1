//! The session operations by their documented names.

use std::time::Duration;

use call::AuthLevel;
use database::{
    Database, DatabaseError, MergeOutcome, NewSession, ProfileId, ProfileRepository,
    SessionEnd as StoredEnd, SessionId, SessionRepository, StartedSession, SummaryTokenRepository,
    keys::SessionKey,
};

use super::{Finalizer, SessionEnd, SessionStart};

/// A caller may read the summary this long after the call began.
const SUMMARY_TOKEN_LIFETIME: Duration = Duration::from_secs(3 * 3600);

/// Opens, authenticates and ends sessions in the database.
#[derive(Debug, Clone)]
pub struct SessionManager {
    sessions: SessionRepository,
    profiles: ProfileRepository,
    tokens: SummaryTokenRepository,
    finalizer: Finalizer,
}

/// A stored session and what is known of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedSession {
    /// The profile it belongs to.
    pub profile: ProfileId,
    /// The device or number called before: good for "welcome back", and for nothing more.
    pub seen_before: bool,
}

impl SessionManager {
    /// Uses this database.
    pub fn new(database: &Database, finalizer: Finalizer) -> Self {
        Self {
            sessions: SessionRepository::new(database),
            profiles: ProfileRepository::new(database),
            tokens: SummaryTokenRepository::new(database),
            finalizer,
        }
    }

    /// Stores a session with its anonymous profile, found or created, and a key of its own.
    /// Repeating it is safe.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn create_session(
        &self,
        start: &SessionStart,
    ) -> Result<OpenedSession, DatabaseError> {
        let started = self.sessions.create_session(&new_session(start)).await?;
        self.opened(start, started).await
    }

    /// The same with the key that its messages were sealed with.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn start_session(
        &self,
        start: &SessionStart,
        key: &SessionKey,
    ) -> Result<OpenedSession, DatabaseError> {
        let started = self.sessions.start(&new_session(start), key).await?;
        self.opened(start, started).await
    }

    async fn opened(
        &self,
        start: &SessionStart,
        started: StartedSession,
    ) -> Result<OpenedSession, DatabaseError> {
        if !started.erased {
            self.tokens
                .save(&start.summary_token, start.session, SUMMARY_TOKEN_LIFETIME)
                .await?;
        }
        Ok(OpenedSession {
            profile: started.profile_id,
            seen_before: started.seen_before,
        })
    }

    /// The caller of this session is the customer `username` whose number is `phone_number`:
    /// merges the anonymous profile into theirs. `false` when there is no such customer or the
    /// merge is refused. Proof is the business of the one who asks.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn authenticate_user(
        &self,
        session: SessionId,
        username: &str,
        phone_number: &str,
    ) -> Result<bool, DatabaseError> {
        let Some(customer) = self.profiles.get_by_username(username).await? else {
            return Ok(false);
        };
        if customer.phone_number.as_deref()
            != database::normalize_phone_number(phone_number)
                .ok()
                .as_deref()
        {
            return Ok(false);
        }
        Ok(self.authenticated(session, customer.id).await?.is_merged())
    }

    /// The caller of this session proved to be this customer.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn authenticated(
        &self,
        session: SessionId,
        customer: ProfileId,
    ) -> Result<MergeOutcome, DatabaseError> {
        self.sessions
            .authenticate(session, customer, AuthLevel::OneTimeCode, "caller")
            .await
    }

    /// Closes a session and, unless told otherwise, writes its summary. From its end on the session
    /// owes one: should it not succeed now, the sweeper of any worker writes it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn end_session(
        &self,
        end: &SessionEnd,
        generate_summary: bool,
    ) -> Result<(), DatabaseError> {
        let stored = StoredEnd {
            reason: end.ending.as_str().to_owned(),
            ended_at: end.ended_at,
            metrics: serde_json::json!({
                "duration_ms": u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
                "transferred": end.transferred,
                "callback_requested": end.callback_requested,
                "authentication_attempted": end.authentication_attempted,
            }),
        };
        self.sessions.end_session(end.session, &stored).await?;
        if generate_summary && let Err(error) = self.finalizer.settle_session(end.session).await {
            tracing::warn!(session.id = %end.session, %error, "the summary is written later");
        }
        Ok(())
    }

    /// How to address a customer, and their user name.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn name_of(
        &self,
        customer: ProfileId,
    ) -> Result<Option<(String, String)>, DatabaseError> {
        let profile = self.profiles.get_by_id(customer).await?;
        Ok(profile.and_then(|profile| {
            let username = profile.username?;
            let learned = profile.metadata.get("name").and_then(|name| name.as_str());
            let name = profile.name.as_deref().or(learned);
            let name = name.unwrap_or(&username).to_owned();
            Some((name, username))
        }))
    }
}

fn new_session(start: &SessionStart) -> NewSession {
    NewSession {
        id: start.session,
        room_id: start.room.clone(),
        participant_id: start.participant.clone(),
        anonymous_id: start.device.clone(),
        channel: start.channel,
        caller_number: start.phone_hint.clone(),
        worker_id: Some(start.worker_id.clone()),
        started_at: start.started_at,
    }
}
