//! What a worker does beside its calls: leases and sweeping, the watcher,
//! following the knowledge pack.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::knowledge_base;
use crate::{
    config::Config,
    metrics::Metrics,
    record::Sweeper,
    reply::Replier,
    worker::{ApiKeys, Shutdown, Watcher, WatcherConfig},
};

/// Rooms of our token endpoint, and of the dispatch rule that the README names.
const ROOM_PREFIX: &str = "call-";

/// Starts all of it; cancelled, all of it stops.
pub(super) fn start(
    tasks: &TaskTracker,
    config: &Config,
    database: &database::Database,
    sweeper: Sweeper,
    replier: Replier,
    pack: knowledge::Pack,
    metrics: &Arc<Metrics>,
    shutdown: Shutdown,
) -> CancellationToken {
    let stop = CancellationToken::new();
    spawn(tasks, &stop, sweeper.run());
    spawn(tasks, &stop, knowledge_base::follow(database.clone(), replier, pack));
    if config.worker.watcher {
        let watcher = Watcher::new(
            WatcherConfig {
                url: config.livekit.url.clone(),
                keys: keys(config),
                agent_name: config.worker.agent_name.clone(),
                // With a name of our own, other rooms of the server are other applications'.
                room_prefix: if config.worker.agent_name.is_empty() { String::new() } else { ROOM_PREFIX.into() },
            },
            super::parts::locks(database),
            metrics.clone(),
        );
        spawn(tasks, &stop, watcher.run(shutdown));
    }
    stop
}

fn keys(config: &Config) -> ApiKeys {
    ApiKeys { key: config.livekit.api_key.clone(), secret: config.livekit.api_secret.clone() }
}

fn spawn(tasks: &TaskTracker, stop: &CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
    let stop = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    });
}
