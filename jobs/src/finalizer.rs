//! The summary of a session, made from its rows: the same whether the call
//! ended in order a moment ago or a sweeper found it an hour later. Made again without the embedding model that was
//! there the first time, or with one that was not, its sentiment may differ, and with it what is called resolved.

use std::{sync::Arc, time::Duration};

use call::{AuthLevel, CallEnding};
use database::{
    ClaimedSummary, ConversationSummaryRepository, Database, DatabaseError, MessageRepository,
    NewFact, NewSummary, Origin, ProfileRepository, Session, SessionId, SessionRepository,
    SessionStatus, SummaryQueue, keys::SessionKey,
};
use futures_util::future::BoxFuture;
use insight::summary::{self, SessionFacts, Summary, SummaryRules};
use serde_json::{Map, Value};

use record::AfterEnd;

use crate::{Facts, MeaningOf, Moments, ReadTurns, turns::turns};

/// A claim whose worker died is free again after this long; writing takes milliseconds.
const CLAIM: Duration = Duration::from_secs(60);

/// Summarises sessions.
#[derive(Debug, Clone)]
pub struct Finalizer {
    sessions: SessionRepository,
    messages: MessageRepository,
    summaries: ConversationSummaryRepository,
    profiles: ProfileRepository,
    queue: SummaryQueue,
    rules: Arc<SummaryRules>,
    meaning: Option<MeaningOf>,
    moments: Option<Moments>,
    facts: Option<Facts>,
}

impl AfterEnd for Finalizer {
    fn ended(&self, session: SessionId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Err(error) = self.complete_session(session).await {
                tracing::warn!(session.id = %session, %error, "the summary is written later");
            }
        })
    }
}

impl Finalizer {
    /// `rules` are the pack's. How callers felt is judged by words and letters alone until there is a
    /// [`Self::with_meaning`].
    pub fn new(database: &Database, rules: Arc<SummaryRules>) -> Self {
        Self {
            sessions: SessionRepository::new(database),
            messages: MessageRepository::new(database),
            summaries: ConversationSummaryRepository::new(database),
            profiles: ProfileRepository::new(database),
            queue: SummaryQueue::new(database),
            rules,
            meaning: None,
            moments: None,
            facts: None,
        }
    }

    /// With the embedding model, if there is one: how callers felt is judged by what they meant, too.
    #[must_use]
    pub fn with_meaning(self, meaning: Option<MeaningOf>) -> Self {
        Self { meaning, ..self }
    }

    /// With the pack's words for moments: what a killed worker did not note of a call's turns is noted then.
    #[must_use]
    pub fn with_moments(self, moments: Moments) -> Self {
        Self {
            moments: Some(moments),
            ..self
        }
    }

