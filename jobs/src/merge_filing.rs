//! Finishes what large merges left for later. Readers are right without it; it is what lets an
//! index find a profile's sessions.

use std::time::Duration;

use database::{Database, ProfileRepository};
use tokio::time::sleep;

/// With nothing to do, look again after this.
const IDLE: Duration = Duration::from_secs(1);
/// With the database away.
const AWAY: Duration = Duration::from_secs(10);

/// Drains as long as it runs. Every worker does: they take different sessions.
pub async fn file_merges(database: Database) {
    let profiles = ProfileRepository::new(&database);
    loop {
        let pause = match profiles.drain_merges(ProfileRepository::DRAIN_ROUND).await {
            Ok(progress) if progress.refiled > 0 && progress.pending > 0 => {
                ProfileRepository::DRAIN_BREATH
            }
            Ok(_) => IDLE,
            Err(error) => {
                tracing::debug!(%error, "merges are not drained");
                AWAY
            }
        };
        sleep(pause).await;
    }
}
