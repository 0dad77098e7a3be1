//! One of several workers does a task: a lock that lives as long as a connection.

use deadpool_postgres::Object;

use crate::{Database, DatabaseError};

/// A task that one worker at a time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaderRole {
    /// Looks for rooms where a caller waits without an agent.
    AgentWatcher,
    /// Anchors, recounts, makes partitions, puts old months away.
    Maintenance,
}

/// The right to do a task. Holds a connection of the pool; dropping it gives up the right.
pub struct Leader {
    connection: Option<Object>,
}

impl std::fmt::Debug for Leader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leader")
    }
}

impl Database {
    /// The right to do a task, unless another worker has it. When that worker dies, PostgreSQL
    /// notices its connection and the right is free.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn lead(&self, role: LeaderRole) -> Result<Option<Leader>, DatabaseError> {
        let connection = self.connection().await?;
        let number = match role {
            LeaderRole::AgentWatcher => 7010,
            LeaderRole::Maintenance => 7013,
        };
        let row = connection
            .query_one(
                "SELECT pg_try_advisory_lock($1, $2)",
                &[&number, &self.tenant().0],
            )
            .await?;
        Ok(row.get::<_, bool>(0).then_some(Leader {
            connection: Some(connection),
        }))
    }
}

impl Leader {
    /// Whether the right still holds: false after the connection broke. Ask before each round.
    pub async fn still_leads(&self) -> bool {
        let Some(connection) = &self.connection else {
            return false;
        };
        let answer = tokio::time::timeout(
            std::time::Duration::from_secs(2),
            connection.simple_query(""),
        );
        matches!(answer.await, Ok(Ok(_)))
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        // Back in the pool, the connection would keep the lock: close it instead.
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}
