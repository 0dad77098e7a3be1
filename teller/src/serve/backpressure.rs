//! Watches the record: alarms, and keeps new calls away while there is no room for what they say.

use std::{sync::Arc, time::Duration};

use database::spool::Fullness;
use tokio::time::sleep;

use agent::worker::Slots;
use record::{RecordHealth, RecordMetrics};

/// Looks this often: the last 5 % of the smallest budget in use hold minutes of talk.
const LOOK: Duration = Duration::from_millis(500);

/// Runs for ever.
pub(super) async fn watch(health: RecordHealth, slots: Slots, metrics: Arc<RecordMetrics>) {
    let mut before = Fullness::Normal;
    loop {
        let status = health.status();
        let fullness = status.spool;
        metrics.set_status(&status);
        slots.pause(fullness >= Fullness::NoNewCalls);
        if fullness != before {
            let (used_bytes, waiting) = (status.spool_used_bytes, status.waiting);
            match fullness {
                Fullness::Normal => tracing::info!(used_bytes, waiting, "the spool has room again"),
                Fullness::Alarm => {
                    tracing::error!(used_bytes, waiting, "the spool is 80 % full")
                }
                Fullness::NoNewCalls => tracing::error!(
                    used_bytes,
                    waiting,
                    "the spool is 95 % full: no new calls are taken"
                ),
                Fullness::Full => tracing::error!(
                    used_bytes,
                    waiting,
                    "the spool is full: each turn waits for the database"
                ),
            }
            before = fullness;
        }
        sleep(LOOK).await;
    }
}
