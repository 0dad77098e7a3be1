//! What a worker does beside its calls: leases and sweeping, guarding the record, draining
//! merges, scoring leads, the watcher, following the knowledge pack.

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{mcp, meaning::Meaning};

use super::{Metrics, backpressure, knowledge_base, locks::DatabaseLocks};
use crate::config::Config;
use agent::worker::{Shutdown, Slots, Watcher, WatcherConfig};
use dialogue::Replier;
use jobs::{Maintenance, Sweeper, file_merges, score_leads};
use record::RecordHealth;
use tools::Mcp;

/// Rooms of our token endpoint, and of the dispatch rule that the README names.
const ROOM_PREFIX: &str = "call-";

/// What the background work needs of the worker.
pub(super) struct Background<'a> {
    pub(super) config: &'a Config,
    pub(super) database: &'a database::Database,
    pub(super) metrics: &'a Metrics,
    /// How the record stands, and the places that are closed while it has no room.
    pub(super) record: RecordHealth,
    pub(super) slots: Slots,
    pub(super) shutdown: Shutdown,
    /// Servers that may be away.
    pub(super) mcp: Option<Mcp>,
}

impl Background<'_> {
    /// Starts all of it; cancelled, all of it stops.
    pub(super) fn start(
        self,
        tasks: &TaskTracker,
        sweeper: Sweeper,
        replier: Replier,
        pack: knowledge::Pack,
        meaning: Option<Meaning>,
    ) -> CancellationToken {
        let stop = CancellationToken::new();
        spawn(tasks, &stop, sweeper.run());
        let maintenance = Maintenance::new(
            self.database,
            self.config.maintenance.clone(),
            self.metrics.jobs.clone(),
        );
        spawn(tasks, &stop, maintenance.run());
        spawn(tasks, &stop, file_merges(self.database.clone()));
        spawn(tasks, &stop, score_leads(self.database.clone()));
        spawn(tasks, &stop, warm(self.database.clone()));
        let watch = backpressure::watch(self.record, self.slots, self.metrics.record.clone());
        spawn(tasks, &stop, watch);
        spawn(
            tasks,
            &stop,
            knowledge_base::follow(self.database.clone(), replier, pack, meaning),
        );
        if let Some(mcp) = self.mcp {
            spawn(tasks, &stop, mcp::keep(mcp));
        }
        if self.config.watcher {
            let agent_name = self.config.worker.agent_name.clone();
            let watched = WatcherConfig {
                url: self.config.livekit.url.clone(),
                keys: self.config.livekit.keys.clone(),
                // With a name of our own, other rooms of the server are other applications'.
                room_prefix: if agent_name.is_empty() {
                    String::new()
                } else {
                    ROOM_PREFIX.into()
                },
                agent_name,
            };
            let locks = DatabaseLocks::new(self.database);
            let (metrics, shutdown) = (self.metrics.agent.clone(), self.shutdown);
            // Made in its task: its clients read the system's certificates, and nobody waits for it.
            spawn(tasks, &stop, async move {
                Watcher::new(watched, locks, metrics).run(shutdown).await;
            });
        }
        stop
    }
}

/// The first caller who proves who they are should not wait for plans.
async fn warm(database: database::Database) {
    if let Err(error) = database.warm().await {
        tracing::debug!(%error, "connections become warm as they are used");
    }
}

fn spawn(
    tasks: &TaskTracker,
    stop: &CancellationToken,
    work: impl Future<Output = ()> + Send + 'static,
) {
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    });
}
