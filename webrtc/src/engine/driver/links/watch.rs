//! Follows the machine's addresses: a cable pulled, a network joined, a lease renewed.

use std::{net::IpAddr, sync::Weak, time::Duration};

use super::{Connection, addresses};
use crate::engine::{
    driver::{Shard, shards},
    lock::LeafMutex,
};

/// Between two looks. One for the whole process costs a tenth of a millisecond.
const LOOK_EVERY: Duration = Duration::from_secs(3);

static WATCHED: LeafMutex<Watched> = LeafMutex::new(Watched {
    connections: Vec::new(),
    running: false,
});

/// As many as there are connections that gathered; the gone ones are forgotten at each look.
struct Watched {
    connections: Vec<Weak<Connection>>,
    running: bool,
}

/// Tells a connection of each change from now on, until it is gone.
pub(crate) fn watch(connection: Weak<Connection>) {
    let mut watched = WATCHED.lock();
    watched.connections.push(connection);
    if std::mem::replace(&mut watched.running, true) {
        return;
    }
    drop(watched);
    Shard::choose(shards()).handle().spawn(run());
}

/// Ends when there is no connection left.
async fn run() {
    let mut known: Option<Vec<IpAddr>> = None;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(connections) = alive() else { return };
        let Ok(found) = tokio::task::spawn_blocking(addresses).await else {
            continue;
        };
        // The first look may already be a change for those who gathered before it.
        if known.as_ref() == Some(&found) {
            continue;
        }
        for connection in connections.iter().filter_map(Weak::upgrade) {
            connection.follow_addresses(&found);
        }
        known = Some(found);
    }
}

fn alive() -> Option<Vec<Weak<Connection>>> {
    let mut watched = WATCHED.lock();
    watched
        .connections
        .retain(|connection| connection.strong_count() > 0);
    watched.running = !watched.connections.is_empty();
    watched.running.then(|| watched.connections.clone())
}