    /// With the pack's keys: what a killed worker did not note of what callers said of themselves is noted then.
    #[must_use]
    pub fn with_facts(self, facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            ..self
        }
    }

    /// Writes the summary that a session owes, unless another worker has claimed it.
    ///
    /// # Errors
    /// [`DatabaseError`]: it stays pending.
    pub async fn complete_session(&self, session: SessionId) -> Result<bool, DatabaseError> {
        match self.queue.claim_session(session, CLAIM).await? {
            Some(pending) => self.complete(&pending).await,
            None => Ok(false),
        }
    }

    /// Writes summaries that are pending, at most so many; how many were written.
    ///
    /// # Errors
    /// [`DatabaseError::Unavailable`]: the rest stays pending.
    pub async fn complete_due(&self, at_most: i32) -> Result<usize, DatabaseError> {
        let mut written = 0;
        for pending in self.queue.claim(at_most, CLAIM).await? {
            written += usize::from(self.complete(&pending).await?);
        }
        Ok(written)
    }

    /// One that can never be written is tried a few times and given up: it keeps nobody else waiting.
    async fn complete(&self, pending: &ClaimedSummary) -> Result<bool, DatabaseError> {
        match self.write(pending.session, true).await {
            Ok(written) => {
                self.queue.complete(pending).await?;
                Ok(written)
            }
            Err(error) if error.is_unavailable() => Err(error),
            Err(error) => {
                let failed = self.queue.fail(pending, &error.to_string()).await?;
                tracing::error!(session.id = %pending.session, %error, failed, "a summary cannot be written");
                Ok(false)
            }
        }
    }

    /// What [`Self::summarize`] would write; `None` when there is no such session.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn draft(&self, session: SessionId) -> Result<Option<Summary>, DatabaseError> {
        let stored = self.sessions.get(session).await?;
        match stored {
            Some(stored) => Ok(Some(self.make(&stored).await?.summary)),
            None => Ok(None),
        }
    }

    /// With the session's key: the name that the caller stated is sealed with it.
    async fn make(&self, stored: &Session) -> Result<Made, DatabaseError> {
        let (messages, key) = self.messages.by_session_with_key(stored.id).await?;
        let (of_call, rules, meaning) = (facts(stored), self.rules.clone(), self.meaning.clone());
        let (moments, facts, id) = (self.moments.clone(), self.facts.clone(), stored.id);
        // A model works for seconds on a long call, and one odd text must not end the record of all calls: both stay on a
        // thread of their own.
        let work = move || {
            let read = moments.map(|moments| moments.read(id, &messages));
            let facts = facts.map(|facts| facts.read(id, &messages));
            let mut turns = turns(&messages);
            if let Some(meaning) = meaning {
                meaning.add_to(&mut turns);
            }
            Made {
                summary: summary::summarize(&of_call, &turns, &rules),
                read: read.unwrap_or_default(),
                facts: facts.unwrap_or_default(),
                key,
            }
        };
        let made = tokio::task::spawn_blocking(work).await;
        made.map_err(|error| match error.is_panic() {
            true => DatabaseError::Invalid("the summary rules broke off".into()),
            false => DatabaseError::Unavailable("this process is stopping".into()),
        })
    }

    /// What a killed worker did not note of the call's turns. A row that can never be stored costs nobody the summary.
    async fn complete_insights(
        &self,
        session: SessionId,
        read: ReadTurns,
    ) -> Result<(), DatabaseError> {
        let Some(moments) = &self.moments else {
            return Ok(());
        };
        match moments.keep(session, read).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(session.id = %session, %error, "what turns say cannot be stored");
                Ok(())
            }
            kept => kept.map(drop),
        }
    }

    /// The same of what the caller said of themselves. Without the session's key nothing of it was read.
    async fn complete_facts(
        &self,
        session: SessionId,
        facts: &[NewFact],
        key: Option<&SessionKey>,
    ) -> Result<(), DatabaseError> {
        let (Some(keeping), Some(key)) = (&self.facts, key) else {
            return Ok(());
        };
        match keeping.keep(facts, key).await {
            Err(error) if !error.is_unavailable() => {
                tracing::error!(session.id = %session, %error, "what a caller said of themselves cannot be stored");
                Ok(())
            }
            kept => kept.map(drop),
        }
    }

    /// Writes the summary of a session and what its caller told of themselves. Repeating it is safe.
    /// `false` when there is no such session.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn summarize(&self, session: SessionId) -> Result<bool, DatabaseError> {
        self.write(session, false).await
    }

    /// What is pending does not wait for the server's disk: it stays pending until that has it.
    async fn write(&self, session: SessionId, pending: bool) -> Result<bool, DatabaseError> {
        let Some(stored) = self.sessions.get(session).await? else {
            return Ok(false);
        };
        let Made {
            summary: made,
            read,
            facts,
            key,
        } = self.make(&stored).await?;
        self.complete_insights(session, read).await?;
        self.complete_facts(session, &facts, key.as_ref()).await?;
        let new = new_summary(session, &made);
        let stored_now = match pending {
            true => self.summaries.upsert_claimed(&new, key.as_ref()).await?,
            false => self.summaries.upsert(&new).await?,
        };
        if stored_now {
            let learned = learned(&made);
            if !learned.is_empty() {
                let origin = Origin {
                    session: Some(session),
                    turn: None,
                    by: Some("summary".into()),
                };
                self.profiles
                    .update_metadata(stored.profile_id, &Value::Object(learned), &origin)
                    .await?;
            }
        }
        Ok(true)
    }
}

/// What a call comes to.
struct Made {
    summary: Summary,
    /// What its turns say.
    read: ReadTurns,
    /// What its caller says of themselves.
    facts: Vec<NewFact>,
    /// The session's key.
    key: Option<SessionKey>,
}

fn facts(session: &Session) -> SessionFacts {
    let flag = |key: &str| {
        session
            .metrics
            .get(key)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    };
    let ended_at = session.ended_at.unwrap_or(session.started_at);
    let measured = session
        .metrics
        .get("duration_ms")
        .and_then(Value::as_u64)
        .map(Duration::from_millis);
    let by_clock = (ended_at - session.started_at).to_std().unwrap_or_default();
    SessionFacts {
        duration: measured.unwrap_or(by_clock),
        ended: match session.status {
            SessionStatus::Abandoned => CallEnding::Abandoned,
            _ => {
                let stored = session.end_reason.as_deref().unwrap_or_default();
                // A word of another version says nothing of how it ended.
                stored.parse().unwrap_or(CallEnding::Broken)
            }
        },
        authenticated: session.auth_level >= AuthLevel::OneTimeCode,
        authentication_attempted: flag("authentication_attempted"),
        transferred: flag("transferred"),
        callback_requested: flag("callback_requested"),
    }
}

fn new_summary(session: SessionId, made: &Summary) -> NewSummary {
    NewSummary {
        session_id: session,
        summary: made.summary.clone(),
        extracted_info: made.extracted_info.clone(),
        sentiment: made.sentiment,
        resolution_status: made.resolution,
        topics: made.topics.clone(),
        message_count: made.message_count,
        duration_seconds: made.duration_seconds,
        method: made.method.to_owned(),
        method_version: made.method_version.to_owned(),
        source_last_seq: made.source_last_seq,
        partial: made.partial,
    }
}

/// What the profile learns: preferences, the topics of the last call. Not the name the caller gave:
/// that stays sealed with its session ([`ProfileRepository::stated_name`]).
fn learned(made: &Summary) -> Map<String, Value> {
    let mut learned = Map::new();
    if let Some(Value::Object(preferences)) = made.extracted_info.get("preferences") {
        learned.extend(preferences.clone());
    }
    if !made.topics.is_empty() {
        learned.insert("last_topics".into(), made.topics.clone().into());
    }
    learned
}
