//! Makes the scores of leads anew as their calls go on.

use std::time::Duration;

use chrono::Utc;
use database::Database;
use record::LeadScores;
use tokio::time::sleep;

/// With nothing to do, look again after this: a score follows what happened within a second.
const IDLE: Duration = Duration::from_millis(500);
/// Between two full rounds.
const BREATH: Duration = Duration::from_millis(20);
/// With the database away, or a score that it does not take.
const AWAY: Duration = Duration::from_secs(10);
/// People in one round.
const ROUND: i64 = 50;

/// Scores as long as it runs. Every worker does: what two of them make is stored once.
pub async fn score_leads(database: Database) {
    let scores = LeadScores::new(&database);
    loop {
        let pause = match scores.settle(Utc::now(), ROUND).await {
            Ok(looked_at) if looked_at >= usize::try_from(ROUND).unwrap_or(usize::MAX) => BREATH,
            Ok(_) => IDLE,
            Err(error) if error.is_unavailable() => {
                tracing::debug!(%error, "leads are not scored");
                AWAY
            }
            Err(error) => {
                tracing::error!(%error, "leads are not scored");
                AWAY
            }
        };
        sleep(pause).await;
    }
}
