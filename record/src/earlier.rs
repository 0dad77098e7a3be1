//! What earlier calls of a person say to the call that they are in now.

use chrono::{DateTime, Utc};
use database::{
    Database, DatabaseError, LeftTask, LeftTaskRepository, SessionId, ToolCall, ToolCallRepository,
};

/// Looks at what calls before left behind; cheap to clone. Nobody who speaks waits for it.
#[derive(Debug, Clone)]
pub struct EarlierCalls {
    left: LeftTaskRepository,
    calls: ToolCallRepository,
}

impl EarlierCalls {
    /// Looks into this database.
    #[must_use]
    pub fn new(database: &Database) -> Self {
        Self {
            left: LeftTaskRepository::new(database),
            calls: ToolCallRepository::new(database),
        }
    }

    /// What a task knew when an earlier call of this person broke off. It is given out once.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn left_task(&self, session: SessionId) -> Result<Option<LeftTask>, DatabaseError> {
        self.left.take(session).await
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
        self.calls.done_elsewhere(session, tools, since).await
    }
}
