//! Connections that are ready before a caller waits for one.

use crate::{Database, DatabaseError};

impl Database {
    /// Opens every connection of the pool and lets it plan what callers wait for: a merge is the
    /// worst, five times as slow the first time (`migrations/V0011__workers.sql`). Takes
    /// about 50 ms a connection and changes nothing. For the start of a worker, in the background.
    ///
    /// # Errors
    /// [`DatabaseError`]: then connections become warm as they are used.
    pub async fn warm(&self) -> Result<(), DatabaseError> {
        // Held until the last is open: else the pool would hand out the same one again.
        let mut open = Vec::new();
        for _ in 0..self.config().pool_size.max(1) {
            let connection = self.connection().await?;
            connection.query_one("SELECT warm_up()", &[]).await?;
            open.push(connection);
        }
        Ok(())
    }
}
