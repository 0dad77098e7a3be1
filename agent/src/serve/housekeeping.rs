//! What a worker does beside its calls: leases and sweeping, guarding the record, draining
//! merges, the watcher, following the knowledge pack.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{drain, knowledge_base};
use crate::{
    config::Config,
    metrics::Metrics,
    record::{self, Keeper, RecordHealth, Sweeper},
    reply::Replier,
    worker::{ApiKeys, Shutdown, Slots, Watcher, WatcherConfig},
};

/// Rooms of our token endpoint, and of the dispatch rule that the README names.
const ROOM_PREFIX: &str = "call-";

/// What housekeeping needs of the worker.
pub(super) struct Household<'a> {
    pub(super) config: &'a Config,
    pub(super) database: &'a database::Database,
    pub(super) metrics: &'a Arc<Metrics>,
    /// How the record stands, and the places that are closed while it has no room.
    pub(super) record: RecordHealth,
    pub(super) slots: Slots,
    pub(super) shutdown: Shutdown,
}

impl Household<'_> {
    /// Starts all of it; cancelled, all of it stops.
    pub(super) fn start(
        self,
        tasks: &TaskTracker,
        sweeper: Sweeper,
        replier: Replier,
        pack: knowledge::Pack,
    ) -> CancellationToken {
        let stop = CancellationToken::new();
        spawn(tasks, &stop, sweeper.run());
        let keeper = Keeper::new(
            self.database,
            self.config.keeper.clone(),
            self.metrics.clone(),
        );
        spawn(tasks, &stop, keeper.run());
        spawn(tasks, &stop, drain::drain_merges(self.database.clone()));
        spawn(tasks, &stop, warm(self.database.clone()));
        let guard = record::watch(self.record, self.slots, self.metrics.clone());
        spawn(tasks, &stop, guard);
        spawn(
            tasks,
            &stop,
            knowledge_base::follow(self.database.clone(), replier, pack),
        );
        if self.config.worker.watcher {
            let agent_name = self.config.worker.agent_name.clone();
            let watched = WatcherConfig {
                url: self.config.livekit.url.clone(),
                keys: keys(self.config),
                // With a name of our own, other rooms of the server are other applications'.
                room_prefix: if agent_name.is_empty() {
                    String::new()
                } else {
                    ROOM_PREFIX.into()
                },
                agent_name,
            };
            let locks = super::parts::locks(self.database);
            let (metrics, shutdown) = (self.metrics.clone(), self.shutdown);
            // Made in its task: its clients read the system's certificates, and nobody waits for it.
            spawn(tasks, &stop, async move {
                Watcher::new(watched, locks, metrics).run(shutdown).await;
            });
        }
        stop
    }
}

fn keys(config: &Config) -> ApiKeys {
    ApiKeys {
        key: config.livekit.api_key.clone(),
        secret: config.livekit.api_secret.clone(),
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
