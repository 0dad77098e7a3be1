//! What earlier calls of a person say to the call that they are in now.

use chrono::{DateTime, Utc};
use database::{
    Database, DatabaseError, FactRepository, LeftTask, LeftTaskRepository, Past, PastRepository,
    SessionId, StoredFact, ToolCall, ToolCallRepository,
};

/// Looks at what calls before left behind; cheap to clone. Nobody who speaks waits for it.
#[derive(Debug, Clone)]
pub struct EarlierCalls(Source);

#[derive(Debug, Clone)]
enum Source {
    Database(Box<Repositories>),
    #[cfg(feature = "test-support")]
    Scripted(Box<ScriptedCalls>),
}

#[derive(Debug, Clone)]
struct Repositories {
    left: LeftTaskRepository,
    calls: ToolCallRepository,
    facts: FactRepository,
    past: PastRepository,
}

/// Earlier calls without a database, for calls on virtual time.
#[cfg(feature = "test-support")]
#[derive(Debug, Clone, Default)]
pub struct ScriptedCalls {
    /// What they learned.
    pub facts: Vec<StoredFact>,
    /// What they came to.
    pub past: Past,
    /// The last question of the last of them.
    pub question: Option<String>,
    /// Nobody answers.
    pub are_away: bool,
}

#[cfg(feature = "test-support")]
impl From<ScriptedCalls> for EarlierCalls {
    fn from(script: ScriptedCalls) -> Self {
        Self(Source::Scripted(Box::new(script)))
    }
}

#[cfg(feature = "test-support")]
impl ScriptedCalls {
    async fn answer<T>(&self, answer: T) -> Result<T, DatabaseError> {
        if self.are_away {
            std::future::pending::<()>().await;
        }
        Ok(answer)
    }
}

impl EarlierCalls {
    /// Looks into this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self(Source::Database(Box::new(Repositories {
            left: LeftTaskRepository::new(database),
            calls: ToolCallRepository::new(database),
            facts: FactRepository::new(database),
            past: PastRepository::new(database),
        })))
    }

    /// What a task knew when an earlier call of this person broke off. It is given out once.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn left_task(&self, session: SessionId) -> Result<Option<LeftTask>, DatabaseError> {
        match &self.0 {
            Source::Database(stored) => stored.left.take(session).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.answer(None).await,
        }
    }

    /// What other calls learned of this call's person, as far as they had proved who they are: the newest 200 facts.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn facts(&self, session: SessionId) -> Result<Vec<StoredFact>, DatabaseError> {
        match &self.0 {
            Source::Database(stored) => stored.facts.elsewhere(session).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.answer(script.facts.clone()).await,
        }
    }

    /// What those calls came to.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn past(&self, session: SessionId) -> Result<Past, DatabaseError> {
        match &self.0 {
            Source::Database(stored) => stored.past.of(session).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.answer(script.past.clone()).await,
        }
    }

    /// The last question of a call.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn asked_last(&self, session: SessionId) -> Result<Option<String>, DatabaseError> {
        match &self.0 {
            Source::Database(stored) => stored.past.asked_last(session).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.answer(script.question.clone()).await,
        }
    }

    /// What these tools did since then in the person's other calls, and what nobody knows that they did not do.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn deeds(
        &self,
        session: SessionId,
        tools: &[String],
        since: DateTime<Utc>,
    ) -> Result<Vec<ToolCall>, DatabaseError> {
        match &self.0 {
            Source::Database(stored) => stored.calls.done_elsewhere(session, tools, since).await,
            #[cfg(feature = "test-support")]
            Source::Scripted(script) => script.answer(Vec::new()).await,
        }
    }
}
